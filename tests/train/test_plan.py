"""A plan is validated when it is made, and survives plain text."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import FrozenInstanceError, fields
from typing import Any, get_type_hints

import pytest

from latentia.errors import ConfigurationError
from latentia.train import Plan


def test_json_round_trip_is_equality() -> None:
    plan = Plan(
        steps=7, batch_size=3, learning_rate=0.1, optimizer="adamw", weight_decay=0.01, schedule="cosine",
        warmup_steps=2, kl_warmup=1.5, clip_norm=1.0, accumulate=2, ema=0.99, precision="bfloat16", compile="off",
        device="cpu", threads=1, seed=9, patience=4, checkpoint_seconds=0.0, validate_every=2,
    )  # fmt: skip
    assert Plan.from_dict(json.loads(json.dumps(plan.to_dict()))) == plan
    assert Plan.from_dict({}) == Plan()


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"epochs": 0}, "epochs: 0 was given, at least 1"),
        ({"epochs": 2, "minutes": 1.0}, "epochs, minutes: set one"),
        ({"minutes": 0.0}, "minutes: 0.0"),
        ({"batch_size": 0}, "batch_size"),
        ({"batch_size": 2.5}, "batch_size: 2.5 was given, a whole number is expected"),
        ({"batch_size": True}, "batch_size: True"),
        ({"learning_rate": float("nan")}, "learning_rate: nan was given, a finite number"),
        ({"learning_rate": -1.0}, "above 0"),
        ({"optimizer": "sgd"}, "optimizer: 'sgd' was given, one of adam, adamw"),
        ({"schedule": None}, "schedule: None"),
        ({"warmup_steps": -1}, "at least 0"),
        ({"ema": 1.0}, "ema: 1.0"),
        ({"clip_norm": 0}, "clip_norm"),
        ({"accumulate": 0}, "accumulate"),
        ({"threads": 0}, "threads"),
        ({"patience": 0}, "patience"),
        ({"seed": -1}, "seed"),
        ({"seed": 2**63}, "seed"),
        ({"device": 3}, "device: 3 was given, a name"),
        ({"epoch": 3}, "no such option of a plan: epoch"),
    ],
)
def test_wrong_values_are_named(values: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Plan.from_dict(values)
    assert words in str(caught.value)


def test_whole_numbers_are_taken_where_any_number_fits() -> None:
    assert isinstance(Plan(learning_rate=1).learning_rate, float)


def test_every_field_says_what_it_is() -> None:
    hints = get_type_hints(Plan, include_extras=True)
    assert all(isinstance(hints[item.name].__metadata__[0], str) for item in fields(Plan))


def test_a_plan_does_not_change() -> None:
    with pytest.raises(FrozenInstanceError):
        Plan().seed = 3  # type: ignore[misc] # the point of the test


def test_plan_and_reporters_do_not_import_torch() -> None:
    code = "import sys, latentia.train.reporters; from latentia.train import Plan; assert 'torch' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
