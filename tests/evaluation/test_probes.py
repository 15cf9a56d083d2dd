"""Probes on representations of which it is known what they carry."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
import torch
from sklearn.metrics import r2_score
from torch import Tensor

from latentia.data import load_data
from latentia.data.source import Resident
from latentia.data_model import DataModel
from latentia.errors import ConfigurationError, DataError
from latentia.evaluation.predictors import correctness, explained, mean_and_error, scored_rows
from latentia.evaluation.probes import Probe, ProbeReport, probe, representations, verdict
from latentia.recipes import vae
from tests.evaluation.linear_data_model import data_model, raw
from tests.exact.linear_gaussian import LinearGaussian
from tests.exact.mutants import killed
from tests.ledger import REAL, TABLE

DIMS = 5


def hidden_signal() -> LinearGaussian:
    """A model whose codes see column 0 alone, which is the one of least variance: PCA of one component misses it."""
    weight = torch.zeros(DIMS, 1, dtype=torch.float64)
    weight[0] = 1.0
    return LinearGaussian(weight, torch.zeros(DIMS, dtype=torch.float64), 0.01)


def rows(num: int, seed: int) -> tuple[Resident, Tensor]:
    """Column 0 is the sign of the label with a little noise, the others are wide noise."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(0, 2, (num,), generator=generator)
    x = 3 * torch.randn(num, DIMS, generator=generator, dtype=torch.float64)
    x[:, 0] = (2 * labels - 1) + 0.1 * x[:, 0]
    return Resident(raw(x), labels), labels


def by_name(report: ProbeReport) -> dict[tuple[str, str], Probe]:
    return {(each.representation, each.predictor): each for each in report.probes}


def test_codes_that_carry_the_label_beat_components_that_do_not() -> None:
    train, _ = rows(400, 0)
    test, labels = rows(300, 1)
    report = probe(data_model(hidden_signal()), train, test)
    found = by_name(report)
    assert found["codes", "linear"].score > 0.99
    assert found["codes", "neighbours"].score > 0.99
    assert found["inputs", "linear"].score > 0.95
    for predictor in ("linear", "neighbours"):
        # of a coin: within five standard errors of one half
        assert abs(found["pca", predictor].score - 0.5) < 5 * 0.5 / math.sqrt(300)
        gain, error = report.over_pca[predictor]
        assert gain == pytest.approx(found["codes", predictor].score - found["pca", predictor].score)
        assert gain > 10 * error
    assert (found["codes", "linear"].size, found["pca", "linear"].size, found["inputs", "linear"].size) == (1, 1, DIMS)
    most = int(train.labels.double().mean() > 0.5) if train.labels is not None else -1
    assert report.chance == pytest.approx(float((labels == most).double().mean()))
    assert "better than PCA of equal size" in report.verdict
    assert json.loads(json.dumps(report.to_dict()))["task"] == "classes"


def test_the_test_rows_are_not_fitted_to() -> None:
    """Labels by lot: one nearest neighbour is right on the rows it has seen, and half the time on others."""
    generator = torch.Generator().manual_seed(3)
    train = Resident(torch.randn(400, 7), torch.randint(0, 2, (400,), generator=generator))
    test = Resident(torch.randn(400, 7), torch.randint(0, 2, (400,), generator=generator))
    torch.manual_seed(0)
    model = DataModel(vae(REAL, latent_dim=3, hidden=(8,))[0], REAL)

    def oracle(report: ProbeReport) -> None:
        for each in report.probes:
            if each.predictor == "neighbours":
                assert abs(each.score - 0.5) < 5 * 0.5 / 20

    oracle(probe(model, train, test, neighbours=1))
    with killed():
        oracle(probe(model, train, train, neighbours=1))


def test_accuracy_and_its_error_by_hand() -> None:
    right = correctness(np.array([1, 2, 2, 0]), np.array([1, 2, 3, 0]))
    score, error = mean_and_error(right)
    assert score == 0.75
    # p (1 - p) / (n - 1)
    assert error == pytest.approx(math.sqrt(0.75 * 0.25 / 3))


def test_explained_variance_is_that_of_scikit_learn_and_its_error_that_of_sampling() -> None:
    """The spread of 500 estimates is known to 3.2%: an error off by 16% would show at five sigma."""
    rng = np.random.default_rng(0)
    truth = rng.normal(size=(500, 200))
    predicted = 0.3 * truth + 0.3 * rng.normal(size=(500, 200))
    found = [mean_and_error(explained(p, t)) for p, t in zip(predicted, truth, strict=True)]
    expected = [r2_score(t, p) for p, t in zip(predicted, truth, strict=True)]
    np.testing.assert_allclose([score for score, _ in found], expected, atol=1e-13)
    errors = np.array([error for _, error in found])
    assert np.sqrt(np.square(errors).mean()) == pytest.approx(np.std(expected), rel=0.16)
    # the mutant: the truth's own spread taken for known
    naive = np.square(predicted - truth).std(1) / truth.var(1) / math.sqrt(200)
    with killed():
        assert np.sqrt(np.square(naive).mean()) == pytest.approx(np.std(expected), rel=0.16)


