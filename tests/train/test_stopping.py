"""Early stopping keeps the best weights, and waits as long as it was told to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from latentia.data_model import DataModel
from latentia.errors import ConfigurationError
from latentia.train import Outcome, Plan, load_checkpoint, train, weight_hash
from tests.train.small import Record, build, grey_data


def run(
    bounds: list[float], plan: Plan, folder: Path | None = None, key: str = "elbo"
) -> tuple[Outcome, list[str], str, Record]:
    """A run whose validation reports these bounds: its outcome, the weights validated, and those it ends with."""
    data, record, seen = grey_data(), Record(), []
    model, objective = build(data)
    values: Iterator[float] = iter(bounds)

    def validate(model: DataModel) -> Mapping[str, float]:
        seen.append(weight_hash(model.state_dict()))
        return {key: next(values), "mse": 1.0}

    outcome = train(model, objective, data, plan, folder=folder, validate=validate, reporters=[record])
    return outcome, seen, weight_hash(model.state_dict()), record


@pytest.mark.parametrize("ema", [None, 0.5])
@pytest.mark.parametrize("key", ["elbo", "bound", "reconstruction"])
def test_the_best_weights_are_kept(ema: float | None, key: str, tmp_path: Path) -> None:
    plan = Plan(epochs=50, batch_size=10, patience=2, ema=ema)
    outcome, seen, final, record = run([-5, -3, -4, float("nan"), -1], plan, tmp_path, key)
    assert (outcome.reason, outcome.epochs, outcome.best_epoch, outcome.weights) == ("patience", 4, 2, "best")
    assert outcome.validation[key] == -3
    assert final == seen[1] == weight_hash(load_checkpoint(tmp_path)[0])
    assert [row.best for row in record.rows] == [True, True, False, False]
    assert record.ends[0].reason == "patience"


def test_patience_counts_epochs_not_validations() -> None:
    outcome, *_ = run([-3, -4, -5, -6], Plan(epochs=50, batch_size=10, patience=4, validate_every=2))
    assert (outcome.epochs, outcome.best_epoch) == (6, 2)


def test_epochs_of_the_warm_up_do_not_count() -> None:
    outcome, seen, final, _ = run([-1, -2, -9, -8, -9, -9], Plan(epochs=50, batch_size=10, patience=2, kl_warmup=3))
    assert (outcome.epochs, outcome.best_epoch) == (6, 4)
    assert final == seen[3]


def test_the_best_of_a_run_that_ends_in_time() -> None:
    outcome, seen, final, _ = run([-3, -1, -2], Plan(epochs=3, batch_size=10, patience=9))
    assert (outcome.reason, outcome.weights) == ("epochs", "best")
    assert final == seen[1]


def test_without_patience_the_last_weights_are_kept() -> None:
    outcome, seen, final, record = run([-3, -1, -2], Plan(epochs=3, batch_size=10))
    assert (outcome.weights, outcome.validation["elbo"], outcome.best_epoch) == ("last", -2, None)
    assert final == seen[2]
    assert [row.best for row in record.rows] == [None] * 3


def test_a_validation_without_a_bound_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="needs a validation that reports one of objective, bound, elbo"):
        run([1.0], Plan(epochs=1, patience=1), key="accuracy")
