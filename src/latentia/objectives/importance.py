"""Minus an importance-weighted bound: IWAE, MIWAE, CIWAE and Rényi by three options, each with any estimator."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from latentia import bounds
from latentia.conditionals import Need
from latentia.model import VAE
from latentia.names import EstimatorName
from latentia.objectives.estimators import NEEDS, check, surrogate, walk, with_gradient
from latentia.objectives.protocol import Loss, Step
from latentia.objectives.score import Baseline
from latentia.objectives.weighting import Weighting


@dataclass(frozen=True, slots=True)
class Importance:
    r"""Minimise \(-\log \frac1K \sum_k p(x, z_k)/q(z_k|x)\), or a relative of it.

    The reported term `bound` is what is minimised with its sign turned (below alpha = 0 that is no bound, and the
    importance-weighted one is reported); `elbo`, `reconstruction` and `kl` come from the same samples, so that runs
    with different K compare.

    Args:
        num_samples: Posterior samples for each x, those of all groups together. The bound tightens with K while the
            encoder's pathwise gradient gets noisier (Rainforth and others, 2018, arXiv:1802.04537).
        groups: M; with more than one the mean of M bounds (MIWAE).
        alpha: Of the Rényi bound; 0 is IWAE, 1 the ELBO with a sampled KL, -inf VR-max.
        elbo_share: The ELBO's share in a convex combination (the beta of CIWAE).
        estimator: Of the gradient with respect to the posterior.
        baseline: The learned baseline of `score_learned`.
        allow_bias: Accept `stl` where it is biased.

    Raises:
        ConfigurationError: An option out of its range.
        CompatibilityError: An estimator that cannot serve the bound.

    References:
        Burda, Grosse, Salakhutdinov, Importance weighted autoencoders, 2016, arXiv:1509.00519; Rainforth and others,
        2018, arXiv:1802.04537; Li, Turner, Rényi divergence variational inference, 2016, arXiv:1602.02311.
    """

    num_samples: int = 10
    groups: int = 1
    alpha: float = 0.0
    elbo_share: float = 0.0
    estimator: EstimatorName = "pathwise"
    baseline: Baseline | None = None
    allow_bias: bool = False

    def __post_init__(self) -> None:
        check(self.estimator, self._weighting, self.num_samples, self.baseline, biased=self.allow_bias)

    @property
    def _weighting(self) -> Weighting:
        return Weighting(self.groups, self.alpha, self.elbo_share)

    @property
    def requires(self) -> frozenset[Need]:
        """What the estimator needs."""
        return NEEDS[self.estimator]

    @property
    def critic(self) -> nn.Module | None:
        """The learned baseline."""
        return self.baseline

    def __call__(self, model: VAE, x: Tensor, step: Step, player: int = 0) -> Loss:
        """The loss of one batch; KL annealing does not apply to it."""
        if player == 1:
            return self._baseline_turn(model, x)
        weighting = self._weighting
        if self.estimator == "pathwise":
            trace = model.trace(x, num_samples=self.num_samples)
            value = weighting.bound(trace)
            loss = -value.mean()
        else:
            walked = walk(model, x, self.num_samples, self.estimator)
            trace = walked.trace
            value = weighting.bound(trace).detach()
            log_w = trace.log_px + trace.log_pz.sum(0) - walked.log_q
            signal = weighting(log_w, trace.draw.log_r)
            level = self.baseline.level(x, signal) if self.baseline is not None else None
            source = surrogate(self.estimator, weighting, walked, log_w, level)
            loss = with_gradient(-value.mean(), -source.mean())
        reconstruction, divergence = bounds.reconstruction(trace), bounds.divergence(trace)
        terms = {
            "bound": value if self.alpha >= 0 else bounds.miwae(trace, self.groups),
            "elbo": reconstruction - divergence,
            "reconstruction": reconstruction,
            "kl": divergence,
        }
        return Loss(loss, terms)

    def _baseline_turn(self, model: VAE, x: Tensor) -> Loss:
        assert self.baseline is not None, "only a learned baseline takes turns"
        with torch.no_grad():
            trace = walk(model, x, self.num_samples, self.estimator).trace
            signal = self._weighting(trace.log_w, trace.draw.log_r)
        error = self.baseline.loss(x, signal)
        return Loss(error.mean(), {"critic": error.detach()})


IWAE = Importance
"""The plain case: `IWAE(num_samples)`."""
