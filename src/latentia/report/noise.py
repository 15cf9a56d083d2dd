"""What a likelihood on the real line says of noise, against the errors that the model makes."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from latentia.conditionals import GaussianHead, Likelihood
from latentia.data_model import DataModel, evaluating
from latentia.distributions import additive_noise, factor_means, saturation

FAMILIES = {"gaussian": "Gaussian", "laplace": "Laplace", "student_t": "Student-t"}
"""Likelihoods on the real line, as an adjective of noise; they share the bounds of their scales."""


@dataclass(frozen=True, slots=True)
class Noise:
    """Scales of a likelihood on the real line, in the units that it scores.

    Attributes:
        residual: Root mean square difference of data and reconstruction: what sigma would be at its best.
        saturated: Share of the likelihood's scales at a bound, 0 to 1; columns that are constant left out.
    """

    residual: float
    saturated: float


def measure_noise(model: DataModel, x: Tensor) -> Noise | None:
    """Measure a likelihood's noise at the posterior means.

    Args:
        model: The model.
        x: `[N, *shape]` in the data's units; a few hundred rows are enough.

    Returns:
        The scales, or None for a likelihood that is not of noise around a mean.
    """
    with torch.no_grad(), evaluating(model):
        trace = model.vae.trace(model.preparation.expected(model.as_batch(x)), pick=factor_means)
        noise = additive_noise(trace.px)
        if noise is None:
            return None
        scale: Tensor = noise.scale[0]  # type: ignore[attr-defined] # additive noise has a scale
        varying = torch.tensor(model.spec.std, device=scale.device) > 0
        kept = scale.movedim(1, -1)[..., varying] if bool(varying.any()) else scale
        return Noise(
            residual=float((trace.x - noise.mean[0]).square().nanmean().sqrt()),
            saturated=float(saturation(kept.log(), GaussianHead.LOW, GaussianHead.HIGH)),
        )


def family_of(model: DataModel) -> str:
    """The likelihood's name in the table of recipes, or its class where it has none there."""
    likelihood = model.vae.likelihood
    head = likelihood.head if isinstance(likelihood, Likelihood) else likelihood
    return str(getattr(head, "family", type(head).__name__))
