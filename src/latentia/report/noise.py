"""What a Gaussian likelihood says of noise, against the errors that the model makes."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.distributions import Independent, Normal

from latentia.conditionals import GaussianHead
from latentia.data_model import DataModel, evaluating
from latentia.distributions import factor_means, saturation


@dataclass(frozen=True, slots=True)
class Noise:
    """Scales of a Gaussian likelihood, in the units that it scores.

    Attributes:
        residual: Root mean square difference of data and reconstruction: what sigma would be at its best.
        saturated: Share of the likelihood's scales at a bound, 0 to 1; columns that are constant left out.
    """

    residual: float
    saturated: float


def measure_noise(model: DataModel, x: Tensor) -> Noise | None:
    """Measure a Gaussian likelihood at the posterior means.

    Args:
        model: The model.
        x: `[N, *shape]` in the data's units; a few hundred rows are enough.

    Returns:
        The scales, or None for other likelihoods.
    """
    with torch.no_grad(), evaluating(model):
        trace = model.vae.trace(model.preparation.expected(model.as_batch(x)), pick=factor_means)
        px = trace.px
        if not (isinstance(px, Independent) and isinstance(px.base_dist, Normal)):
            return None
        loc, scale = px.base_dist.loc[0], px.base_dist.scale[0]
        varying = torch.tensor(model.spec.std, device=scale.device) > 0
        kept = scale.movedim(1, -1)[..., varying] if bool(varying.any()) else scale
        return Noise(
            residual=float((trace.x - loc).square().mean().sqrt()),
            saturated=float(saturation(kept.log(), GaussianHead.LOW, GaussianHead.HIGH)),
        )
