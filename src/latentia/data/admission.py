"""Data that come after training: are they of the kind that the model knows?"""

from __future__ import annotations

import torch
from torch import Tensor

from latentia.data.spec import DataSpec
from latentia.data.tables import check_columns
from latentia.errors import DataError

COMPLETE = " (the model was trained on complete rows, and cannot do without a value)"
"""Why NaN is refused in rows for a trained model."""


def admit(x: Tensor, spec: DataSpec, what: str) -> Tensor:
    """Pass on rows whose shape and values fit a description, in its dtype.

    Args:
        x: `[N, *shape]` of real numbers in data units.
        spec: The data that the model was trained on.
        what: The name of `x`, for messages.

    Returns:
        `[N, *shape]` in the dtype of the description, with the same values (float64 is rounded to float32 where the
        model knows float32).

    Raises:
        DataError: Another shape, values that are not finite, or values that the description excludes. Missing values
            (NaN) pass where the model was trained with such.
    """
    if tuple(x.shape[1:]) != spec.shape:
        raise DataError(
            f"{what} has rows of shape {tuple(x.shape[1:])}, but {spec.name!r} has rows of shape {spec.shape}"
        )
    if x.is_complex():
        raise DataError(f"{what} holds complex numbers ({x.dtype}); give whole or real numbers")
    if x.dtype in (torch.bool, torch.uint16, torch.uint32, torch.uint64):
        x = x.to(torch.int64)  # torch has few operations for these
    bad = torch.isinf(x) if spec.missing > 0 else ~torch.isfinite(x)
    if x.is_floating_point() and bad.any():
        at = bad.nonzero()[0].tolist()
        advice = COMPLETE if x[tuple(at)].isnan() else ""
        raise DataError(
            f"{what}: row {at[0]}, position {tuple(at[1:])} (counted from 0) is {x[tuple(at)]:g}; "
            f"remove or fill it{advice}"
        )
    if x.numel():
        _check_values(x, spec, what)
    return x.to(getattr(torch, spec.dtype))


def _check_values(x: Tensor, spec: DataSpec, what: str) -> None:
    if spec.columns is not None:
        return check_columns(x.cpu().numpy(), spec.columns, what)
    x = x[~x.isnan()] if x.is_floating_point() else x.flatten()
    if not x.numel():
        return None
    low, high = x.min().item(), x.max().item()
    unit = f"{spec.unit:g}"
    if spec.support == "binary" and not ((x == 0) | (x == spec.unit)).all():
        expected = f"0 and {unit} alone"
    elif spec.support == "levels" and not (low >= 0 and high <= spec.unit and _whole(x)):
        expected = f"whole numbers from 0 to {unit}"
    elif spec.support == "unit" and not (low >= 0 and high <= 1):
        expected = "numbers in [0, 1]"
    elif spec.support == "counts" and not (low >= 0 and _whole(x)):
        expected = "whole numbers from 0"
    else:
        return None
    raise DataError(
        f"{what} has values from {low:g} to {high:g}, but {spec.name!r} has {expected}; bring them to its scale"
    )


def _whole(x: Tensor) -> bool:
    return not x.is_floating_point() or bool((x == x.floor()).all())