def test_numbers_are_regressed() -> None:
    train, _ = rows(300, 0)
    test, _ = rows(200, 1)
    report = probe(
        data_model(hidden_signal()),
        train,
        test,
        train_labels=train.x[:, 0] * 2 + 1.5,
        test_labels=test.x[:, 0] * 2 + 1.5,
    )
    found = by_name(report)
    assert report.task == "numbers"
    # The posterior's mean is a line in column 0, and so is the label.
    assert found["codes", "linear"].score == pytest.approx(1, abs=1e-6)
    assert found["pca", "linear"].score < 0.1


def test_a_representation_is_scaled_by_one_number() -> None:
    train, _ = rows(50, 0)
    test, _ = rows(20, 1)
    model = data_model(LinearGaussian.random(DIMS, 2, 0.4))
    found = representations(model, train.x, test.x)
    codes = model.encode(train.x).numpy()
    ratio = found["codes"][0].std(0) / codes.std(0)
    np.testing.assert_allclose(ratio, ratio[0])
    assert np.square(found["codes"][0]).mean() == pytest.approx(1)
    # test rows are centred by the training rows
    assert abs(found["inputs"][1].mean(0)).max() > 1e-3
    with killed():  # the mutant: every column for itself, which blows up the noise of dimensions that say nothing
        np.testing.assert_allclose(ratio / ratio[0], codes.std(0)[0] / codes.std(0))


def test_real_digits() -> None:
    data = load_data("digits")
    torch.manual_seed(0)
    model = DataModel(vae(data.spec, latent_dim=8, hidden=(16,))[0], data.spec)
    report = probe(model, data.train, data.test, train_rows=500)
    found = by_name(report)
    assert (report.num_train, report.num_test) == (500, 180)
    assert found["inputs", "linear"].score > 0.9
    assert found["pca", "neighbours"].score > 0.85
    assert report.chance < 0.2
    assert report == probe(model, data.train, data.test, train_rows=500)


def test_a_table_with_categories_and_labels_in_words() -> None:
    torch.manual_seed(0)
    model = DataModel(vae(TABLE, latent_dim=2, hidden=(8,))[0], TABLE)
    x = model.sample(80, mean=False)
    words = np.where(np.arange(80) % 2, "yes", "no")
    report = probe(model, Resident(x[:60]), Resident(x[60:]), train_labels=words[:60], test_labels=words[60:])
    assert {each.size for each in report.probes} == {2, 11}


def test_both_predictors_are_scikit_learns() -> None:
    from sklearn.neighbors import KNeighborsClassifier

    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(60, 3)), rng.integers(0, 3, 60)
    found = scored_rows("neighbours", "classes", x[:40], y[:40], x[40:], y[40:], 5)
    assert found.mean() == KNeighborsClassifier(5).fit(x[:40], y[:40]).score(x[40:], y[40:])


def test_what_cannot_be_probed_is_refused() -> None:
    train, _ = rows(30, 0)
    model = data_model(hidden_signal())
    with pytest.raises(DataError, match="the test rows have no labels"):
        probe(model, train, Resident(train.x))
    with pytest.raises(DataError, match="29 train labels for 30 rows"):
        probe(model, train, train, train_labels=[0, 1] * 14 + [0])
    with pytest.raises(DataError, match="with different labels"):
        probe(model, train, train, train_labels=[1] * 30)
    with pytest.raises(DataError, match="not all finite"):
        probe(model, train, train, train_labels=[0.5, math.inf] * 15)
    with pytest.raises(ConfigurationError, match="neighbours is 31; give 1 to 30"):
        probe(model, train, train, neighbours=31)


def test_the_verdict_says_when_pca_would_have_done() -> None:
    probes = [Probe(predictor="linear", representation="codes", size=2, score=0.8, se=0.01)]
    said = verdict(probes, {"linear": (0.01, 0.01)}, {"linear": (-0.1, 0.01)}, "classes")
    assert "level with PCA of equal size (+0.010 ± 0.010) and worse than the inputs by 0.100 ± 0.010" in said
    assert said.endswith("which cost nothing.")
    assert "cost nothing" not in verdict(probes, {"linear": (0.1, 0.01)}, {"linear": (0.0, 0.01)}, "classes")
