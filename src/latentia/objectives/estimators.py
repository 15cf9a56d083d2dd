"""Gradient estimators: how the gradient of a bound with respect to the posterior is taken. One switch, any bound.

The value of a loss is the bound itself under every estimator; what differs is a surrogate behind it, which has the
estimator as its gradient.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, get_args

import torch
from torch import Tensor, nn
from torch.distributions import Distribution

from latentia.conditionals import Need
from latentia.distributions import at_least_float32, draw
from latentia.errors import CompatibilityError, ConfigurationError
from latentia.latents import Trace
from latentia.latents.group import initial_state
from latentia.model import VAE
from latentia.names import EstimatorName
from latentia.objectives.frozen import frozen
from latentia.objectives.score import learning_signals
from latentia.objectives.weighting import Weighting

SCORE: Final[frozenset[EstimatorName]] = frozenset({"score", "score_loo", "score_learned", "vimco"})
"""Estimators by the score function: z need not be differentiable."""
_PATH = frozenset({Need.REPARAMETERISED, Need.DENSITY})
_PATH_ALONE = _PATH | {Need.EVALUABLE, Need.ONE_GROUP}
_SCORE = frozenset({Need.DENSITY, Need.EVALUABLE})

NEEDS: Final[Mapping[EstimatorName, frozenset[Need]]] = MappingProxyType(
    {"pathwise": _PATH, "stl": _PATH_ALONE, "dreg": _PATH_ALONE, **dict.fromkeys(sorted(SCORE), _SCORE)}
)
"""What each estimator needs of a model."""


def check(
    estimator: EstimatorName, weighting: Weighting, num_samples: int, baseline: nn.Module | None, *, biased: bool
) -> None:
    """Refuse an estimator that cannot serve a bound.

    Args:
        estimator: The estimator.
        weighting: The bound.
        num_samples: Samples in all.
        baseline: Of `score_learned`.
        biased: Whether a biased pair is wanted all the same.

    Raises:
        ConfigurationError: An unknown name, or a learned baseline that is missing or has no use.
        CompatibilityError: Too few samples; or a gradient that would be biased.
    """
    if estimator not in NEEDS:
        raise ConfigurationError(f"there is no estimator {estimator!r}; there are {', '.join(get_args(EstimatorName))}")
    if num_samples < 1:
        raise ConfigurationError(f"num_samples is {num_samples}; a bound needs at least one sample")
    if num_samples % weighting.groups:
        raise ConfigurationError(
            f"num_samples is {num_samples}, which does not divide into {weighting.groups} groups; it counts the "
            "samples of all groups together"
        )
    each = num_samples // weighting.groups
    if (baseline is None) == (estimator == "score_learned"):
        raise ConfigurationError(
            "the estimator score_learned, and no other, takes a baseline: give one, such as "
            "latentia.objectives.Baseline, or choose score_loo"
        )
    if estimator in ("score_loo", "vimco") and each < 2:
        raise CompatibilityError(
            f"{estimator} compares each sample with the others and needs at least 2 ({each} given): raise "
            "num_samples, or choose score or score_learned"
        )
    if estimator == "stl" and not (weighting.linear or each == 1 or biased):
        raise CompatibilityError(
            f"stl is biased for a bound of {each} samples, because dropping the score term is right only where its "
            "mean is zero (Tucker and others, 2019): choose dreg, which corrects it, or stl with one sample or on the "
            "ELBO; allow_bias=True asks for it all the same"
        )
    if estimator == "dreg" and abs(weighting.alpha) == torch.inf and each > 1:
        raise CompatibilityError(
            "dreg differentiates the weights' shares, which jump where alpha is infinite: choose pathwise, or a finite "
            "alpha"
        )


@dataclass(frozen=True, slots=True)
class Walk:
    """A walk in which gradients go where an estimator wants them.

    Attributes:
        trace: What is known of x.
        log_q: log q(z|x), `[K, B]`: under `stl` and `dreg` with the posterior's parameters held fixed, so that only z
            carries a gradient; under the score-function estimators with z held fixed.
        gate: Of the gradient at z, under `dreg`.
    """

    trace: Trace
    log_q: Tensor
    gate: _Gate | None


def walk(model: VAE, x: Tensor, num_samples: int, estimator: EstimatorName) -> Walk:
    """Walk a model for any estimator but `pathwise`, which needs nothing beside the trace.

    Args:
        model: The model.
        x: `[B, *shape]`.
        num_samples: K.
        estimator: The estimator.

    Returns:
        The walk.
    """
    evidence = model.encoder(x)
    if estimator in SCORE:
        trace = model.trace(x, num_samples=num_samples, evidence=evidence, pick=_held)
        return Walk(trace, trace.log_qz.sum(0), None)
    gate = _Gate() if estimator == "dreg" else None
    trace = model.trace(x, num_samples=num_samples, evidence=evidence, pick=draw if gate is None else gate.draw)
    return Walk(trace, _density_along_the_path(model, evidence, trace), gate)


def _held(distribution: Distribution, lead: torch.Size) -> Tensor:
    return draw(distribution, lead).detach()


class _Gate:
    """What the gradient that arrives at z is multiplied by: known only after z has been used."""

    def __init__(self) -> None:
        self.scale: Tensor | None = None

    # Compiled code would let gradients bypass a hook on a tensor that it both makes and uses.
    @torch.compiler.disable  # type: ignore[untyped-decorator] # torch leaves it untyped
    def draw(self, distribution: Distribution, lead: torch.Size) -> Tensor:
        z = draw(distribution, lead)
        if z.requires_grad:
            z.register_hook(self._scaled)
        return z

    def _scaled(self, gradient: Tensor) -> Tensor:
        if self.scale is None:
            return gradient
        return gradient * self.scale.reshape(self.scale.shape + (1,) * (gradient.dim() - self.scale.dim()))


def _density_along_the_path(model: VAE, evidence: Tensor, trace: Trace) -> Tensor:
    (z,), (group,) = trace.draw.z, model.latents.groups

    def scored(evidence: Tensor, z: Tensor) -> Tensor:
        q = group.posterior(initial_state(trace.lead, None, evidence), evidence)
        return at_least_float32(q.log_prob(z)).expand(trace.lead)

    return frozen(model, scored, evidence.detach(), z)


def surrogate(
    estimator: EstimatorName,
    weighting: Weighting,
    walked: Walk,
    log_w: Tensor,
    level: Tensor | None = None,
) -> Tensor:
    """What has the estimator as its gradient.

    Args:
        estimator: The estimator.
        weighting: The bound.
        walked: From `walk`.
        log_w: What the bound is a function of, `[K, B]`: log-weights made with the walk's `log_q`.
        level: The learned baseline, `[B]`.

    Returns:
        `[B]`; its value has no meaning.

    References:
        Roeder, Wu, Duvenaud, Sticking the landing, 2017, arXiv:1703.09194; Tucker and others, 2019, arXiv:1810.04152;
        for the score function see `learning_signals`.
    """
    log_r = walked.trace.draw.log_r
    value = weighting(log_w, log_r)
    if estimator in SCORE:
        return value + (learning_signals(estimator, weighting, log_w, log_r, level) * walked.log_q).sum(0)
    if walked.gate is not None and not weighting.linear:
        walked.gate.scale = weighting.path_scale(log_w, log_r)
    return value


def with_gradient(value: Tensor, source: Tensor) -> Tensor:
    """A number with the gradient of another.

    Args:
        value: Scalar.
        source: Scalar.

    Returns:
        `value`, differentiating like `source`.
    """
    return value.detach() + (source - source.detach())
