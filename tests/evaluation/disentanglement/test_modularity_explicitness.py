"""Modularity of tables that are known by hand; explicitness against scikit-learn and by hand."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from latentia.errors import DataError
from latentia.evaluation.disentanglement import explicitness, modularity
from latentia.evaluation.disentanglement.explicitness import areas
from latentia.evaluation.disentanglement.inputs import Numbers
from latentia.evaluation.disentanglement.modularity import modularity_of
from tests.evaluation.disentanglement.grids import BITS, grid, turned
from tests.exact.mutants import killed


def is_modular(score: Callable[[Numbers], float]) -> None:
    assert score(np.array([[1.0, 0.5, 0.0]])) == pytest.approx(1 - 0.25 / 2, abs=1e-12)
    assert score(np.array([[4.0, 0.0, 0.0], [3.0, 3.0, 3.0], [0.0, 0.0, 0.0]])) == pytest.approx(1 / 3, abs=1e-12)


def test_the_modularity_of_a_table() -> None:
    is_modular(lambda table: modularity_of(table).score)

    def not_squared(table: Numbers) -> float:
        return float(np.mean(modularity_of(np.sqrt(table)).per_code))

    def over_all_factors(table: Numbers) -> float:
        rest = 1 - modularity_of(table).per_code
        return float(np.mean(1 - rest * (table.shape[1] - 1) / table.shape[1]))

    def per_factor(table: Numbers) -> float:
        return modularity_of(np.concatenate([table, table]).T).score

    for mutant in (not_squared, over_all_factors, per_factor):
        with killed():
            is_modular(mutant)


def test_the_modularity_of_codes() -> None:
    assert modularity(BITS, BITS).score == pytest.approx(1, abs=1e-12)
    assert modularity(turned(45), BITS).score == pytest.approx(0, abs=1e-12)
    # Two codes of one factor are modular: completeness is another question.
    assert modularity(BITS[:, [0, 0, 1]], BITS).score == pytest.approx(1, abs=1e-12)
    with pytest.raises(DataError, match="only one"):
        modularity(BITS, BITS[:, :1])


def is_the_area(area: Callable[[Numbers, np.ndarray[tuple[int, int], np.dtype[np.bool_]]], Numbers]) -> None:
    generator = np.random.default_rng(0)
    scores = generator.integers(5, size=(50, 3)).astype(float)
    positive = generator.random((50, 3)) < 0.3
    expected = [roc_auc_score(positive[:, c], scores[:, c]) for c in range(3)]
    np.testing.assert_allclose(area(scores, positive), expected, rtol=0, atol=1e-12)


def test_areas_are_those_of_scikit_learn() -> None:
    is_the_area(areas)
    with killed():
        is_the_area(lambda scores, positive: areas(scores + np.arange(50)[:, None] * 1e-9, positive))  # ties broken
    with killed():
        is_the_area(lambda scores, positive: areas(-scores, positive))
    assert np.isnan(areas(np.zeros((3, 2)), np.array([[True, False]] * 3))).all()


def test_explicitness_of_codes_that_are_the_factors() -> None:
    two = grid(2, 2, times=20)
    assert explicitness(two, two).score == 1
    one_hot = np.eye(5)[grid(5, times=40)[:, 0]]
    assert explicitness(one_hot, grid(5, times=40)).score == 1


def test_a_value_between_others_is_not_explicit() -> None:
    """No line tells the middle of three values on one axis, so its area is one half, those of the others are 1."""
    factors = grid(3, times=1000)
    found = explicitness(factors, factors)
    assert found.score == pytest.approx((1 + 0.5 + 1) / 3, abs=0.02)


def test_noise_is_not_explicit() -> None:
    factors = grid(2, times=1500)
    found = explicitness(np.random.default_rng(0).normal(size=(3000, 3)), factors)
    # The area of noise has the variance (m + n + 1) / 12mn, here with 500 of each: 0.09 away would be seen.
    assert abs(found.score - 0.5) < 5 * math.sqrt(1001 / (12 * 500 * 500))
