"""The gap between the code that tells most of a factor and the next one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from latentia.errors import DataError
from latentia.evaluation.disentanglement.inputs import Numbers, Whole


@dataclass(frozen=True, slots=True, eq=False)
class FactorGaps:
    """A score that is a mean of gaps.

    Attributes:
        score: The mean over factors.
        per_factor: `[F]`, the gap of each.
        best: `[F]`, the code that tells most of it.
        table: `[d, F]`, what each code tells of each factor.
    """

    score: float
    per_factor: Numbers
    best: Whole
    table: Numbers


def gaps(table: Numbers) -> FactorGaps:
    """The largest entry of each column less the second largest.

    Args:
        table: `[d, F]`, what each code tells of each factor.

    Returns:
        The gaps.

    Raises:
        DataError: Fewer than two codes.

    >>> gaps(np.array([[0.75, 0.0], [0.25, 1.0]])).score
    0.75
    """
    if len(table) < 2:
        raise DataError("a gap is between two codes, but there is only one; give codes of two dimensions or more")
    top = np.partition(table, len(table) - 2, axis=0)[-2:]
    per_factor = top[1] - top[0]
    return FactorGaps(float(per_factor.mean()), per_factor, table.argmax(0), table)
