"""One latent dimension moved while the others stay: what it stands for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from latentia.data_model import DataModel
from latentia.errors import CompatibilityError, ConfigurationError
from latentia.operate.decoding import as_codes, decode_upto, group_of, has_prior, prior_centre
from latentia.operate.domains import inside


def offsets(span: float, steps: int) -> Tensor:
    """Equally spaced offsets from -span to span; with an odd number of steps the middle one is exactly zero.

    Args:
        span: Largest offset.
        steps: S, at least 1; a single step is zero.

    Returns:
        `[S]`.

    Raises:
        ConfigurationError: Fewer than one step, or a span that is not positive.

    >>> offsets(3.0, 5).tolist()
    [-3.0, -1.5, 0.0, 1.5, 3.0]
    """
    if steps < 1 or not span > 0:
        raise ConfigurationError(f"steps is {steps} and span {span:g}; give at least one step and a span above 0")
    # From the middle outwards, so that the two halves mirror each other to the bit.
    half = torch.arange(steps) - (steps - 1) / 2
    return half * (2 * span / max(steps - 1, 1))


@dataclass(frozen=True, slots=True)
class Track:
    """Where traversals start and how far a step is; None means the centre and the width of the prior.

    Attributes:
        origin: `[L]` or None.
        scale: `[L]` or None.
    """

    origin: Tensor | None = None
    scale: Tensor | None = None


def track_of(model: DataModel, x: Tensor) -> Track:
    """The track that suits a model: its prior's, or without a prior the middle and the reach of the codes themselves.

    Args:
        model: The model.
        x: `[N, *shape]`, rows in the data's units, used only where there is no prior.

    Returns:
        The track.
    """
    if has_prior(model):
        return Track()
    codes = model.encode(x)
    return Track(codes.mean(0), codes.std(0, correction=0))


def traverse(
    model: DataModel,
    *,
    dims: Sequence[int] | None = None,
    origin: Any | None = None,
    span: float = 3.0,
    steps: int = 9,
    scale: Any | None = None,
) -> Tensor:
    """Decode codes in which one dimension at a time moves away from an origin, to both sides.

    Off the real line the codes are kept where the latent variables live: shares add up to one, say.
    Latent groups below the one that moves follow it: they take the mean of their prior given the groups above.

    Args:
        model: L latent dimensions in all.
        dims: Which dimensions, each a row of the result; all by default.
        origin: `[L]`, the code to start from; by default the centre of the prior (zero for a standard normal).
        span: How far to move, in units of `scale`.
        steps: S, points along the way; with an odd number the middle one is the origin itself.
        scale: `[L]`, one unit in each dimension; by default 1 on the real line, the standard deviation of a standard
            normal prior, and elsewhere that of the prior itself.

    Returns:
        `[len(dims), S, *shape]`, means of p(x|z) in the data's units.

    Raises:
        CompatibilityError: A dimension that the model does not have, or an origin or scale of another length.
        ConfigurationError: A number of steps or a span that gives no traversal.
    """
    size = model.latent_dim
    chosen = range(size) if dims is None else dims
    unit = model.prior_spread() if scale is None else torch.as_tensor(scale, dtype=torch.float32)
    base = prior_centre(model) if origin is None else torch.as_tensor(origin)
    for name, given in (("origin", base), ("scale", unit)):
        if given.shape != (size,):
            raise CompatibilityError(f"{name} has shape {tuple(given.shape)}; this model has codes of shape ({size},)")
    away = offsets(span, steps)
    start = as_codes(model, base[None]).cpu()
    rows = []
    for dim in chosen:
        group = group_of(model, dim)
        codes = start.repeat(steps, 1)
        codes[:, dim] += away * unit[dim]
        rows.append(decode_upto(model, inside(model, codes), group))
    if not rows:
        raise ConfigurationError(f"no dimension to traverse was given; this model has {size}, numbered from 0")
    return torch.stack(rows)
