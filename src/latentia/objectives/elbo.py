"""The negative ELBO, with a weight on the KL, free bits and the estimator of its gradient as options."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.distributions import kl_divergence

from latentia import bounds
from latentia.conditionals import Need
from latentia.errors import CompatibilityError
from latentia.latents import Trace
from latentia.model import VAE
from latentia.names import EstimatorName
from latentia.objectives.estimators import NEEDS, SCORE, Walk, check, surrogate, walk, with_gradient
from latentia.objectives.penalty import Penalty, critic_of, critic_turn, penalised, required
from latentia.objectives.protocol import Loss, Step
from latentia.objectives.schedules import Schedule, weight_at
from latentia.objectives.score import Baseline
from latentia.objectives.weighting import Weighting

_MEAN = Weighting(alpha=1.0)


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
        estimator: Of the gradient with respect to the posterior. `stl` and `dreg` (here the same) take the KL from the
            samples; the score function keeps a closed form where the one group of the model has it.
        baseline: The learned baseline of `score_learned`.

    Raises:
        CompatibilityError: Options that do not go with the estimator.

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
    estimator: EstimatorName = "pathwise"
    baseline: Baseline | None = None

    def __post_init__(self) -> None:
        check(self.estimator, _MEAN, self.num_samples, self.baseline, biased=False)
        if self.estimator in ("stl", "dreg") and self._holds_the_kl:
            raise CompatibilityError(
                f"{self.estimator} takes the KL from single samples, and free bits and capacity need its mean: choose "
                "the estimator pathwise"
            )
        if self.estimator in SCORE and self.penalties:
            raise CompatibilityError(
                f"penalties are differentiated through z, and {self.estimator} holds z fixed: choose the estimator "
                "pathwise"
            )

    @property
    def _holds_the_kl(self) -> bool:
        return self.free_bits != 0 or self.capacity is not None

    @property
    def requires(self) -> frozenset[Need]:
        """What the estimator and the penalties need."""
        held = {Need.FACTORISED, Need.ONE_GROUP} if self.estimator in SCORE and self._holds_the_kl else set()
        return NEEDS[self.estimator] | held | required(self.penalties)

    @property
    def critic(self) -> nn.Module | None:
        """The learned baseline, or the penalties' critic."""
        return self.baseline if self.baseline is not None else critic_of(self.penalties)

    def __call__(self, model: VAE, x: Tensor, step: Step, player: int = 0) -> Loss:
        """The loss of one batch."""
        if player == 1:
            return self._critic_turn(model, x, step)
        walked = None
        if self.estimator == "pathwise":
            trace = model.trace(x, num_samples=self.num_samples)
        else:
            walked = walk(model, x, self.num_samples, self.estimator)
            trace = walked.trace
        reconstruction, divergence = bounds.reconstruction(trace), bounds.divergence(trace)
        penalty = divergence.mean() if self.free_bits == 0 else self._above_free_bits(trace)
        if self.capacity is not None:
            penalty = (penalty - weight_at(self.capacity, step)).abs()
        weight = weight_at(self.beta, step) * step.kl_weight
        loss = -reconstruction.mean() + weight * penalty
        if walked is not None:
            loss = with_gradient(loss, self._source(x, walked, weight, penalty))
        terms = {"elbo": reconstruction - divergence, "reconstruction": reconstruction, "kl": divergence}
        return penalised(Loss(loss, terms), self.penalties, model, trace, step)

    def _source(self, x: Tensor, walked: Walk, weight: float | Tensor, penalty: Tensor) -> Tensor:
        """A scalar with the estimator's gradient."""
        log_w, closed = self._sampled_part(walked, weight)
        level = None
        if self.baseline is not None:
            level = self.baseline.level(x, _MEAN(log_w, walked.trace.draw.log_r))
        source = -surrogate(self.estimator, _MEAN, walked, log_w, level).mean()
        return source + weight * penalty if closed else source

    def _sampled_part(self, walked: Walk, weight: float | Tensor) -> tuple[Tensor, bool]:
        """What is averaged over samples `[K, B]`, and whether the KL stands beside it in closed form."""
        trace = walked.trace
        if self.estimator in SCORE and _kl_is_closed(trace):
            return trace.log_px, True
        if self._holds_the_kl:
            raise CompatibilityError(
                f"free bits and capacity with {self.estimator} need a KL in closed form, which this posterior and "
                "prior do not have: leave them out, or choose the estimator pathwise"
            )
        return trace.log_px + weight * (trace.log_pz.sum(0) - walked.log_q), False

    def _critic_turn(self, model: VAE, x: Tensor, step: Step) -> Loss:
        if self.baseline is None:
            return critic_turn(self.penalties, model, x, step)
        with torch.no_grad():
            walked = walk(model, x, self.num_samples, self.estimator)
            log_w, _ = self._sampled_part(walked, weight_at(self.beta, step) * step.kl_weight)
            signal = _MEAN(log_w, walked.trace.draw.log_r)
        error = self.baseline.loss(x, signal)
        return Loss(error.mean(), {"critic": error.detach()})

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


def _kl_is_closed(trace: Trace) -> bool:
    """Whether the KL is a function of x alone: one group, with a closed form.

    With several groups the KL of one depends on the draws of another, and so belongs to what is sampled.
    """
    if len(trace.draw.z) != 1:
        return False
    try:
        kl_divergence(trace.draw.q[0], trace.draw.p[0])
    except NotImplementedError:
        return False
    return True
