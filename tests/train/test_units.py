"""Terms of training are told in the units of the data, as those of validation are; otherwise the two do not compare."""

from __future__ import annotations

import math

import pytest

from latentia.evaluation.validation import validate
from latentia.train import Plan, train
from tests.train.small import COLUMNS, Record, build, grey_data


@pytest.mark.parametrize("likelihood", ["gaussian", "continuous_bernoulli", "categorical"])
def test_training_and_validation_speak_the_same_units(likelihood: str) -> None:
    data, record = grey_data(), Record()
    model, objective = build(data, likelihood=likelihood)
    train(
        model,
        objective,
        data,
        Plan(epochs=1, learning_rate=1e-9),
        validate=lambda model: validate(model, objective, data.train, seed=1),
        reporters=[record],
    )
    (row,) = record.rows
    shift = 0.0 if likelihood == "categorical" else -COLUMNS * math.log(16)
    assert model.preparation.log_scale == pytest.approx(shift)
    for name in ("elbo", "reconstruction"):
        # The same rows and weights, with other noise: far closer than the shift.
        assert row.train[name] == pytest.approx(row.validation[name], abs=1.5), name
    # What is minimised is told as it is.
    assert row.train["loss"] == pytest.approx(-row.train["elbo"] + shift)
