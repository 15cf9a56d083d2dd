"""The same numbers are the same data set, whatever layout, byte order, dtype or container they come in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from latentia.data import load_data

Relayout = Callable[[Any], Any]

LAYOUTS: dict[str, Relayout] = {
    "fortran": np.asfortranarray,
    "big-endian": lambda x: x.astype(x.dtype.newbyteorder(">")),
    "negative strides": lambda x: np.flip(np.ascontiguousarray(np.flip(x))),
    "every second": lambda x: np.repeat(x, 2, axis=0)[::2],
    "read-only": lambda x: _locked(x.copy()),
    "broadcast": lambda x: np.broadcast_to(x[None], (1, *x.shape))[0],
    "torch": lambda x: torch.from_numpy(x.copy()),
    "torch transposed": lambda x: torch.from_numpy(np.ascontiguousarray(x.T)).permute(*reversed(range(x.ndim))),
    "with gradient": lambda x: torch.from_numpy(x.copy()).requires_grad_(x.dtype.kind == "f"),
    "list": lambda x: x.tolist() if x.dtype == np.float64 else x,
}


def _locked(x: Any) -> Any:
    x.flags.writeable = False
    return x


def _unaligned(x: Any) -> Any:
    raw = np.zeros(x.nbytes + 1, np.uint8)
    raw[1:] = np.frombuffer(x.tobytes(), np.uint8)
    return raw[1:].view(x.dtype).reshape(x.shape)


LAYOUTS["unaligned"] = _unaligned


def digest(x: Any) -> str:
    return load_data(x).spec.digest


shapes = st.one_of(
    hnp.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=5),
    st.tuples(st.integers(1, 5), st.sampled_from([1, 3]), st.integers(5, 6), st.integers(5, 6)),
    st.tuples(st.integers(1, 5), st.integers(5, 6), st.integers(5, 6), st.sampled_from([1, 3, 4])),
).map(lambda shape: (shape[0] + 2, *shape[1:]))


@pytest.mark.parametrize("layout", LAYOUTS)
@settings(max_examples=25, deadline=None)
@given(data=st.data(), shape=shapes, dtype=st.sampled_from(["uint8", "float32", "float64"]))
def test_layout_does_not_matter(layout: str, data: st.DataObject, shape: tuple[int, ...], dtype: str) -> None:
    elements = st.integers(0, 255) if dtype == "uint8" else st.floats(-100, 100, width=32)
    x = data.draw(hnp.arrays(dtype, shape, elements=elements))
    assert digest(LAYOUTS[layout](x)) == digest(x)


@pytest.mark.parametrize(
    "dtype", ["int8", "int16", ">i4", "int64", "uint16", "uint64", "float16", "float32", ">f8", "g"]
)
def test_pictures_of_whole_numbers_are_the_same_in_any_dtype(dtype: str) -> None:
    pixels = np.random.default_rng(0).integers(0, 128, (6, 4, 5), dtype=np.uint8)
    assert digest(pixels.astype(dtype)) == digest(pixels)
    assert load_data(pixels.astype(dtype)).spec.dtype == "uint8"


@pytest.mark.parametrize("dtype", ["int8", "int32", "int64", "float16", "float32", ">f4"])
def test_columns_of_small_whole_numbers_are_the_same_in_any_dtype(dtype: str) -> None:
    columns = np.random.default_rng(0).integers(-50, 50, (9, 3))
    assert digest(columns.astype(dtype)) == digest(columns)
    assert load_data(columns.astype(dtype)).spec.dtype == "float32"


@pytest.mark.parametrize("make", [np.array, torch.tensor])
def test_truth_values_are_binary(make: Callable[[Any], Any]) -> None:
    spec = load_data(make([[True, False], [False, True], [True, True]])).spec
    assert (spec.dtype, spec.support, spec.unit) == ("uint8", "binary", 1.0)
    assert digest(make([[True, False], [False, True], [True, True]])) == digest(np.array([[1, 0], [0, 1], [1, 1]]))


def test_bfloat16_is_read_as_float32() -> None:
    x = torch.randn(5, 3).to(torch.bfloat16)
    assert digest(x) == digest(x.float())


def test_channels_first_and_last_are_the_same() -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (6, 4, 5, 3), dtype=np.uint8)
    assert digest(pictures) == digest(np.moveaxis(pictures, 3, 1))
    assert load_data(pictures).spec.shape == (3, 4, 5)
    assert digest(pictures[..., :1]) == digest(pictures[..., 0])


def test_whole_numbers_that_float32_rounds_are_kept_in_float64() -> None:
    x = np.array([[2**24 + 1, 0], [5, 7], [1, 2]])
    data = load_data(x, seed=0)
    assert data.spec.dtype == "float64"
    values = torch.cat([data.train.x, data.validation.x, data.test.x]).flatten()
    assert 2**24 + 1 in values.tolist()


def test_one_dimension_is_one_column() -> None:
    assert load_data(np.linspace(-1, 2, 9)).spec.shape == (1,)


def test_an_ambiguous_order_of_channels_is_noted() -> None:
    data = load_data(np.random.default_rng(0).random((5, 3, 7, 3)))
    assert data.spec.shape == (3, 7, 3)
    assert "read with the channels first" in data.notes[0]


def test_the_data_set_shares_no_memory_with_what_was_given() -> None:
    x = np.random.default_rng(0).random((8, 3))
    data = load_data(x, validation=x, test=x)
    before = data.train.x.clone()
    x[:] = 0.0
    for split in (data.train, data.validation, data.test):
        assert torch.equal(split.x, before)
