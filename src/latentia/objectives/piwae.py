"""Partial importance weighting: a tight bound for p(x, z), one with a clearer gradient for q(z|x)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from latentia import bounds
from latentia.conditionals import Need
from latentia.distributions import at_least_float32
from latentia.latents import Trace
from latentia.model import VAE
from latentia.objectives.estimators import NEEDS, check, with_gradient
from latentia.objectives.frozen import frozen
from latentia.objectives.protocol import Loss, Step
from latentia.objectives.weighting import Weighting


@dataclass(frozen=True, slots=True)
class PIWAE:
    """Train p(x, z) on the importance-weighted bound over all samples and q(z|x) on the mean of bounds over groups.

    The reported term `bound` is the former, which the loss has as its value.

    Args:
        groups: M, groups of samples for the posterior's bound.
        num_samples: Samples of all groups together, M times K.

    Raises:
        ConfigurationError: Samples that do not divide into the groups.

    References:
        Rainforth, Kosiorek, Le, Maddison, Igl, Wood, Teh, Tighter variational bounds are not necessarily better, 2018,
        arXiv:1802.04537.
    """

    groups: int = 5
    num_samples: int = 10
    requires: ClassVar[frozenset[Need]] = NEEDS["pathwise"]
    critic: ClassVar[None] = None

    def __post_init__(self) -> None:
        check("pathwise", Weighting(self.groups), self.num_samples, None, biased=False)

    def __call__(self, model: VAE, x: Tensor, step: Step, player: int = 0) -> Loss:
        """The loss of one batch; KL annealing does not apply to it."""
        trace = model.trace(x, num_samples=self.num_samples)
        value = bounds.iwae(trace).detach()
        of_p = _slopes(Weighting(), trace)
        of_q = _slopes(Weighting(self.groups), trace)
        # The chain rule through log p(x, z) gives both p's parameters and z the first slopes; the part with p held
        # fixed turns those of z into the second.
        log_p = trace.log_px + trace.log_pz.sum(0)
        source = of_p * log_p + (of_q - of_p) * _joint_with_p_fixed(model, trace) - of_q * trace.log_qz.sum(0)
        reconstruction, divergence = bounds.reconstruction(trace), bounds.divergence(trace)
        terms = {
            "bound": value,
            "elbo": reconstruction - divergence,
            "reconstruction": reconstruction,
            "kl": divergence,
        }
        return Loss(with_gradient(-value.mean(), -source.sum(0).mean()), terms)


def _slopes(weighting: Weighting, trace: Trace) -> Tensor:
    """The derivative of a bound with respect to each log-weight, `[K, B]`."""
    log_w, log_r, mass = bounds.in_groups(trace.log_w.detach(), trace.draw.log_r, weighting.groups)
    return (mass * torch.softmax(log_r + log_w, dim=0)).transpose(0, 1).flatten(0, 1)


def _joint_with_p_fixed(model: VAE, trace: Trace) -> Tensor:
    names = [group.name for group in model.latents.groups]

    def scored(*z: Tensor) -> Tensor:
        drawn = model.latents.generate(trace.lead, given=dict(zip(names, z, strict=True)))
        densities = [p.log_prob(value) for p, value in zip(drawn.p, drawn.z, strict=True)]
        return sum(map(at_least_float32, densities), at_least_float32(model.px(drawn.state).log_prob(trace.x)))

    return frozen(model, scored, *trace.draw.z)
