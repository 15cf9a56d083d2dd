"""What the exact models take in: the same numbers however they are stored, and the first bad one by its place."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from latentia.errors import DataError
from latentia.inference.matrix import constant_columns, real_matrix, real_vector

X = np.arange(12.0).reshape(4, 3)


def test_the_storage_does_not_matter() -> None:
    frozen = X.copy()
    frozen.flags.writeable = False
    stored = [
        torch.from_numpy(X),
        torch.from_numpy(X).float(),
        X.astype(">f8"),
        X.astype(np.int16),
        np.asfortranarray(X),
        X[::-1].copy()[::-1],  # negative strides
        frozen,
        X.tolist(),
    ]
    for each in stored:
        matrix = real_matrix(each)
        assert matrix.dtype == torch.float64
        np.testing.assert_array_equal(matrix.numpy(), X)


def test_numbers_whose_sum_overflows_are_finite_all_the_same() -> None:
    assert real_matrix([[1.5e308], [1.5e308]]).isfinite().all()


def test_missing_entries_pass_where_they_may_and_infinite_ones_never() -> None:
    holes = X.copy()
    holes[1, 2] = math.nan
    assert int(real_matrix(holes, missing=True).isnan().sum()) == 1
    with pytest.raises(DataError, match=r"x is nan at row 1 column 2 \(counted from 0; 1 such in all\)"):
        real_matrix(holes)
    holes[3, 0] = -math.inf
    with pytest.raises(DataError, match="x is -inf at row 3 column 0"):
        real_matrix(holes, missing=True)


def test_a_constant_is_one_up_to_rounding() -> None:
    rng = np.random.default_rng(0)
    noise = rng.normal(size=50)
    columns = np.column_stack([np.full(50, 1e9), 1e9 + noise, np.zeros(50), 0.1 + 0 * noise])
    assert constant_columns(real_matrix(columns)) == [0, 2, 3]


def test_what_is_no_array_of_numbers_is_refused() -> None:
    for bad, message in (
        ([["a"]], "not an array of real numbers"),
        ([[None]], "not an array of real numbers"),
        ([[1.0], [1.0, 2.0]], "not an array of real numbers"),
        (np.ones((2, 2), dtype=complex), "not an array of real numbers"),
        (np.ones((2, 0)), "no columns"),
        (np.ones((2, 2, 2)), "a matrix"),
    ):
        with pytest.raises(DataError, match=message):
            real_matrix(bad)
    with pytest.raises(DataError, match="a vector is expected"):
        real_vector(3.0, "t")
