"""Values that are not finite: found, counted, and refused by row and column."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from latentia.data.reading import Array
from latentia.errors import DataError

_BLOCK = 1 << 18


def blocks(x: Array) -> Iterator[Array]:
    """Consecutive rows, a quarter of a million numbers at a time, so that temporaries stay small."""
    step = max(1, _BLOCK // max(1, x[0].size))
    return (x[first : first + step] for first in range(0, len(x), step))


def count_holes(x: Array) -> int:
    """Number of values that are NaN or infinite."""
    return 0 if x.dtype.kind != "f" else sum(int(block.size - np.isfinite(block).sum()) for block in blocks(x))


def first_hole(x: Array) -> tuple[int, ...] | None:
    """Index of the first value that is NaN or infinite, if there is one."""
    done = 0
    for block in blocks(x) if x.dtype.kind == "f" else ():
        if not (finite := np.isfinite(block)).all():
            row, *rest = np.argwhere(~finite)[0].tolist()
            return (done + row, *rest)
        done += len(block)
    return None


def require_finite(x: Array, what: str) -> None:
    """Refuse an array with holes.

    Args:
        x: `[N, D]` or `[N, C, H, W]`.
        what: Its name, for messages.

    Raises:
        DataError: Names row and column, or row and pixel, of the first hole, and how many there are.
    """
    if (at := first_hole(x)) is None:
        return
    where = f"column {at[1]}" if len(at) == 2 else f"channel {at[1]}, pixel (y={at[2]}, x={at[3]})"
    total = count_holes(x)
    raise DataError(
        f"{what}: row {at[0]}, {where} (counted from 0) is {x[at]}; {total} value{'s' * (total != 1)} "
        f"{'are' if total != 1 else 'is'} not finite: remove or fill {'them' if total != 1 else 'it'}"
    )
