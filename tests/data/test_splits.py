"""Rows held out: a partition, a pure function of the seed, never an empty split."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from latentia.data.spec import SplitName
from latentia.data.splits import hold_out
from latentia.errors import ConfigurationError, DataError


@given(rows=st.integers(3, 300), validation=st.floats(0.001, 0.49), test=st.floats(0.001, 0.49), seed=st.integers())
@example(rows=6, validation=0.4375, test=0.4375, seed=0)
@example(rows=3, validation=0.49, test=0.49, seed=0)
def test_splits_are_a_partition_without_empty_parts(rows: int, validation: float, test: float, seed: int) -> None:
    fractions: dict[SplitName, float] = {"validation": validation, "test": test}
    parts = hold_out(rows, fractions, seed=seed)
    assert sorted(np.concatenate(list(parts.values())).tolist()) == list(range(rows))
    assert all(len(part) >= 1 for part in parts.values())
    assert all((np.diff(part) > 0).all() for part in parts.values())
    wanted = {name: max(1, round(rows * fraction)) for name, fraction in fractions.items()}
    found = {name: len(part) for name, part in parts.items() if name != "train"}
    if sum(wanted.values()) < rows:
        assert found == wanted
    else:  # rounding up would take every row: the last split gives way, and one row is left to train on
        assert found["validation"] == min(wanted["validation"], rows - 2)
        assert len(parts["train"]) == 1


def test_the_seed_decides() -> None:
    once, again, other = (hold_out(100, {"test": 0.1}, seed=seed)["test"].tolist() for seed in (0, 0, 1))
    assert once == again != other


def test_a_tenth_of_a_hundred_is_ten() -> None:
    parts = hold_out(100, {"validation": 0.1, "test": 0.1}, seed=0)
    assert {name: len(part) for name, part in parts.items()} == {"train": 80, "validation": 10, "test": 10}


@pytest.mark.parametrize("fraction", [0.0, 1.0, -0.1, 1.5, float("nan")])
def test_fractions_outside_the_open_unit_interval_are_refused(fraction: float) -> None:
    with pytest.raises(ConfigurationError, match="test fraction"):
        hold_out(100, {"test": fraction}, seed=0)


def test_fractions_that_leave_nothing_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="leave no rows to train on"):
        hold_out(100, {"validation": 0.5, "test": 0.5}, seed=0)


def test_too_few_rows_are_refused_with_the_number_needed() -> None:
    with pytest.raises(DataError, match="2 rows cannot be divided into train and validation and test; give at least 3"):
        hold_out(2, {"validation": 0.1, "test": 0.1}, seed=0)
    with pytest.raises(DataError, match="1 row cannot be divided into train and test; give at least 2"):
        hold_out(1, {"test": 0.1}, seed=0)
