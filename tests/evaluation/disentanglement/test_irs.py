"""Interventional robustness: known values, and the authors' procedure written out in loops."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable

import numpy as np
import pytest

from latentia.errors import ConfigurationError, DataError
from latentia.evaluation.disentanglement import irs
from latentia.evaluation.disentanglement.inputs import Numbers, Whole
from tests.evaluation.disentanglement.grids import BITS, grid, turned
from tests.exact.mutants import killed

FACTORS = grid(3, 4, 5)
CODES = np.random.default_rng(0).normal(size=(60, 4)) * [1, 2, 3, 0] + FACTORS @ np.random.default_rng(1).normal(
    size=(3, 4)
)
CODES[:, 3] = 7


def in_loops(codes: Numbers, factors: Whole, quantile: float) -> float:
    """Over a full grid, each combination once."""
    farthest, scores = [], []
    for z in codes.T:
        if np.ptp(z) == 0:
            continue
        farthest.append(np.abs(z - z.mean()).max())
        robust = []
        for v in factors.T:
            groups = [z[v == value] for value in np.unique(v)]
            robust.append(1 - np.mean([np.quantile(np.abs(g - g.mean()), quantile) for g in groups]) / farthest[-1])
        scores.append(max(robust))
    return float(np.average(scores, weights=farthest))


def is_robustness(score: Callable[[Numbers, Whole, float], float]) -> None:
    for quantile in (0.5, 0.99, 1.0):
        assert score(CODES, FACTORS, quantile) == pytest.approx(in_loops(CODES, FACTORS, quantile), abs=1e-12)
    for degrees in (0, 10, 45):
        c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
        assert score(turned(degrees), BITS, 1) == pytest.approx(c / (c + s), abs=1e-12)
    # Noise that the factors do not explain is averaged: these rows have the means of the grid.
    noise = np.concatenate([turned(10) + 0.3, turned(10) - 0.3])
    assert score(noise, grid(2, 2, times=2), 1) == pytest.approx(score(turned(10), BITS, 1), abs=1e-12)


def test_robustness() -> None:
    is_robustness(lambda z, v, q: irs(z, v, quantile=q).score)

    def unweighted(z: Numbers, v: Whole, q: float) -> float:
        return float(irs(z, v, quantile=q).per_code.mean())

    def always_the_maximum(z: Numbers, v: Whole, q: float) -> float:
        return irs(z, v, quantile=1).score

    def without_means(z: Numbers, v: Whole, q: float) -> float:
        return irs(z, np.concatenate([v, np.arange(len(v))[:, None]], 1), quantile=q).score

    def mean_robustness(z: Numbers, v: Whole, q: float) -> float:
        found = irs(z, v, quantile=q)
        moves = np.abs(z - z.mean(0)).max(0)
        return float(np.average(found.table.mean(1), weights=moves))

    for mutant in (unweighted, always_the_maximum, without_means, mean_robustness):
        with killed():
            is_robustness(mutant)


def test_each_code_names_its_factor(monkeypatch: pytest.MonkeyPatch) -> None:
    found = irs(FACTORS[:, [2, 0, 1, 1]], FACTORS)
    assert found.parents.tolist() == [2, 0, 1, 1]
    assert found.score == pytest.approx(1)
    whole = irs(CODES, FACTORS).table
    monkeypatch.setattr(sys.modules["latentia.evaluation.disentanglement.irs"], "_PORTION", 1)
    np.testing.assert_array_equal(irs(CODES, FACTORS).table, whole)


def test_codes_that_never_move() -> None:
    assert irs(np.ones((4, 2)), BITS).score == 0
    with pytest.raises(DataError, match="only one"):
        irs(BITS, BITS[:, :1])
    with pytest.raises(ConfigurationError, match="quantile is 0"):
        irs(BITS, BITS, quantile=0)
