"""Bins, contingency tables and information, against loops, numpy and scikit-learn."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from sklearn.metrics import mutual_info_score

import latentia.evaluation.disentanglement.contingency as module
from latentia.errors import ConfigurationError, DataError
from latentia.evaluation.disentanglement.binning import binned
from latentia.evaluation.disentanglement.contingency import contingency, entropy, factor_entropy, mutual_information
from latentia.evaluation.disentanglement.inputs import as_codes, as_factors, numbered
from tests.evaluation.disentanglement.grids import Numbers, Whole
from tests.exact.mutants import killed

RNG = np.random.default_rng(0)
CODES = RNG.normal(size=(300, 4))
BINS = binned(CODES, 5)
VALUES = np.stack([RNG.integers(3, size=300), RNG.integers(7, size=300)], axis=1)


def test_the_table_counts_every_pair(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = np.zeros((4, 2, 5, 7), dtype=np.int64)
    for n in range(300):
        for i in range(4):
            for j in range(2):
                expected[i, j, BINS[n, i], VALUES[n, j]] += 1
    np.testing.assert_array_equal(contingency(BINS, VALUES), expected)
    monkeypatch.setattr(module, "_PORTION", 100)
    np.testing.assert_array_equal(contingency(BINS, VALUES), expected)


def is_the_information(information: Callable[[Whole], Numbers]) -> None:
    found = information(contingency(BINS, VALUES))
    expected = [[mutual_info_score(BINS[:, i], VALUES[:, j]) for j in range(2)] for i in range(4)]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)
    # By hand: p = (1/2, 1/4; 0, 1/4), so H = 3/2 ln 2 together, ln 2 for the rows less ...
    by_hand = information(np.array([[[[2, 1], [0, 1]]]]))[0, 0]
    h = -0.75 * math.log(0.75) - 0.25 * math.log(0.25)
    assert by_hand == pytest.approx(h + math.log(2) - 1.5 * math.log(2), abs=1e-15)


def test_information_is_that_of_the_frequencies() -> None:
    is_the_information(mutual_information)
    for mutant in (
        lambda table: mutual_information(table) / math.log(2),
        lambda table: entropy(table.sum(3)) - entropy(table, (2, 3)) + math.log(table.shape[3]),
        lambda table: mutual_information(table + 1),
    ):
        with killed():
            is_the_information(mutant)


def test_entropies_are_those_of_the_factors() -> None:
    table = contingency(np.zeros((4, 1), dtype=np.int64), np.array([[0, 0], [0, 1], [1, 2], [1, 3]]))
    np.testing.assert_allclose(factor_entropy(table), np.log([2, 4]), rtol=1e-15)
    assert mutual_information(table).tolist() == [[0, 0]]


def test_bins_of_equal_width_are_those_of_numpy() -> None:
    for i in range(4):
        edges = np.histogram(CODES[:, i], 20)[1][:-1]
        np.testing.assert_array_equal(binned(CODES, 20)[:, i], np.digitize(CODES[:, i], edges) - 1)
    assert binned(np.ones((3, 1)))[:, 0].tolist() == [0, 0, 0]


def test_quantiles_hold_equally_many_rows_and_keep_ties_together() -> None:
    assert np.bincount(binned(CODES, 10, "quantiles")[:, 2]).tolist() == [30] * 10
    tied = np.array([0.0, 0, 0, 0, 0, 0, 1, 2, 3, 4])[:, None]
    assert binned(tied, 2, "quantiles")[:, 0].tolist() == [0] * 6 + [1] * 4
    assert binned(tied, 5, "quantiles")[:, 0].tolist() == [0] * 6 + [1, 2, 3, 4]


def test_values_are_numbered_in_rising_order() -> None:
    values, sizes = numbered(np.array([[5, -1], [2, 7], [5, 7]]))
    assert values.tolist() == [[1, 0], [0, 1], [1, 1]]
    assert sizes.tolist() == [2, 2]


@pytest.mark.parametrize(
    ("codes", "fault"),
    [
        ([1.0, 2.0], r"shape \(2,\)"),
        ([[1.0, float("nan")]], "row 0, dimension 1 is nan"),
        (np.empty((0, 2)), r"shape \(0, 2\)"),
    ],
)
def test_bad_codes(codes: object, fault: str) -> None:
    with pytest.raises(DataError, match=fault):
        as_codes(codes)


@pytest.mark.parametrize(
    ("factors", "fault"),
    [
        ([[0], [1], [0]], "each of the 2 rows"),
        ([[0.5], [1.0]], "no whole numbers"),
        ([[0, 3], [1, 3]], r"factor 1 \(counted from 0\) has the same value"),
        ([["a"], ["b"]], "no whole numbers"),
    ],
)
def test_bad_factors(factors: object, fault: str) -> None:
    with pytest.raises(DataError, match=fault):
        as_factors(factors, 2)
    assert as_factors([[0.0], [2.0]], 2).tolist() == [[0], [2]]


def test_bins_that_tell_nothing() -> None:
    with pytest.raises(ConfigurationError, match="1 bins"):
        binned(CODES, 1)
    with pytest.raises(ConfigurationError, match="'equal' is unknown"):
        binned(CODES, 5, "equal")  # type: ignore[arg-type] # what a user may write
