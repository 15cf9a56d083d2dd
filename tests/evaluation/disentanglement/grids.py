"""Small complete grids of factors, and codes of them whose scores are known."""

from __future__ import annotations

import itertools
import math

import numpy as np
import numpy.typing as npt

Whole = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.float64]


def grid(*sizes: int, times: int = 1) -> Whole:
    """Every combination of values 0 .. size - 1, `times` over."""
    return np.array(list(itertools.product(*map(range, sizes))) * times, dtype=np.int64)


BITS = grid(2, 2)


def turned(degrees: float, factors: Whole = BITS) -> Numbers:
    """Two centred factors turned in their plane."""
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    centred = 2.0 * factors - factors.max(0)
    return np.asarray(centred @ np.array([[c, -s], [s, c]]))


def binary_entropy(p: float) -> float:
    """In bits."""
    return -p * math.log2(p) - (1 - p) * math.log2(1 - p)
