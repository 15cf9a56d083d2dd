"""Several models on one plane: how many nats a code takes, and how many the data still take given the code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from latentia.data.source import Source
from latentia.data_model import DataModel
from latentia.errors import CompatibilityError, ConfigurationError
from latentia.evaluation.evidence import evaluate, units_of


@dataclass(frozen=True, slots=True, kw_only=True)
class RatePoint:
    """One model.

    Attributes:
        beta: The weight of the KL that it was trained with.
        rate: Mean KL(q(z|x) || p(z)), in nats.
        rate_se: Its standard error over rows.
        distortion: Minus the mean of E_q[log p(x|z)], in nats of the data in their own units.
        distortion_se: Its standard error over rows.
        elbo: Minus the sum of the two, whatever beta was; a bound of log p(x).
        elbo_se: Its standard error over rows.
        efficient: Whether no other of the models has both a lower rate and a lower distortion.
        num_examples: Rows.
        seed: Of the noise.
    """

    beta: float
    rate: float
    rate_se: float | None
    distortion: float
    distortion_se: float | None
    elbo: float
    elbo_se: float | None
    efficient: bool
    num_examples: int
    seed: int

    def to_dict(self) -> dict[str, Any]:
        """A plain dictionary, ready for JSON."""
        return asdict(self)


def rate_distortion(
    models: Sequence[DataModel], source: Source, *, betas: Sequence[float], num_samples: int = 8, seed: int = 0
) -> tuple[RatePoint, ...]:
    r"""The points \((R, D)\) of models that were trained at several beta, on the same rows.

    \(R = E_x KL(q(z|x) \| p(z))\) and \(D = -E_x E_q[\log p(x|z)]\), so \(-ELBO = R + D\): models of equal ELBO lie on
    a line of slope -1, and beta is minus the slope of the curve of the best ones.

    Args:
        models: At least one, all of the same data and the same units.
        source: The rows.
        betas: The weight that each model was trained with.
        num_samples: Posterior samples for each row.
        seed: Of the noise.

    Returns:
        A point for each model, in order.

    Raises:
        CompatibilityError: A model without a KL, or models whose log-likelihoods are in different units.
        ConfigurationError: No models, or not as many beta as models.

    References:
        Alemi, Poole, Fischer, Dillon, Saurous, Murphy, Fixing a broken ELBO, 2018, arXiv:1711.00464.
    """
    if not models or len(models) != len(betas):
        raise ConfigurationError(f"{len(models)} models and {len(betas)} beta were given; give one beta for each model")
    units = {units_of(model) for model in models}
    if len(units) > 1:
        raise CompatibilityError(
            f"the models' log-likelihoods are in different units ({'; '.join(sorted(units))}), and so no points of one "
            "plane; take models of one likelihood family"
        )
    found = [evaluate(model, source, num_samples=num_samples, seed=seed) for model in models]
    plane = [(each.kl, -each.reconstruction) for each in found]
    points = []
    for beta, each in zip(betas, found, strict=True):
        if each.kl is None or each.elbo is None:
            raise CompatibilityError(
                "one of the models has no KL: its posterior or its prior has no density; take models with both"
            )
        rate, distortion = each.kl, -each.reconstruction
        beaten = any(r is not None and r < rate and d < distortion for r, d in plane)
        points.append(
            RatePoint(
                beta=beta,
                rate=rate,
                rate_se=each.kl_se,
                distortion=distortion,
                distortion_se=each.reconstruction_se,
                elbo=each.elbo,
                elbo_se=each.elbo_se,
                efficient=not beaten,
                num_examples=each.num_examples,
                seed=seed,
            )
        )
    return tuple(points)
