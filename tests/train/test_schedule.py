"""Lengths, rates and weights at exact values."""

from __future__ import annotations

import math

import pytest

from latentia.train import Plan
from latentia.train.schedule import Horizon, kl_weight, learning_rate


@pytest.mark.parametrize(
    ("plan", "rows", "steps"),
    [
        (Plan(epochs=3, batch_size=10), 45, 15),
        (Plan(epochs=3, batch_size=10, accumulate=2), 45, 9),
        (Plan(steps=7, batch_size=10), 45, 7),
        (Plan(), 60_000, 18 * 469),  # the first number of epochs with 8,000 steps
        (Plan(), 100, 500),  # one step an epoch: at most 500 epochs
        (Plan(), 10_000_000, 5 * 78_125),  # at least 5 epochs
    ],
)
def test_total_steps(plan: Plan, rows: int, steps: int) -> None:
    horizon = Horizon.resolve(plan, rows)
    assert horizon.total_steps == steps
    assert not horizon.over(steps - 1, 1e9)
    assert horizon.over(steps, 0.0)


def test_minutes_follow_the_clock() -> None:
    horizon = Horizon.resolve(Plan(minutes=2), 45)
    assert (horizon.total_steps, horizon.epochs) == (None, None)
    assert horizon.fraction(10**9, 30.0) == 0.25
    assert not horizon.over(10**9, 119.9)
    assert horizon.over(0, 120.0)


def test_learning_rates() -> None:
    cosine = Plan(learning_rate=2.0, schedule="cosine")
    assert [learning_rate(cosine, 0, f) for f in (0.0, 0.5, 1.0)] == pytest.approx([2.0, 1.0, 0.0], abs=1e-15)
    assert learning_rate(cosine, 0, 0.25) == pytest.approx(1 + math.sqrt(0.5), rel=1e-15)
    linear = Plan(learning_rate=2.0, schedule="linear")
    assert [learning_rate(linear, 0, f) for f in (0.0, 0.25, 0.75)] == [2.0, 1.5, 0.5]
    warm = Plan(learning_rate=2.0, warmup_steps=4)
    assert [learning_rate(warm, step, 0.9) for step in range(6)] == [0.5, 1.0, 1.5, 2.0, 2.0, 2.0]


def test_kl_weights() -> None:
    assert [kl_weight(Plan(kl_warmup=1.5), step, 4) for step in (0, 3, 6, 100)] == [0.0, 0.5, 1.0, 1.0]
    assert kl_weight(Plan(), 0, 4) == 1.0
