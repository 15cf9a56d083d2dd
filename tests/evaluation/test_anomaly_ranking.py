"""Areas under the curve, their covariance and average precision against definitions, scikit-learn and sampling."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from latentia.errors import DataError
from latentia.evaluation.anomaly.ranking import (
    Array,
    Flags,
    auroc,
    average_precision,
    precision_error,
)
from latentia.evaluation.ranks import midranks
from tests.exact.mutants import killed


def tied(seed: int) -> tuple[Array, Flags]:
    """Three scores of 60 rows with many ties, and labels."""
    rng = np.random.default_rng(seed)
    anomalous = rng.permutation(60) < 17
    return np.round(rng.normal(size=(3, 60)) + anomalous, 0), anomalous


def placements(scores: Array, anomalous: Flags) -> Array:
    """By definition: 1 where an anomaly is above a normal row, one half where they are equal; `[S, m, n]`."""
    up, down = scores[:, anomalous, None], scores[:, None, ~anomalous]
    return np.asarray((up > down) + 0.5 * (up == down))


def covariance(scores: Array, anomalous: Flags) -> Array:
    """DeLong's covariance by its definition."""
    psi = placements(scores, anomalous)
    m, n = psi.shape[1:]
    return np.asarray(np.cov(psi.mean(2)) / m + np.cov(psi.mean(1)) / n)


@pytest.mark.parametrize("seed", range(5))
def test_the_area_is_its_definition_ties_and_all(seed: int) -> None:
    scores, anomalous = tied(seed)
    areas, spread = auroc(scores, anomalous)
    np.testing.assert_allclose(areas, placements(scores, anomalous).mean((1, 2)), rtol=0, atol=1e-14)
    np.testing.assert_allclose(areas, [roc_auc_score(anomalous, each) for each in scores], rtol=0, atol=1e-14)
    np.testing.assert_allclose(spread, covariance(scores, anomalous), rtol=0, atol=1e-15)


def test_wrong_areas_are_told_apart() -> None:
    scores, anomalous = tied(0)
    areas, spread = auroc(scores, anomalous)
    up, down = scores[:, anomalous, None], scores[:, None, ~anomalous]
    psi = placements(scores, anomalous)
    wrong_areas: list[Callable[[], Array]] = [
        lambda: (up > down).mean((1, 2)),  # ties count nothing
        lambda: (up >= down).mean((1, 2)),  # or all
        lambda: 1 - psi.mean((1, 2)),
    ]
    for mutant in wrong_areas:
        with killed():
            np.testing.assert_allclose(areas, mutant(), atol=1e-9)
    for wrong in (np.cov(psi.mean(2)) / 17, np.cov(psi.mean(2)) / 43 + np.cov(psi.mean(1)) / 17):
        with killed():
            np.testing.assert_allclose(spread, wrong, atol=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_average_precision_is_that_of_scikit_learn(seed: int) -> None:
    scores, anomalous = tied(seed)
    for each in scores:
        assert average_precision(each, anomalous)[0] == pytest.approx(
            average_precision_score(anomalous, each), abs=1e-14
        )
    # the mutant: ties broken by the order of the rows
    broken = scores[0] - 1e-6 * np.arange(60)
    with killed():
        assert average_precision(broken, anomalous)[0] == pytest.approx(
            average_precision_score(anomalous, scores[0]), abs=1e-9
        )


def test_average_precision_by_hand() -> None:
    # Thresholds 3, 2, 1: one anomaly of one row, both of three, both of four.
    found = average_precision(np.array([3.0, 2.0, 2.0, 1.0]), np.array([True, False, True, False]))
    assert found[0] == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)


def test_a_weighted_resample_is_the_resample() -> None:
    scores, anomalous = tied(1)
    chosen = np.random.default_rng(0).integers(0, 60, (4, 60))
    weights = np.stack([np.bincount(each, minlength=60) for each in chosen]).astype(float)
    expected = [average_precision(scores[0][each], anomalous[each])[0] for each in chosen]
    np.testing.assert_allclose(average_precision(scores[0], anomalous, weights), expected, atol=1e-14)


def test_ranks_by_hand() -> None:
    values = np.array([[2.0, 2.0, 1.0, 5.0, 2.0], [1.0, 1.0, 1.0, 1.0, 1.0]])
    assert midranks(values).tolist() == [[3.0, 3.0, 1.0, 5.0, 3.0], [3.0] * 5]


def test_the_errors_are_those_of_sampling() -> None:
    """Over 600 data sets a standard deviation is known to 2.9%, so errors wrong by 15% would show at five sigma."""
    rng = np.random.default_rng(0)
    anomalous = np.arange(120) < 40
    scores = rng.normal(size=(600, 120)) + anomalous
    areas = np.array([auroc(each[None], anomalous)[0][0] for each in scores])
    variances = np.array([auroc(each[None], anomalous)[1][0, 0] for each in scores])
    assert np.sqrt(variances.mean()) == pytest.approx(areas.std(), rel=0.15)
    precisions = np.array([average_precision(each, anomalous)[0] for each in scores])
    errors = precision_error(scores[:60], anomalous)
    assert np.sqrt(np.square(errors).mean()) == pytest.approx(precisions.std(), rel=0.15)


def test_the_errors_are_fixed_by_the_seed_and_do_not_depend_on_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    import latentia.evaluation.anomaly.ranking as module

    scores, anomalous = tied(2)
    first = precision_error(scores, anomalous, seed=3)
    assert np.array_equal(first, precision_error(scores, anomalous, seed=3))
    assert not np.array_equal(first, precision_error(scores, anomalous, seed=4))
    monkeypatch.setattr(module, "_CHUNK", 60 * 200)
    assert np.array_equal(first, precision_error(scores, anomalous, seed=3))


def test_what_cannot_be_ranked_is_refused() -> None:
    with pytest.raises(DataError, match="every row is labelled a normal row"):
        auroc(np.zeros((1, 3)), np.zeros(3, bool))
    with pytest.raises(DataError, match="every row is labelled an anomaly"):
        auroc(np.zeros((1, 3)), np.ones(3, bool))
    with pytest.raises(DataError, match="2 labels for 3 rows"):
        auroc(np.zeros((1, 3)), np.array([True, False]))
    with pytest.raises(DataError, match="the score of row 1 is not a number"):
        auroc(np.array([[0.0, np.nan, 1.0]]), np.array([True, False, True]))


def test_one_row_of_a_class_has_an_area_and_no_error() -> None:
    areas, spread = auroc(np.array([[3.0, 1.0, 2.0]]), np.array([True, False, False]))
    assert areas[0] == 1
    assert np.isnan(spread[0, 0])
