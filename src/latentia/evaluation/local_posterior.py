"""The best q(z|x) of its family for each x, by ascent from what the encoder gives: no amortisation, nothing shared."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.distributions import Distribution, Independent, Normal

from latentia import bounds
from latentia.distributions import draw, normal
from latentia.latents import Draw, Trace
from latentia.model import VAE

Traced = Callable[[int], Trace]
"""K samples from a posterior, scored: a trace with lead (K, B)."""


@dataclass(frozen=True, slots=True)
class LocalPosterior:
    """q* for each of B rows.

    Attributes:
        family: What was free: `diagonal normal`, or `features` where the posterior's family is another.
        trace: Draws from q*.
    """

    family: str
    trace: Traced


def amortised(vae: VAE, x: Tensor) -> Traced:
    """The posterior that the encoder gives.

    Args:
        vae: The model.
        x: `[B, *shape]`, in the units of the likelihood.

    Returns:
        Draws from q(z|x).
    """
    evidence = vae.encoder(x).detach()
    return lambda num_samples: vae.trace(x, num_samples=num_samples, evidence=evidence)


def optimised(
    vae: VAE, x: Tensor, *, steps: int = 500, num_samples: int = 8, rate: float = 0.15
) -> LocalPosterior:  # fmt: skip
    r"""Maximise the ELBO of each row in its own variational parameters, from the encoder's.

    A diagonal Gaussian gives its means and log-scales. Of any other family the features that its head reads are free:
    the family is then what the head can make of them. Adam, at a rate that falls to zero along a cosine
    over the second half of the steps.

    Args:
        vae: The model, its parameters taking no gradients.
        x: `[B, *shape]`, in the units of the likelihood.
        steps: Of the ascent.
        num_samples: Samples in each step.
        rate: At the beginning; in units of the posterior's standard deviations for the means.

    Returns:
        q*.
    """
    with torch.no_grad():
        evidence = vae.encoder(x).clone()
        q = vae.latents.infer(evidence).q
    if len(q) == 1 and isinstance(q[0], Independent) and type(q[0].base_dist) is Normal:
        base = q[0].base_dist
        loc, scale = (each.expand(len(x), *q[0].event_shape).clone() for each in (base.loc, base.scale))
        shift, widen = torch.zeros_like(loc), torch.zeros_like(scale)

        def here(samples: int) -> Trace:
            # Shifts are measured in standard deviations, so that one rate fits sharp and blunt dimensions.
            return _traced(vae, x, normal(loc + scale * shift, scale * widen.exp(), len(q[0].event_shape)), samples)

        _ascend(here, [shift, widen], steps, num_samples, rate)
        return LocalPosterior("diagonal normal", here)
    shift = torch.zeros_like(evidence)
    unit = evidence.std().clamp_min(1e-6) if evidence.numel() > 1 else evidence.new_ones(())

    def moved(samples: int) -> Trace:
        return vae.trace(x, num_samples=samples, evidence=evidence + unit * shift)

    _ascend(moved, [shift], steps, num_samples, rate)
    return LocalPosterior("features", moved)


def _traced(vae: VAE, x: Tensor, q: Distribution, num_samples: int) -> Trace:
    lead = torch.Size([num_samples, len(x)])
    z = draw(q, lead)
    drawn: Draw = vae.latents.generate(lead, given={vae.latents.groups[0].name: z})
    drawn = replace(drawn, q=(q,))
    return Trace(x, drawn, vae.px(drawn.state))


def _ascend(trace: Traced, free: list[Tensor], steps: int, num_samples: int, rate: float) -> None:
    for each in free:
        each.requires_grad_(True)
    optimiser = torch.optim.Adam(free, lr=rate)
    for step in range(steps):
        late = max(0.0, 2 * step / steps - 1)
        optimiser.param_groups[0]["lr"] = rate * 0.5 * (1 + math.cos(math.pi * late))
        # Rows share nothing, so the sum's gradient is each row's own.
        loss = -bounds.elbo(trace(num_samples)).sum()
        for each, gradient in zip(free, torch.autograd.grad(loss, free), strict=True):
            each.grad = gradient.nan_to_num(0.0, 0.0, 0.0)
        optimiser.step()
    for each in free:
        each.requires_grad_(False)
