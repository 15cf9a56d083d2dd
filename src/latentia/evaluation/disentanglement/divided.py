"""Rows divided for predictors: those they learn from and those they are judged by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from latentia.errors import ConfigurationError, DataError
from latentia.evaluation.disentanglement.inputs import Numbers, Whole

HELD_OUT = 1 / 3
"""Published tables learn from 10,000 rows and test on 5,000."""


@dataclass(frozen=True, slots=True, eq=False)
class Divided:
    """Codes in units of their standard deviation, and factors.

    Attributes:
        codes: `[N, d]` to learn from.
        factors: `[N, F]`.
        test_codes: `[M, d]` to judge by, on the same scale.
        test_factors: `[M, F]`.
    """

    codes: Numbers
    factors: Whole
    test_codes: Numbers
    test_factors: Whole


def divided(codes: Numbers, factors: Whole, held_out: float, seed: int) -> Divided:
    """Hold out random rows.

    Args:
        codes: `[N, d]`.
        factors: `[N, F]`.
        held_out: Share of the rows that predictors are judged by.
        seed: Of the choice.

    Returns:
        Both parts.

    Raises:
        ConfigurationError: A share outside (0, 1).
        DataError: Too few rows to divide, or rows to learn from in which a factor does not vary.
    """
    if not 0.0 < held_out < 1.0:
        raise ConfigurationError(f"held_out is {held_out:g}; give the share of rows to test on, between 0 and 1")
    size = round(len(codes) * held_out)
    if size < 1 or len(codes) - size < 2:
        raise DataError(f"{len(codes)} rows cannot be divided into rows to learn from and rows to test on; give more")
    order = np.random.default_rng(seed).permutation(len(codes))
    test, train = order[:size], order[size:]
    if constant := np.flatnonzero((factors[train] == factors[train[0]]).all(0)).tolist():
        raise DataError(
            f"factor {constant[0]} (counted from 0) has one value in the rows to learn from; give more rows"
        )
    spread = codes[train].std(0)
    z = (codes - codes[train].mean(0)) / np.where(spread > 0, spread, 1.0)
    return Divided(z[train], factors[train], z[test], factors[test])
