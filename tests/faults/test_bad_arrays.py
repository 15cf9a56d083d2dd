"""Arrays that are no data: refused in one line that says what was found and what would work."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from latentia.data import load_data
from latentia.errors import DataError


def refusal(source: Any, **options: Any) -> str:
    with pytest.raises(DataError) as caught:
        load_data(source, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("x", "named"),
    [
        (np.zeros((4, 2), complex), "complex numbers (complex128)"),
        (np.array([[None, 1]] * 4), "Python objects (object)"),
        (np.zeros((4, 2), "M8[s]"), "dates (datetime64[s])"),
        (np.zeros((4, 2), "m8[s]"), "time differences (timedelta64[s])"),
        (np.array([["1", "2"]] * 4), "text (<U1)"),
        (np.array([[b"1", b"2"]] * 4), "byte strings (|S1)"),
        (np.zeros(4, [("a", "f4")]), "records"),
        (torch.zeros(4, 2, dtype=torch.complex64), "complex numbers (torch.complex64)"),
        (torch.zeros(4, 2).to_sparse(), "sparse or quantised tensor"),
        (object(), "Python objects (object)"),
    ],
)
def test_values_that_are_no_real_numbers_are_named(x: Any, named: str) -> None:
    assert named in refusal(x)


@pytest.mark.parametrize(
    "shape", [(), (4, 5, 6, 7), (4, 2, 5, 5), (4, 4, 5, 5), (4, 5, 5, 2), (4, 1, 1, 1, 1), (4, 2, 3, 4, 5)]
)
def test_other_shapes_are_refused_with_those_that_work(shape: tuple[int, ...]) -> None:
    message = refusal(np.zeros(shape))
    assert f"shape {shape}" in message
    assert "(N, H, W, C) or (N, C, H, W)" in message


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        ((0, 3), "no rows"),
        ((3, 0), "no columns"),
        ((0,), "no rows"),
        ((5, 0, 4), "empty dimension"),
        ((0, 4, 4), "no rows"),
    ],
)
def test_nothing_is_refused(shape: tuple[int, ...], said: str) -> None:
    assert said in refusal(np.zeros(shape))


@pytest.mark.parametrize("rows", [1, 2])
def test_too_few_rows(rows: int) -> None:
    assert "give at least 3 rows" in refusal(np.zeros((rows, 2)))


def test_one_row_is_enough_where_the_splits_are_given() -> None:
    x = np.ones((1, 2))
    assert load_data(x, validation=x, test=x).spec.counts == {"train": 1, "validation": 1, "test": 1}


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", ["f2", "f4", ">f8"])
def test_a_hole_is_named_by_row_and_column(value: float, dtype: str) -> None:
    x = np.ones((50, 3), dtype)
    x[17, 2] = x[30, 0] = value
    assert f"row 17, column 2 (counted from 0) is {x[17, 2]}; 2 values are not finite" in refusal(x)


def test_a_hole_in_a_picture_is_named_by_pixel() -> None:
    x = np.ones((3000, 3, 20, 20), np.float32)  # several blocks
    x[2718, 1, 4, 3] = np.nan
    assert "row 2718, channel 1, pixel (y=4, x=3) (counted from 0) is nan; 1 value is not finite" in refusal(x)


def test_a_hole_in_another_split_is_named_by_split() -> None:
    good, bad = np.ones((5, 2)), np.full((5, 2), np.nan)
    assert "(test): row 0, column 0" in refusal(good, test=bad)


def test_long_doubles_beyond_doubles_are_infinite() -> None:
    x = np.ones((5, 2), np.longdouble)
    x[3, 1] = np.longdouble("1e4000")
    assert "row 3, column 1" in refusal(x)


def test_whole_numbers_beyond_floats_are_suspected_identifiers() -> None:
    x = np.array([[2**60 + 1, 1], [2**60 + 2, 2], [3, 3]])
    assert "identifiers?" in refusal(x)


def test_masked_values_are_holes() -> None:
    assert "masked values" in refusal(np.ma.masked_less(np.arange(6.0).reshape(3, 2), 1))
    assert load_data(np.ma.masked_less(np.arange(1.0, 7).reshape(3, 2), 0)).spec.shape == (2,)


def test_ragged_lists() -> None:
    assert "is no array" in refusal([[1.0], [2.0, 3.0], [4.0]])


def test_splits_of_other_shapes() -> None:
    assert "different shapes (train (5, 2), test (5, 3))" in refusal(np.ones((5, 2)), test=np.ones((5, 3)))


@pytest.mark.parametrize(
    "source", ["no/such/file.npy", "mnits", "nothing.npz:key", "", "a\0b", "x" * 5000, "~nobody-of-that-name/x", "."]
)
def test_a_source_that_is_not_there(source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    message = refusal(source)
    assert "no such file" in message or (source == "." and "has no images in it" in message)
    assert len(message) < 600


def test_a_misspelt_name_is_answered_with_the_names() -> None:
    assert "(digits, mnist, fashion-mnist)" in refusal("mnits")
