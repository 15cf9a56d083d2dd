"""Ways between two codes, decoded."""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor

from latentia.data_model import DataModel
from latentia.errors import CompatibilityError, ConfigurationError
from latentia.operate.decoding import as_codes
from latentia.operate.domains import inside
from latentia.operate.lines import linear, spherical

How = Literal["linear", "spherical"]
"""Straight lines, or arcs that keep the length of the code."""


def interpolate(
    model: DataModel, a: Any, b: Any, *, steps: int = 9, how: How = "linear", codes: bool = False
) -> Tensor:
    """Data on the way from one row to another through the latent space, ends included.

    The rows are replaced by their posterior means, so both ends of the result are reconstructions. With several latent
    groups each group goes its own way; off the real line it keeps to where the latent variables live.

    Args:
        model: The model.
        a: Starts: N rows `[N, *shape]` in the data's units, or codes `[N, L]`.
        b: Ends, as many.
        steps: S, points on the way, at least 2.
        how: `linear`, or `spherical`, which stays at the distance from the origin at which a Gaussian prior has its
            mass.
        codes: Whether `a` and `b` are codes.

    Returns:
        `[N, S, *shape]`, means of p(x|z) in the data's units.

    Raises:
        CompatibilityError: Shapes that do not fit the model or one another.
        ConfigurationError: Fewer than two steps, or an unknown way.

    References:
        White, Sampling generative networks, 2016, arXiv:1609.04468, on why arcs.
    """
    if steps < 2:
        raise ConfigurationError(f"steps is {steps}; the two ends alone are 2")
    if how not in ("linear", "spherical"):
        raise ConfigurationError(f"there is no way {how!r} between codes; there are linear and spherical")
    start, end = (as_codes(model, each if codes else model.encode(each)) for each in (a, b))
    if len(start) != len(end):
        raise CompatibilityError(
            f"{len(start)} starts and {len(end)} ends were given; give as many of one as of the other"
        )
    way = spherical if how == "spherical" else linear
    t = torch.linspace(0, 1, steps, dtype=start.dtype, device=start.device)
    sizes = list(model.latent_sizes.values())
    parts = zip(start.split(sizes, 1), end.split(sizes, 1), strict=True)
    path = torch.cat([way(one, other, t) for one, other in parts], dim=-1)
    x = model.decode(inside(model, path.flatten(0, 1)))
    return x.reshape(len(start), steps, *x.shape[1:])
