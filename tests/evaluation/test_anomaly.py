"""Anomaly scores against the exact model, and the report on anomalies that are planted."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from latentia.data import load_data
from latentia.data.source import Resident
from latentia.data_model import DataModel
from latentia.errors import DataError
from latentia.evaluation.anomaly import (
    Yardstick,
    aggregate_moments,
    anomaly_scores,
    mahalanobis,
    measure,
    yardstick,
)
from latentia.evaluation.anomaly.baselines import pca_error
from latentia.evaluation.anomaly.verdict import verdict
from latentia.evaluation.plain_features import plain_features, some_rows
from latentia.recipes import autoencoder, vae
from tests.evaluation.linear_data_model import data_model, draws, raw
from tests.exact.linear_gaussian import LinearGaussian, diagonal_posterior
from tests.exact.mutants import killed
from tests.ledger import GAPS, LEVELS, REAL, SMALL, TABLE, Instance

DIMS = 6
MODEL = LinearGaussian.random(DIMS, 2, 2.0)
TRAIN = Resident(draws(MODEL, 4000, 1))


def test_the_likelihood_scores_are_exact() -> None:
    x = MODEL.sample(40, seed=9)
    exact = MODEL.marginal.log_prob(x) - DIMS * math.log(3)
    normal = Yardstick(torch.zeros(2), torch.eye(2), -20.0)
    found = anomaly_scores(data_model(MODEL), Resident(raw(x)), normal, num_samples=3)
    torch.testing.assert_close(found["negative_iwae"], -exact, rtol=0, atol=1e-9)
    torch.testing.assert_close(found["typicality"], (exact + 20.0).abs(), rtol=0, atol=1e-9)
    torch.testing.assert_close(found["latent_distance"], MODEL.posterior(x).mean.norm(dim=1), rtol=0, atol=1e-9)
    back = MODEL.posterior(x).mean @ MODEL.weight.T + MODEL.mean
    torch.testing.assert_close(found["reconstruction"], (back - x).square().mean(1), rtol=0, atol=1e-9)
    for name, wrong in (
        ("negative_iwae", -exact - DIMS * math.log(3)),  # the change of variables left out
        ("typicality", exact + 20.0),
        ("reconstruction", 9 * (back - x).square().mean(1)),  # not in units of the columns' spread
    ):
        with killed():
            torch.testing.assert_close(found[name], wrong, rtol=0, atol=1e-6)


def test_a_looser_posterior_shows_in_the_elbo_alone() -> None:
    x = Resident(draws(MODEL, 30, 5))
    normal = Yardstick(torch.zeros(2), torch.eye(2), 0.0)
    found = anomaly_scores(data_model(MODEL, diagonal_posterior(MODEL, exact=False)), x, normal, num_samples=2000)
    assert float((found["negative_elbo"] - found["negative_iwae"]).min()) > 0


def test_the_yardstick_is_the_mean_of_the_training_rows() -> None:
    normal = yardstick(data_model(MODEL), TRAIN, num_samples=2)
    exact = MODEL.marginal.log_prob((TRAIN.x - 10) / 3) - DIMS * math.log(3)
    assert normal.log_likelihood == pytest.approx(float(exact.mean()), abs=1e-9)


def test_the_aggregate_posterior_of_the_models_own_data_is_the_prior() -> None:
    """A variance from 4,000 rows has a standard error below 0.023, and a covariance one of 0.016."""
    mean, covariance = aggregate_moments(data_model(MODEL), TRAIN)

    def oracle(mean: Tensor, covariance: Tensor) -> None:
        assert float(mean.abs().max()) < 5 * 0.016
        assert float((covariance - torch.eye(2)).abs().max()) < 5 * 0.023

    oracle(mean, covariance)
    means = MODEL.posterior((TRAIN.x - 10) / 3).mean
    with killed():  # the spread of the posterior left out
        oracle(means.mean(0), torch.cov(means.T))


def test_the_distance_by_hand() -> None:
    covariance = torch.tensor([[2.0, 1.0], [1.0, 2.0]], dtype=torch.float64)
    codes = torch.tensor([[1.0, 1.0], [1.0, -1.0]], dtype=torch.float64)
    # Variance 3 along (1, 1) and 1 along (1, -1); both points lie at a length of sqrt 2.
    found = mahalanobis(codes, torch.zeros(2), covariance)
    torch.testing.assert_close(found, torch.tensor([math.sqrt(2 / 3), math.sqrt(2)], dtype=torch.float64))


def test_the_error_of_pca_is_the_distance_from_its_subspace() -> None:
    rng = np.random.default_rng(0)
    train, rows = rng.normal(size=(50, 4)) * [5, 3, 1, 0.5], rng.normal(size=(7, 4))
    centred = rows - train.mean(0)
    directions = np.linalg.svd(train - train.mean(0))[2][2:]
    expected = np.square(centred @ directions.T).sum(1) / 4
    np.testing.assert_allclose(pca_error(train, rows, 2), expected, atol=1e-12)
    assert pca_error(train, rows, 99).max() > 0  # never with all components


def planted(seed: int = 0) -> tuple[Resident, list[int]]:
    """Rows of the model, and some that lie off its plane."""
    x = MODEL.sample(300, seed=3)
    generator = torch.Generator().manual_seed(seed)
    x[:60] += 6 * torch.randn(60, DIMS, generator=generator, dtype=torch.float64)
    return Resident(raw(x)), [1] * 60 + [0] * 240


def test_planted_anomalies_are_found() -> None:
    source, labels = planted()
    report = measure(data_model(MODEL), TRAIN, source, labels, num_samples=2, fit_rows=1000)
    by_name = {each.name: each for each in report.scores}
    assert list(by_name) == [
        *("negative_iwae", "negative_elbo", "reconstruction", "latent_distance", "typicality"),
        *("isolation_forest", "pca_reconstruction"),
    ]
    assert by_name["negative_iwae"].auroc > 0.95
    assert (report.num_examples, report.num_anomalies, report.fit_examples, report.components) == (300, 60, 1000, 2)
    assert "Use" in report.verdict
    assert json.loads(json.dumps(report.to_dict()))["best"] == report.best


def test_the_report_is_fixed_by_its_seed_and_leaves_the_generator_alone() -> None:
    source, labels = planted()
    model = data_model(MODEL, diagonal_posterior(MODEL, exact=False))
    before = torch.get_rng_state()
    first = measure(model, TRAIN, source, torch.tensor(labels), seed=1, num_samples=3, fit_rows=200)
    assert torch.equal(before, torch.get_rng_state())
    assert first == measure(model, TRAIN, source, labels, seed=1, num_samples=3, fit_rows=200)
    assert first != measure(model, TRAIN, source, labels, seed=2, num_samples=3, fit_rows=200)


def test_a_model_without_densities_has_two_scores() -> None:
    torch.manual_seed(0)
    model = DataModel(autoencoder(REAL, latent_dim=2, hidden=(8,))[0], REAL)
    rows = Resident(torch.randn(40, 7))
    report = measure(model, Resident(torch.randn(100, 7)), rows, [0, 1] * 20)
    assert [each.name for each in report.scores if each.kind == "model"] == ["reconstruction", "latent_distance"]


@pytest.mark.parametrize("data", [LEVELS, TABLE, GAPS], ids=["pictures", "table", "missing"])
def test_every_kind_of_data_has_finite_scores(data: Any) -> None:
    torch.manual_seed(0)
    model = DataModel(vae(data, latent_dim=2, hidden=(8,))[0], data)
    rows = model.preparation.restore(Instance("vae", data, SMALL).batch(90))
    report = measure(model, Resident(rows[30:]), Resident(rows[:30]), [0, 1, 0] * 10)
    assert all(0 <= each.auroc <= 1 and 0 < each.average_precision <= 1 for each in report.scores)
    assert len(report.scores) == 7


def test_labels_that_do_not_fit_are_refused() -> None:
    source, labels = planted()
    model = data_model(MODEL)
    for wrong, message in (
        (labels[:-1], "299 labels for 300 rows"),
        ([0] * 300, "every row is labelled a normal row"),
        (["a"] * 300, "give one number a row"),
    ):
        with pytest.raises(DataError, match=message):
            measure(model, TRAIN, source, wrong)


def test_the_verdict_says_which_score_to_use() -> None:
    def said(best: float, rival: float, error: float, **others: float) -> str:
        areas: dict[str, tuple[float, float | None]] = {
            "reconstruction": (best, 0.01),
            "isolation_forest": (rival, 0.01),
            **{name: (area, 0.01) for name, area in others.items()},
        }
        return verdict(areas, "reconstruction", "isolation_forest", best - rival, error)

    assert said(0.9, 0.8, 0.02).startswith("Use the reconstruction error: AUROC 0.900 ± 0.010, better than an isol")
    assert said(0.9, 0.95, 0.02).startswith("Use an isolation forest, which needs no VAE")
    assert "do not tell them apart" in said(0.9, 0.88, 0.02)
    assert said(0.51, 0.6, 0.02).startswith("No score of this model finds these anomalies")
    assert "more normal than normal rows do" not in said(0.9, 0.8, 0.02, negative_iwae=0.49)
    assert "By the negative importance-weighted bound the anomalies" in said(0.9, 0.8, 0.02, negative_iwae=0.3)
    assert "as simple rows do" in said(0.9, 0.8, 0.02, negative_iwae=0.3)
    assert "By typicality and the latent distance the anomalies look more normal than normal rows do: do" in said(
        0.9, 0.8, 0.02, typicality=0.3, latent_distance=0.3
    )
    assert "too few" in verdict(
        {"reconstruction": (1.0, None), "isolation_forest": (1.0, None)}, "reconstruction", "isolation_forest", 0, None
    )


def test_plain_features_by_hand() -> None:
    row = torch.tensor([[2.0, 3.0, 4.0, 1.0, 2.0, 0.0]])
    found = plain_features(TABLE, row)
    assert found.shape == (1, 4 + 3 + 4)
    assert found[0, 4:7].tolist() == [0.0, 0.0, 1.0]
    assert found[0, 7:].tolist() == [1.0, 0.0, 0.0, 0.0]
    gone = plain_features(GAPS, torch.full((1, 6), torch.nan))
    assert gone.tolist() == [[0.0] * 11]


def test_some_rows_are_all_of_them_or_a_choice() -> None:
    source = load_data("digits").train
    assert torch.equal(some_rows(source, 5000, seed=0).x, source.x)
    few = some_rows(source, 100, seed=0).x
    assert len(few) == 100
    assert torch.equal(few, some_rows(source, 100, seed=0).x)
    assert not torch.equal(few, some_rows(source, 100, seed=1).x)
