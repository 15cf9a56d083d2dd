"""Two VAEs, the second over the codes of the first, trained as one model of two groups."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor
from torch.distributions import Distribution

from latentia import bounds
from latentia.conditionals import Need
from latentia.distributions import kl, normal
from latentia.errors import CompatibilityError
from latentia.latents import BottomUp
from latentia.model import VAE
from latentia.objectives.protocol import Loss, Step


@dataclass(frozen=True, slots=True)
class TwoStage:
    r"""The first stage minimises \(-E \log p(x|z) + KL(q(z|x) \| N(0, I))\), the second minus the ELBO of the codes z.

    The model is a bottom-up walk over u (top) and z: p(u) = N(0, I), p(z|u) is the second stage's decoder, q(z|x) the
    first stage's encoder, q(u|z) the second's. The codes are constants to the second stage, so the two trainings do not
    disturb each other; after `share` of the run the first stage stands still and the second goes on alone.

    The reported `elbo` is that of the whole model, \(\log p(x|z) + \log p(z|u) + \log p(u) - \log q(z|x) - \log
    q(u|z)\). Once the first stage stands still, the second raises it by all that it gains on the codes, so that minus
    this bound is then the value of the loss, and of validation.

    Args:
        share: The part of the run in which the first stage is trained, in (0, 1].

    References:
        Dai, Wipf, Diagnosing and enhancing VAE models, 2019, arXiv:1903.05789.
    """

    share: float = 0.5
    num_samples: ClassVar[int] = 1
    critic: ClassVar[None] = None
    requires: ClassVar[frozenset[Need]] = frozenset({Need.REPARAMETERISED, Need.DENSITY, Need.EVALUABLE})

    def __call__(self, model: VAE, x: Tensor, step: Step, player: int = 0) -> Loss:
        """The loss of one batch."""
        if not isinstance(model.walk, BottomUp) or len(model.latents.groups) != 2:
            raise CompatibilityError("two stages are two groups of latent variables inferred from the bottom up")
        trace = model.trace(x)
        (_, z), q_z = trace.draw.z, trace.draw.q[1]
        reconstruction = bounds.reconstruction(trace)
        # Against N(0, I), which depends on nothing, the divergence may be in closed form.
        first = -reconstruction + kl(q_z, _standard(q_z, z), z).expand(trace.lead)[0]
        second = -self._of_codes(model, z.detach())
        whole = bounds.elbo(trace)
        terms = {"elbo": whole, "reconstruction": reconstruction, "kl": bounds.divergence(trace)}
        if float(step.fraction) < self.share:
            return Loss(first.mean() + second.mean(), terms)
        # A weight of zero would leave zero gradients and Adam's momentum at work; without a gradient it stands still.
        return Loss(second.mean() - (whole + second).mean().detach(), terms)

    @staticmethod
    def _of_codes(model: VAE, z: Tensor) -> Tensor:
        """The ELBO of codes `[1, B, D]` under the second stage, `[B]`."""
        top, low = model.latents.groups
        q_u = top.posterior(z, z.flatten(2))
        u = q_u.rsample() if q_u.has_rsample else q_u.sample()
        p_u, state = top.prior(z.new_empty(z.shape[:2] + torch.Size([0])))
        p_z, _ = low.prior(top.merge(state, u))
        return (p_z.log_prob(z) - kl(q_u, p_u, u)).expand(z.shape[:2])[0]


def _standard(like: Distribution, z: Tensor) -> Distribution:
    """N(0, I) over the event of a distribution."""
    zero = torch.zeros(like.event_shape, dtype=z.dtype, device=z.device)
    return normal(zero, torch.ones_like(zero), len(like.event_shape))
