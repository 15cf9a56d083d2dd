"""The negative ELBO, with a weight on the KL and free bits as options."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from latentia import bounds
from latentia.conditionals import Need
from latentia.latents import Trace
from latentia.model import VAE
from latentia.objectives.penalty import Penalty, critic_of, critic_turn, penalised, required
from latentia.objectives.protocol import Loss, Step
from latentia.objectives.schedules import Schedule, weight_at


@dataclass(frozen=True, slots=True)
class ELBO:
    r"""Minimise \(-E_q[\log p(x|z)] + \beta\, KL(q(z|x) \| p(z))\).

    The reported term `elbo` is the bound itself (beta = 1), whatever is minimised.

    Args:
        beta: Weight of the KL, a number or a schedule. Anything but 1 gives up the bound for a smoother or a more
            faithful code.
        free_bits: Nats of KL that each latent dimension has for free: \(\sum_j \max(\lambda, E_x KL_j)\), the mean over
            the batch; 0 switches it off. Where the KL does not split over dimensions the group as a whole gets
            \(\lambda\) times its size.
        num_samples: Posterior samples for each x.
        capacity: Nats C that the KL is held to: \(\beta |KL - C|\) takes the place of the weighted KL; a number or a
            schedule, None for no such target.
        penalties: Terms added to the loss.

    References:
        Kingma, Welling, 2014, arXiv:1312.6114; Higgins and others, beta-VAE, 2017; Kingma and others, Improved
        variational inference with inverse autoregressive flow, 2016, arXiv:1606.04934, appendix C.8 (free bits);
        Burgess and others, Understanding disentangling in beta-VAE, 2018, arXiv:1804.03599 (capacity).
    """

    beta: float | Schedule = 1.0
    free_bits: float = 0.0
    num_samples: int = 1
    capacity: float | Schedule | None = None
    penalties: tuple[Penalty, ...] = ()

    @property
    def requires(self) -> frozenset[Need]:
        """Differentiable samples and densities, and what the penalties need."""
        return frozenset({Need.REPARAMETERISED, Need.DENSITY}) | required(self.penalties)

    @property
    def critic(self) -> nn.Module | None:
        """The penalties' critic."""
        return critic_of(self.penalties)

    def __call__(self, model: VAE, x: Tensor, step: Step, player: int = 0) -> Loss:
        """The loss of one batch."""
        if player == 1:
            return critic_turn(self.penalties, model, x, step)
        trace = model.trace(x, num_samples=self.num_samples)
        reconstruction, divergence = bounds.reconstruction(trace), bounds.divergence(trace)
        penalty = divergence.mean() if self.free_bits == 0 else self._above_free_bits(trace)
        if self.capacity is not None:
            penalty = (penalty - weight_at(self.capacity, step)).abs()
        loss = -reconstruction.mean() + weight_at(self.beta, step) * step.kl_weight * penalty
        terms = {"elbo": reconstruction - divergence, "reconstruction": reconstruction, "kl": divergence}
        return penalised(Loss(loss, terms), self.penalties, model, trace, step)

    def _above_free_bits(self, trace: Trace) -> Tensor:
        total = torch.zeros((), dtype=trace.log_px.dtype, device=trace.log_px.device)
        for group, p in enumerate(trace.draw.p):
            per_dim = trace.kl_per_dim(group)
            if per_dim is None:
                size = p.event_shape.numel()
                total = total + trace.kl[group].mean().clamp_min(self.free_bits * size)
            else:
                mean = per_dim.reshape(-1, p.event_shape.numel()).mean(0)
                total = total + mean.clamp_min(self.free_bits).sum()
        return total
