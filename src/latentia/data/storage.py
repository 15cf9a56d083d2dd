"""The dtype in which data are kept: the smallest of uint8, float32 and float64 that loses nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import numpy as np

from latentia.data.holes import blocks, count_missing, observed_range, require_finite
from latentia.data.reading import Array
from latentia.errors import DataError

K = TypeVar("K", bound=str)

_EXACT32, _EXACT64 = 2**24, 2**53
"""Whole numbers up to these are exact in float32 and float64."""
MISSING = ", or read NaN as missing values (missing=True, --missing)"
"""What can be done about NaN in data for training."""


def unify(
    parts: Mapping[K, Array], kind: str, what: str, *, missing: bool = False, mixed: bool = False, advice: str = MISSING
) -> tuple[dict[K, Array], tuple[str, ...]]:
    """Bring all splits into one dtype that torch has, losing nothing: uint8, float32 or float64, C-contiguous.

    Pictures of whole numbers 0..255 become uint8 whatever they were stored in. Other whole numbers become the smallest
    float that holds each of them exactly.

    Args:
        parts: Arrays of one shape after the first axis.
        kind: `image` or `vector`.
        what: Their source, for messages.
        missing: NaN is a missing value, not an error; it stays NaN, so the dtype is a float one.
        mixed: The columns are of different kinds; they are kept as floats.
        advice: What can be done about NaN where it is an error.

    Returns:
        The arrays in the same order, and notes.

    Raises:
        DataError: Values that are not finite, or whole numbers that no float holds exactly.
    """
    arrays = list(parts.values())
    for name, x in parts.items():
        where = what if len(parts) == 1 else f"{what} ({name})"
        require_finite(x, where, missing=missing, advice=advice)
    low, high = _range(arrays)
    whole = all(x.dtype.kind in "biu" for x in arrays)
    if whole and (low < -_EXACT64 or high > _EXACT64):
        raise DataError(
            f"{what}: whole numbers from {low} to {high} lie beyond 2**53, where floats skip some (identifiers?); "
            "leave that column out"
        )
    floats = mixed or (missing and any(map(count_missing, arrays)))
    target = _float(arrays, low, high) if floats else _dtype(arrays, kind, low, high)
    notes = () if mixed else _notes(arrays, kind, target, low, high)
    return {name: np.ascontiguousarray(x, dtype=target) for name, x in parts.items()}, notes


def counted(arrays: list[Array], kind: str) -> bool:
    """Whether arrays hold counts: rows of columns of whole numbers from 0, not bytes, that float32 holds exactly.

    Args:
        arrays: As they were found.
        kind: `image` or `vector`.

    Returns:
        True for counts, and for binary data in whole numbers.
    """
    whole = all(x.dtype.kind in "biu" for x in arrays) and not all(x.dtype in (np.uint8, np.bool_) for x in arrays)
    return kind == "vector" and whole and min(x.min() for x in arrays) >= 0 and max(x.max() for x in arrays) <= _EXACT32


def _range(arrays: list[Array]) -> tuple[float, float]:
    if all(x.dtype.kind in "biu" for x in arrays):
        return min(x.min().item() for x in arrays), max(x.max().item() for x in arrays)
    found = [each for each in map(observed_range, arrays) if each is not None]
    return min((low for low, _ in found), default=0.0), max((high for _, high in found), default=0.0)


def _dtype(arrays: list[Array], kind: str, low: float, high: float) -> str:
    if all(x.dtype in (np.uint8, np.bool_) for x in arrays):
        return "uint8"
    whole = all(x.dtype.kind in "biu" for x in arrays)
    if low >= 0 and ((kind == "image" and high <= 255 and (whole or _are_whole(arrays))) or (whole and high <= 1)):
        return "uint8"
    return _float(arrays, low, high)


def _float(arrays: list[Array], low: float, high: float) -> str:
    too_large = any(x.dtype.kind in "iu" for x in arrays) and max(-low, high) > _EXACT32
    wide = any(x.dtype.kind == "f" and x.dtype.itemsize > 4 for x in arrays)
    return "float64" if wide or too_large else "float32"


def _are_whole(arrays: list[Array]) -> bool:
    return all(bool((block == np.floor(block)).all()) for x in arrays for block in blocks(x))


def _notes(arrays: list[Array], kind: str, target: str, low: float, high: float) -> tuple[str, ...]:
    found = f"whole numbers {low:g}..{high:g} ({arrays[0].dtype.name})"
    if target == "uint8" and any(x.dtype not in (np.uint8, np.bool_) for x in arrays):
        return (f"{found} are kept as uint8",)
    if target != "uint8" and counted(arrays, kind):
        return (f"{found} are taken as counts; give them as floats to have them taken as real numbers",)
    if target != "uint8" and all(x.dtype.kind in "biu" for x in arrays):
        return (f"{found} are taken as real numbers; give 8-bit values as uint8",)
    return ()
