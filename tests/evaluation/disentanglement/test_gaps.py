"""MIG and SAP: values that are known by hand, and thresholds against all thresholds there are."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latentia.errors import ConfigurationError, DataError
from latentia.evaluation.disentanglement import FactorGaps, mig, sap
from latentia.evaluation.disentanglement.binning import binned
from latentia.evaluation.disentanglement.contingency import contingency, factor_entropy, mutual_information
from latentia.evaluation.disentanglement.gap import gaps
from latentia.evaluation.disentanglement.inputs import Numbers, Whole, numbered
from latentia.evaluation.disentanglement.thresholds import threshold_accuracy
from tests.evaluation.disentanglement.grids import BITS, grid, turned
from tests.exact.mutants import killed

Score = Callable[[Numbers | Whole, Whole], float]
# Factors of two bits and one bit. The second code tells all of the second factor and the first bit of the first.
UNEQUAL = grid(4, 2)
LEAKY = np.stack([UNEQUAL[:, 0], UNEQUAL[:, 1] + 2 * (UNEQUAL[:, 0] >= 2), np.zeros(8, dtype=np.int64)], axis=1)


def is_the_gap(score: Score) -> None:
    assert score(UNEQUAL, UNEQUAL) == pytest.approx(1, abs=1e-12)
    assert score(LEAKY, UNEQUAL) == pytest.approx((1 / 2 + 1) / 2, abs=1e-12)
    assert score(turned(45), BITS) == pytest.approx(0, abs=1e-12)
    assert score(np.stack([BITS[:, 0], BITS.sum(1)], 1), BITS) == pytest.approx(1 / 2, abs=1e-12)


def test_the_information_gap() -> None:
    is_the_gap(lambda z, v: mig(z, v).score)
    found = mig(LEAKY, UNEQUAL)
    np.testing.assert_allclose(found.table, np.array([[1, 0], [0.5, 1], [0, 0]]), atol=1e-12)
    assert found.best.tolist() == [0, 1]
    np.testing.assert_allclose(mig(turned(45), BITS).table, [[0.5, 0.5], [0.5, 0.5]], atol=1e-12)


def test_mutants_of_the_information_gap() -> None:
    def table(z: Numbers | Whole, v: Whole) -> tuple[Numbers, Numbers]:
        counts = contingency(binned(np.asarray(z, dtype=np.float64)), v)
        return mutual_information(counts), factor_entropy(counts)

    def unscaled(z: Numbers | Whole, v: Whole) -> float:
        return gaps(table(z, v)[0] / math.log(2)).score

    def scaled_by_the_largest(z: Numbers | Whole, v: Whole) -> float:
        information, h = table(z, v)
        return gaps(information / h.max()).score

    def ratio_of_means(z: Numbers | Whole, v: Whole) -> float:
        information, h = table(z, v)
        return float(gaps(information).per_factor.sum() / h.sum())

    def to_the_mean_of_the_others(z: Numbers | Whole, v: Whole) -> float:
        ratio = table(z, v)[0] / table(z, v)[1]
        rest = (ratio.sum(0) - ratio.max(0)) / (len(ratio) - 1)
        return float((ratio.max(0) - rest).mean())

    def over_codes(z: Numbers | Whole, v: Whole) -> float:
        return gaps((table(z, v)[0] / table(z, v)[1]).T).score

    for mutant in (unscaled, scaled_by_the_largest, ratio_of_means, to_the_mean_of_the_others, over_codes):
        with killed():
            is_the_gap(mutant)


def test_few_bins_cannot_tell_all_of_a_factor() -> None:
    factors = grid(40, 2)
    assert mig(factors, factors, bins=20).per_factor == pytest.approx([math.log(20) / math.log(40), 1])
    assert mig(factors, factors, bins=40).score == pytest.approx(1)


def test_noise_has_no_gap() -> None:
    factors = grid(3, 6, 8, times=50)
    noise = np.random.default_rng(0).normal(size=(len(factors), 6))
    assert mig(noise, factors).score < 0.01
    assert sap(noise, factors, categorical=[True, False, False]).score < 0.01


def is_the_squared_correlation(score: Score) -> None:
    for degrees in (0, 10, 30, 45):
        assert score(turned(degrees), BITS) == pytest.approx(math.cos(math.radians(2 * degrees)), abs=1e-12)
        assert score(turned(degrees, grid(5, 5)), grid(5, 5)) == pytest.approx(math.cos(math.radians(2 * degrees)))
    dead = np.concatenate([1e-9 * turned(0), turned(30)], 1)
    assert score(dead, BITS) == pytest.approx(math.cos(math.radians(60)), abs=1e-12)


def test_predictability_of_ordered_factors_turns_with_the_codes() -> None:
    is_the_squared_correlation(lambda z, v: sap(z, v).score)

    def correlation(z: Numbers | Whole, v: Whole) -> float:
        return gaps(np.sqrt(sap(z, v).table)).score

    def with_dead_codes(z: Numbers | Whole, v: Whole) -> float:
        return sap(z, v, inactive=0).score

    def covariance(z: Numbers | Whole, v: Whole) -> float:
        return gaps(np.cov(z.T, v.T)[: z.shape[1], z.shape[1] :] ** 2).score

    for mutant in (correlation, with_dead_codes, covariance):
        with killed():
            is_the_squared_correlation(mutant)


def all_thresholds(code: Numbers, factor: Whole) -> float:
    """Every way to put C - 1 thresholds, and every class for every interval."""
    classes, levels = np.unique(factor), np.unique(code)
    best = 0.0
    for cuts in itertools.combinations_with_replacement(range(len(levels) + 1), len(classes) - 1):
        interval = np.searchsorted(np.array(cuts), np.searchsorted(levels, code), side="right")
        for labels in itertools.product(classes, repeat=len(classes)):
            told = np.array(labels)[interval]
            best = max(best, float(np.mean([(told[factor == c] == c).mean() for c in classes])))
    return best


def is_the_best_of_all(accuracy: Callable[[Numbers, Whole, Whole], Numbers]) -> None:
    generator = np.random.default_rng(1)
    for trial in range(15):
        code = generator.integers(6, size=(9, 1)).astype(float)
        values, sizes = numbered(
            np.concatenate([np.arange(9) % 3, generator.integers(3, size=9)])[trial % 2 :: 2][:9, None]
        )
        found = accuracy(code, values, sizes)[0, 0]
        assert found == pytest.approx(all_thresholds(code[:, 0], values[:, 0]), abs=1e-12)


def test_thresholds_are_the_best_of_all() -> None:
    is_the_best_of_all(threshold_accuracy)

    def one_more(code: Numbers, values: Whole, sizes: Whole) -> Numbers:
        table = contingency(binned(code, 256, "quantiles"), values)
        return np.asarray((table / table.sum(2, keepdims=True)).max(3).sum(2) / sizes)

    def unbalanced(code: Numbers, values: Whole, sizes: Whole) -> Numbers:
        again = np.repeat(np.arange(len(code)), np.bincount(values[:, 0])[values[:, 0]])
        return threshold_accuracy(code[again], values[again], sizes) * 0.999 + 0.001 / len(code)

    for mutant in (one_more, unbalanced):
        with killed():
            is_the_best_of_all(mutant)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 2)), min_size=3, max_size=8))
@settings(max_examples=25, deadline=None)
def test_thresholds_are_the_best_of_all_for_any_data(rows: list[tuple[int, int]]) -> None:
    code, factor = np.array(rows).T
    if len(np.unique(factor)) < 2:
        return
    values, sizes = numbered(factor[:, None])
    found = threshold_accuracy(code[:, None].astype(float), values, sizes)[0, 0]
    assert found == pytest.approx(all_thresholds(code, factor), abs=1e-12)


def test_predictability_of_categories() -> None:
    # One threshold on the first code tells both of class 1 and one half of class 0, which lies on both sides.
    factors = np.array([[0], [1], [1], [0]])
    codes = np.array([[-1.0, 5.0], [0.0, 5.0], [0.0, 5.0], [1.0, 5.0]])
    found = sap(codes, factors, categorical=[True])
    assert found.table[:, 0].tolist() == [0.75, 0]
    # Three classes of unequal size in the order of the code.
    factors = np.array([[2], [2], [2], [0], [1], [1]])
    codes = np.stack([np.arange(6.0), np.array([0.0, 0, 0, 0, 1, 1])], axis=1)
    found = sap(codes, factors, categorical=[True])
    np.testing.assert_allclose(found.table[:, 0], [1, 2 / 3], atol=1e-12)
    assert found.score == pytest.approx(1 / 3)


def test_kinds_of_factors_are_told_apart() -> None:
    factors = grid(3, 4)
    mixed = sap(turned(20, factors), factors, categorical=[True, False])
    np.testing.assert_allclose(mixed.table[:, 1], sap(turned(20, factors), factors).table[:, 1])
    np.testing.assert_allclose(
        mixed.table[:, 0], sap(turned(20, factors), factors, categorical=[True, True]).table[:, 0]
    )
    with pytest.raises(ConfigurationError, match="1 entries for 2 factors"):
        sap(factors, factors, categorical=[True])


def test_too_many_categories() -> None:
    many = np.arange(600)[:, None] % 300
    with pytest.raises(DataError, match="300 categories; thresholds are found for 256"):
        sap(np.concatenate([many, many], 1), many, categorical=[True])


def test_a_gap_needs_two_codes() -> None:
    score: Callable[..., FactorGaps]
    for score in (mig, sap):
        with pytest.raises(DataError, match="between two codes"):
            score(BITS[:, :1], BITS)
