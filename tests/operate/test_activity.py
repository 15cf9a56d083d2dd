"""Activity agrees with the codes and with the evaluator; projections show the dimensions that are active."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from latentia.data.source import Resident
from latentia.evaluation import evaluate
from latentia.operate import Activity, code_names, measure_activity, project
from tests.ledger import Instance
from tests.operate.models import ALL, CODER, FLAT, MIXTURE, TABLE, model_of, rows_of


@pytest.mark.parametrize("instance", ALL, ids=lambda each: each.id)
def test_variance_is_that_of_the_codes(instance: Instance) -> None:
    model, x = model_of(instance), rows_of(instance, 300)
    activity = measure_activity(model, x)
    torch.testing.assert_close(activity.variance, model.encode(x).double().var(0, correction=0), rtol=1e-4, atol=1e-9)
    assert sorted(activity.ranking) == list(range(model.latent_dim))


@pytest.mark.parametrize("instance", [FLAT, TABLE], ids=lambda each: each.id)
def test_kl_is_that_of_the_evaluator(instance: Instance) -> None:
    model, x = model_of(instance), rows_of(instance, 300)
    kl = measure_activity(model, x).kl
    wanted = evaluate(model, Resident(x), num_samples=1).kl_per_dim
    assert kl is not None
    assert kl.tolist() == pytest.approx(wanted, rel=1e-4)


@pytest.mark.parametrize("instance", [MIXTURE, CODER], ids=lambda each: each.id)
def test_no_kl_is_made_up_where_it_does_not_split(instance: Instance) -> None:
    activity = measure_activity(model_of(instance), rows_of(instance))
    assert activity.kl is None
    assert activity.ranking[0] == int(activity.variance.argmax())


def test_the_ranking_is_by_kl_first() -> None:
    activity = Activity(torch.tensor([3.0, 2.0, 0.001]), torch.tensor([0.1, 0.5, 0.1]))
    assert activity.ranking == (1, 0, 2)
    assert activity.active.tolist() == [True, True, False]


def test_two_active_dimensions_are_shown_as_they_are() -> None:
    codes = np.random.default_rng(0).normal(size=(20, 4))
    activity = Activity(torch.tensor([0.0, 1.0, 0.0, 2.0]), None)
    shown = project(codes, ["a", "b", "c", "d"], activity)
    assert (shown.method, shown.axes) == ("dimensions", ("b", "d"))
    assert np.array_equal(shown.points, codes[:, [1, 3]])


def test_more_dimensions_are_shown_by_their_principal_components() -> None:
    rng = np.random.default_rng(0)
    codes = rng.normal(size=(500, 3)) * [1.0, 10.0, 3.0]
    shown = project(codes, ["a", "b", "c"])
    assert shown.method == "pca"
    assert abs(np.corrcoef(shown.points[:, 0], codes[:, 1])[0, 1]) > 0.99
    assert abs(np.corrcoef(shown.points[:, 1], codes[:, 2])[0, 1]) > 0.99
    assert "%" in shown.axes[0]
    assert np.array_equal(shown.points, project(codes, ["a", "b", "c"]).points)


@pytest.mark.parametrize("shape", [(1, 5), (2, 3), (4, 1), (1, 1), (7, 2)])
def test_few_rows_and_few_dimensions(shape: tuple[int, int]) -> None:
    shown = project(torch.ones(shape), [f"z[{i}]" for i in range(shape[1])])
    assert shown.points.shape == (shape[0], 2)
    assert np.isfinite(shown.points).all()


def test_codes_that_are_all_alike_have_no_principal_components_but_a_place() -> None:
    shown = project(torch.ones(10, 4), list("abcd"))
    assert np.isfinite(shown.points).all()


def test_names_fit_the_codes() -> None:
    for instance in ALL:
        model = model_of(instance)
        assert len(code_names(model)) == model.latent_dim
