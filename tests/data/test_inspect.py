"""`inspect`: what would be read, and why it would be refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from latentia.data import Inspection, load_data
from latentia.data.inspect import inspect
from latentia.errors import DataError
from tests.data.idx_files import write_mnist_like


def test_it_agrees_with_what_is_loaded() -> None:
    found, data = inspect("digits"), load_data("digits")
    assert isinstance(found, Inspection)
    assert (found.digest, found.counts, found.shape) == (data.spec.digest, data.spec.counts, data.spec.shape)
    assert found.given == {"train": 1797}
    assert (found.kind, found.dtype, found.support, found.levels) == ("image", "uint8", "levels", 17)
    assert (found.low, found.high, found.holes, found.problem, found.num_dims) == (0.0, 16.0, 0, None, 64)
    assert found.classes is not None
    assert sum(found.classes.values()) == 1797
    assert found.classes["0"] == 178
    assert found.likelihood == "discretized_logistic"


def test_it_is_one_json_object() -> None:
    found = inspect("digits")
    plain = json.loads(found.to_json())
    assert plain == found.to_dict()
    assert plain["shape"] == [1, 8, 8]
    assert list(plain)[:4] == ["source", "what", "name", "kind"]


def test_holes_are_counted_and_the_rest_is_told() -> None:
    x = np.arange(60.0).reshape(20, 3)
    x[3, 1] = np.nan
    x[9, 2] = np.inf
    found = inspect(x)
    assert (found.holes, found.low, found.high) == (2, 0.0, 59.0)
    assert found.problem is not None
    assert "row 3, column 1" in found.problem
    assert (found.likelihood, found.counts, found.dtype, found.stored_dtype) == (None, None, None, "float64")
    assert json.loads(found.to_json())["holes"] == 2
    assert inspect(np.full((5, 2), np.nan)).low is None


def test_too_few_rows_are_a_problem_not_an_error() -> None:
    found = inspect(np.ones((2, 2)))
    assert found.problem is not None
    assert "2 rows cannot be divided" in found.problem


def test_given_splits_and_notes(tmp_path: Path) -> None:
    write_mnist_like(tmp_path)
    found = inspect(tmp_path)
    assert found.given == {"train": 20, "test": 10}
    assert found.counts == {"train": 18, "validation": 2, "test": 10}
    assert found.what == "folder of IDX files"
    found = inspect(np.stack([np.ones(9), np.arange(9.0)], 1))
    assert found.constant == 1
    assert "counts as constant (0)" in found.notes[0]


def test_options_are_those_of_load_data() -> None:
    found = inspect(np.eye(40), validation=0.25, test=0.5, labels=np.arange(40) % 2)
    assert found.counts == {"train": 10, "validation": 10, "test": 20}
    assert found.classes == {"0": 20, "1": 20}
    assert inspect(np.zeros((9, 4, 4)), resize=2).shape == (1, 2, 2)


def test_what_cannot_be_read_at_all_is_refused() -> None:
    with pytest.raises(DataError, match="no such file"):
        inspect("nowhere.npy")
