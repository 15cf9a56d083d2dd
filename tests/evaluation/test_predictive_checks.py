"""Predictive checks: uniform where the model is the truth, and sharp where it is not."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from scipy.stats import ks_2samp, kstest

from latentia.data.source import Resident
from latentia.data_model import DataModel
from latentia.errors import CompatibilityError, ConfigurationError, DataError
from latentia.evaluation.check_statistics import cells_of, correlations, kolmogorov_smirnov, statistics, total_variation
from latentia.evaluation.predictive_checks import Check, PredictiveReport, predictive_checks, tail, verdict
from latentia.recipes import autoencoder, vae
from tests.evaluation.linear_data_model import data_model, draws
from tests.exact.linear_gaussian import LinearGaussian
from tests.exact.mutants import killed
from tests.ledger import BINARY, COUNTS, GAPS, LEVELS, REAL, TABLE

DIMS = 4
TRUTH = LinearGaussian.random(DIMS, 2, 0.5)
NAMES = {"mean", "variance", "row_spread", "marginals", "correlations"}


def checked(model: LinearGaussian, seed: int) -> PredictiveReport:
    """Rows of the truth against a model."""
    return predictive_checks(data_model(model), Resident(draws(TRUTH, 60, seed + 100)), seed=seed, num_replicates=20)


def test_the_tail_probabilities_of_a_model_that_is_the_truth_are_uniform() -> None:
    """Over 60 data sets a distribution function off by 0.25 anywhere has a p-value below 0.001."""
    found: dict[str, list[float]] = {name: [] for name in NAMES}
    for seed in range(60):
        for each in checked(TRUTH, seed).checks:
            found[each.name].append(each.p)
    for values in found.values():
        assert kstest(values, "uniform").pvalue > 0.001


def test_a_wrong_variance_is_caught() -> None:
    wide = replace(TRUTH, s2=1.5)
    report = predictive_checks(data_model(wide), Resident(draws(TRUTH, 200, 7)), num_replicates=240)
    by_name = {each.name: each for each in report.checks}
    assert not by_name["variance"].passed
    assert by_name["variance"].real < by_name["variance"].generated
    assert by_name["mean"].passed
    assert "the variance of a column" in report.verdict
    # and what is uniform for the truth is not for it
    with killed():
        values = [each.p for seed in range(15) for each in checked(wide, seed).checks if each.name == "variance"]
        assert kstest(values, "uniform").pvalue > 0.001


def test_lost_correlations_are_caught_by_nothing_else() -> None:
    marginal = TRUTH.marginal.covariance_matrix.diagonal()
    # The same marginals, with independent columns.
    independent = LinearGaussian(torch.diag((marginal - 0.01).sqrt()), TRUTH.mean, 0.01)
    report = predictive_checks(data_model(independent), Resident(draws(TRUTH, 400, 7)), num_replicates=240)
    failed = {each.name for each in report.checks if not each.passed}
    assert "correlations" in failed
    assert failed <= {"correlations", "row_spread"}


def test_the_truth_passes_with_a_sentence() -> None:
    report = predictive_checks(data_model(TRUTH), Resident(draws(TRUTH, 400, 7)))
    assert all(each.passed for each in report.checks)
    assert report.verdict == "Generated rows cannot be told from real ones by these 5 statistics."
    assert json.loads(json.dumps(report.to_dict()))["num_rows"] == 400
    assert len(report.worst_columns) == DIMS


def test_the_tail_by_hand() -> None:
    generated = np.array([1.0, 2.0, 2.0, 3.0])
    assert tail(2.0, generated, 0.5, two_sided=False) == pytest.approx((1 + 0.5 * 3) / 5)
    assert tail(0.0, generated, 0.25, two_sided=False) == pytest.approx((4 + 0.25) / 5)
    assert tail(0.0, generated, 0.25, two_sided=True) == pytest.approx(2 * (1 - 0.85))
    assert tail(9.0, generated, 0.5, two_sided=True) == pytest.approx(0.2)


def test_the_tail_is_uniform_with_ties_and_the_mutants_are_not() -> None:
    """Whole numbers from 0 to 2 tie all the time; 4,000 cases show a distribution function off by 0.031."""
    rng = np.random.default_rng(0)
    values, lots = rng.integers(0, 3, (4000, 20)).astype(float), rng.uniform(size=4000)

    def oracle(p: Any, two_sided: bool) -> None:
        found = [p(v[0], v[1:], lot, two_sided=two_sided) for v, lot in zip(values, lots, strict=True)]
        assert kstest(found, "uniform").pvalue > 0.001

    def strict(real: float, generated: Any, lot: float, *, two_sided: bool) -> float:
        return float((generated > real).mean())

    def without_itself(real: float, generated: Any, lot: float, *, two_sided: bool) -> float:
        return float(((generated > real).sum() + lot * (generated == real).sum()) / len(generated))

    for two_sided in (False, True):
        oracle(tail, two_sided)
    with killed():
        oracle(strict, False)
    few = values[:, :3]
    values = few  # with two replicates the value's own place weighs most
    oracle(tail, False)
    with killed():
        oracle(without_itself, False)


def test_the_distance_of_marginals_is_that_of_scipy_ties_and_gaps_and_all() -> None:
    rng = np.random.default_rng(0)
    a, b = np.round(rng.normal(size=(40, 6)), 1), np.round(rng.normal(0.3, 1.2, (70, 6)), 1)
    a[rng.random(a.shape) < 0.2] = np.nan
    found = kolmogorov_smirnov(a, b)
    expected = [ks_2samp(x[~np.isnan(x)], y).statistic for x, y in zip(a.T, b.T, strict=True)]
    np.testing.assert_allclose(found, expected, atol=1e-14)
    with killed():  # the mutant: within a run of equal values
        both = np.concatenate([b, b])
        order = np.argsort(both, axis=0, kind="stable")
        mass = np.repeat([1 / 70, -1 / 70], 70)[:, None].repeat(6, 1)
        steps = np.abs(np.cumsum(np.take_along_axis(mass, order, 0), 0)).max(0)
        np.testing.assert_allclose(steps, kolmogorov_smirnov(b, b), atol=1e-9)
    assert kolmogorov_smirnov(np.full((3, 1), np.nan), b[:, :1]).tolist() == [0.0]


def test_total_variation_and_correlations_by_hand() -> None:
    a = np.array([[0.0, 1.0], [0.0, np.nan], [2.0, 1.0], [1.0, 0.0]])
    b = np.array([[0.0, 0.0], [1.0, 1.0], [1.0, 1.0], [2.0, 1.0]])
    # (2, 1, 1)/4 against (1, 2, 1)/4, and (1, 2)/3 against (1, 3)/4
    np.testing.assert_allclose(total_variation(a, b, (3, 2)), [0.25, 1 / 12])
    x = np.random.default_rng(0).normal(size=(50, 3)) @ np.array([[1.0, 2, 0], [0, 1, 0], [0, 0, 1]])
    np.testing.assert_allclose(correlations(x), np.corrcoef(x.T), atol=1e-13)
    constant = correlations(np.concatenate([x, np.ones((50, 1))], axis=1))
    assert constant[3].tolist() == [0.0] * 4


def test_statistics_by_hand() -> None:
    data = replace(COUNTS, shape=(2,), mean=(1.0, 0.0), std=(2.0, 1.0))
    x = torch.tensor([[0.0, 0.00001], [2.0, 3.0]])
    cells = cells_of(data, x, np.array([0, 1]))
    found, _ = statistics(cells, cells)
    assert cells.zero.tolist() == [[True, True], [False, False]]
    assert found == {
        "mean": pytest.approx((-0.5 + 0 + 0.5 + 3) / 4),
        "variance": pytest.approx((0.25 + 2.25) / 2),
        "zero_share": 0.5,
        "row_spread": pytest.approx(1.0),
        "marginals": 0.0,
        "correlations": 0.0,
    }


@pytest.mark.parametrize(
    ("data", "options"),
    [
        (BINARY, {}),
        (LEVELS, {}),
        (LEVELS, {"likelihood": "bernoulli"}),
        (COUNTS, {}),
        (COUNTS, {"likelihood": "multinomial"}),
        (TABLE, {}),
        (GAPS, {}),
    ],
    ids=["binary", "levels", "binarised", "counts", "multinomial", "table", "missing"],
)
def test_rows_that_the_model_drew_itself_pass(data: Any, options: dict[str, Any]) -> None:
    torch.manual_seed(1)
    model = DataModel(vae(data, latent_dim=2, hidden=(8,), **options)[0], data)
    x = model.sample(80, mean=False)
    if data.missing > 0:
        x[torch.rand(x.shape) < data.missing] = torch.nan
    report = predictive_checks(model, Resident(x), num_replicates=40, seed=2)
    assert min(each.p for each in report.checks) > 0.002, report.checks
    assert report == predictive_checks(model, Resident(x), num_replicates=40, seed=2)


def test_pictures_without_their_noise_are_caught_and_the_worst_pixel_is_named() -> None:
    torch.manual_seed(1)
    model = DataModel(vae(LEVELS, latent_dim=2, hidden=(8,))[0], LEVELS)
    report = predictive_checks(model, Resident(model.sample(80)), num_replicates=240, num_columns=20)
    by_name = {each.name: each for each in report.checks}
    assert not by_name["variance"].passed
    assert "pixel (" in report.verdict
    assert len(report.worst_columns) == 5


def test_a_table_names_its_columns() -> None:
    torch.manual_seed(1)
    model = DataModel(vae(TABLE, latent_dim=2, hidden=(8,))[0], TABLE)
    x = model.sample(100, mean=False)
    x[:, 4] = 2
    report = predictive_checks(model, Resident(x), num_replicates=240)
    assert report.worst_columns[0][0] == "colour"
    assert "most in colour" in report.verdict


def test_what_cannot_be_checked_is_refused() -> None:
    rows = Resident(torch.randn(30, 7))
    with pytest.raises(CompatibilityError, match="no prior to generate rows from"):
        predictive_checks(DataModel(autoencoder(REAL, latent_dim=2, hidden=(8,))[0], REAL), rows)
    model = DataModel(vae(REAL, latent_dim=2, hidden=(8,))[0], REAL)
    with pytest.raises(ConfigurationError, match="num_replicates is 5"):
        predictive_checks(model, rows, num_replicates=5)
    with pytest.raises(DataError, match="give at least two"):
        predictive_checks(model, Resident(torch.randn(1, 7)))


def test_the_generator_is_left_alone() -> None:
    model, rows = data_model(TRUTH), Resident(draws(TRUTH, 60, 0))
    before = torch.get_rng_state()
    predictive_checks(model, rows, num_replicates=20)
    assert torch.equal(before, torch.get_rng_state())


def test_the_verdict_lists_what_failed() -> None:
    assert checked(TRUTH, 0).verdict.startswith("There were too few sets")
    good = Check(name="mean", real=0.0, generated=0.1, spread=0.1, p=0.4, passed=True)
    bad = Check(name="zero_share", real=0.5, generated=0.1, spread=0.01, p=0.001, passed=False)
    said = verdict([good, bad], "x")
    assert said == (
        "Generated rows differ from real ones in 1 of 2 statistics: the share of zeros is 0.5 on real rows and 0.1 ± "
        "0.01 on generated ones (p = 0.001)."
    )
