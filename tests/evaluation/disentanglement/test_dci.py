"""DCI: the scores of tables that are known by hand, and predictors whose importances are."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from latentia.errors import ConfigurationError, DataError
from latentia.evaluation.disentanglement import DCI, dci
from latentia.evaluation.disentanglement.dci import completeness_per_factor, dci_of, disentanglement_per_code
from latentia.evaluation.disentanglement.importance import PENALTY, Predictor, lasso
from latentia.evaluation.disentanglement.inputs import Numbers
from tests.evaluation.disentanglement.grids import BITS, binary_entropy, grid, turned
from tests.exact.mutants import killed

R = np.array([[3.0, 1.0], [0.0, 3.0], [0.0, 0.0]])
D = (4 / 7) * (1 - binary_entropy(3 / 4)) + (3 / 7) * 1
C = (1 + 1 - binary_entropy(1 / 4) / math.log2(3)) / 2


def has_the_scores_of_the_table(score: Callable[[Numbers], tuple[float, float]]) -> None:
    assert score(R) == pytest.approx((D, C), abs=1e-12)
    assert score(np.eye(3)) == pytest.approx((1, 1), abs=1e-12)
    assert score(np.ones((2, 2))) == pytest.approx((0, 0), abs=1e-12)


def test_the_scores_of_a_table() -> None:
    def ours(table: Numbers) -> tuple[float, float]:
        found = dci_of(table, np.zeros(table.shape[1]))
        return found.disentanglement, found.completeness

    has_the_scores_of_the_table(ours)

    def unweighted(table: Numbers) -> tuple[float, float]:
        return float(disentanglement_per_code(table).mean()), float(completeness_per_factor(table).mean())

    def weighted_completeness(table: Numbers) -> tuple[float, float]:
        weights = table.sum(0) / table.sum()
        return ours(table)[0], float((weights * completeness_per_factor(table)).sum())

    def other_base(table: Numbers) -> tuple[float, float]:
        bases = math.log(table.shape[1]) / math.log(table.shape[0])
        found = dci_of(table, np.zeros(table.shape[1]))
        per_code = 1 - (1 - found.per_code) * bases
        return float((table.sum(1) / table.sum() * per_code).sum()), found.completeness

    def exchanged(table: Numbers) -> tuple[float, float]:
        return ours(table)[::-1]

    for mutant in (unweighted, weighted_completeness, other_base, exchanged):
        with killed():
            has_the_scores_of_the_table(mutant)


def test_codes_that_matter_to_nothing() -> None:
    found = dci_of(np.zeros((3, 2)), np.zeros(2))
    assert (found.disentanglement, found.completeness) == (0, 0)


@pytest.mark.parametrize("predictor", ["forest", "boosted", "lasso"])
def test_codes_that_are_the_factors(predictor: Predictor) -> None:
    factors = grid(3, 4, times=30)
    found = dci(factors, factors, predictor=predictor, categorical=[predictor != "lasso", False])
    # The lasso shrinks the one coefficient that it keeps.
    tolerance = 0.05 if predictor == "lasso" else 1e-4
    assert found.disentanglement == pytest.approx(1, abs=tolerance)
    assert found.completeness == pytest.approx(1, abs=tolerance)
    assert found.informativeness == pytest.approx(1, abs=tolerance)
    assert found.importance.shape == (2, 2)


@pytest.mark.parametrize("predictor", ["forest", "boosted", "lasso"])
def test_noise_predicts_nothing(predictor: Predictor) -> None:
    factors = grid(2, 5, times=60)
    found = dci(np.random.default_rng(0).normal(size=(600, 4)), factors, predictor=predictor, categorical=[True, False])
    assert found.predicted[0] == pytest.approx(0.5, abs=5 * 0.5 / math.sqrt(200))
    assert found.predicted[1] < 0.05
    if predictor != "lasso":  # which finds no code worth a coefficient
        assert found.disentanglement < 0.2


def test_a_lasso_of_turned_factors_is_known() -> None:
    """Of orthogonal codes of unit variance each coefficient is that of least squares, nearer to 0 by the penalty."""
    z = turned(25)
    fits = [lasso(z, BITS[:, j], z, BITS[:, j], categorical=False, seed=0) for j in range(2)]
    c, s = (f(math.radians(25)) - PENALTY for f in (math.cos, math.sin))
    np.testing.assert_allclose([each.importance for each in fits], [[c, s], [s, c]], atol=1e-10)
    found = dci_of(np.stack([each.importance for each in fits], 1), np.array([each.score for each in fits]))
    assert found.disentanglement == pytest.approx(1 - binary_entropy(c / (c + s)), abs=1e-10)
    assert found.informativeness == pytest.approx(1 - PENALTY * math.sqrt(2), abs=1e-10)
    # Two categories are two indicators, each as far from the truth.
    both = lasso(z, BITS[:, 0], z, BITS[:, 0], categorical=True, seed=0)
    np.testing.assert_allclose(both.importance, [2 * c, 2 * s], atol=1e-10)
    assert both.score == 1


def test_the_scale_of_codes_does_not_matter_and_the_seed_decides() -> None:
    factors = grid(3, 4, times=20)
    z = turned(30, factors) + 0.3 * np.random.default_rng(0).normal(size=(240, 2))

    def scores(found: DCI) -> tuple[float, float, float]:
        return found.disentanglement, found.completeness, found.informativeness

    assert scores(dci(z, factors, seed=3)) == scores(dci(z, factors, seed=3))
    assert scores(dci(z, factors, seed=3)) == pytest.approx(scores(dci(z * [4, 0.5], factors, seed=3)), abs=1e-9)
    assert scores(dci(z, factors, seed=3)) != scores(dci(z, factors, seed=4))


def test_refusals() -> None:
    with pytest.raises(ConfigurationError, match="'trees' is unknown; one of forest, boosted, lasso"):
        dci(BITS, BITS, predictor="trees")  # type: ignore[arg-type] # what a user may write
    with pytest.raises(ConfigurationError, match="held_out is 1"):
        dci(BITS, BITS, held_out=1)
    with pytest.raises(DataError, match="only one factor"):
        dci_of(np.ones((2, 1)), np.zeros(1))
    with pytest.raises(DataError, match="only one code"):
        dci_of(np.ones((1, 2)), np.zeros(2))
    with pytest.raises(DataError, match="cannot be divided"):
        dci(BITS[[0, 3]], BITS[[0, 3]])
