"""Values that are not finite: found, counted, and refused by row and column, or taken for missing ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from latentia.data.reading import Array
from latentia.errors import DataError

_BLOCK = 1 << 18


def blocks(x: Array) -> Iterator[Array]:
    """Consecutive rows, a quarter of a million numbers at a time, so that temporaries stay small."""
    step = max(1, _BLOCK // max(1, x[0].size))
    return (x[first : first + step] for first in range(0, len(x), step))


def observed_range(x: Array) -> tuple[float, float] | None:
    """Smallest and largest value, missing ones (NaN) left out; None where all are missing."""
    if x.dtype.kind != "f":
        return float(x.min()), float(x.max())
    low, high = float(np.fmin.reduce(x, axis=None)), float(np.fmax.reduce(x, axis=None))
    return None if np.isnan(low) else (low, high)


def count_missing(x: Array) -> int:
    """Number of values that are NaN."""
    return 0 if x.dtype.kind != "f" else sum(int(np.isnan(block).sum()) for block in blocks(x))


def count_holes(x: Array) -> int:
    """Number of values that are NaN or infinite."""
    return 0 if x.dtype.kind != "f" else sum(int(block.size - np.isfinite(block).sum()) for block in blocks(x))


def first_hole(x: Array, *, missing: bool = False) -> tuple[int, ...] | None:
    """Index of the first value that is NaN (unless those count as missing) or infinite, if there is one."""
    done = 0
    for block in blocks(x) if x.dtype.kind == "f" else ():
        if (bad := np.isinf(block) if missing else ~np.isfinite(block)).any():
            row, *rest = np.argwhere(bad)[0].tolist()
            return (done + row, *rest)
        done += len(block)
    return None


def require_finite(x: Array, what: str, *, missing: bool = False, advice: str = "") -> None:
    """Refuse an array with holes.

    Args:
        x: `[N, D]` or `[N, C, H, W]`.
        what: Its name, for messages.
        missing: NaN is a missing value, and no hole.
        advice: What else could be done about NaN.

    Raises:
        DataError: Names row and column, or row and pixel, of the first hole, and how many there are.
    """
    if (at := first_hole(x, missing=missing)) is None:
        return
    where = f"column {at[1]}" if len(at) == 2 else f"channel {at[1]}, pixel (y={at[2]}, x={at[3]})"
    total = count_holes(x) - (count_missing(x) if missing else 0)
    raise DataError(
        f"{what}: row {at[0]}, {where} (counted from 0) is {x[at]}; {total} value{'s' * (total != 1)} "
        f"{'are' if total != 1 else 'is'} not finite: remove or fill {'them' if total != 1 else 'it'}"
        + advice
        * bool(np.isnan(x[at]))
    )


def require_observed(x: Array, what: str, names: Sequence[str] | None = None) -> None:
    """Refuse training rows of which a column or channel is missing altogether.

    Args:
        x: `[N, D]` or `[N, C, H, W]`.
        what: Their name, for messages.
        names: Names of the columns, if they have any.

    Raises:
        DataError: Names the column.
    """
    if x.dtype.kind != "f":
        return
    seen = np.zeros(x.shape[1], bool)
    for block in blocks(x):
        seen |= ~np.isnan(block.reshape(len(block), x.shape[1], -1)).all(axis=(0, 2))
    if not seen.all():
        at = int(np.argmin(seen))
        called = f" {names[at]!r}" if names else ""
        noun = "column" if x.ndim == 2 else "channel"
        raise DataError(
            f"{what}: {noun} {at}{called} (counted from 0) has no value in the training rows; leave that {noun} out"
        )
