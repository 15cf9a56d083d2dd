"""The description of data: it survives JSON, refuses what contradicts itself, and costs no import of torch."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latentia.data import DataSpec
from latentia.errors import DataError
from tests.data.specs import make_spec, pixels

finite = st.floats(allow_nan=False, allow_infinity=False)


@given(
    mean=st.lists(finite, min_size=1, max_size=4),
    low=finite,
    name=st.text(max_size=9),
    names=st.none() | st.just("columns"),
    rows=st.integers(1, 10**12),
)
def test_json_round_trip_is_equality(mean: list[float], low: float, name: str, names: str | None, rows: int) -> None:
    width = len(mean)
    spec = make_spec(
        name=name,
        shape=(width,),
        mean=tuple(mean),
        std=tuple(abs(each) for each in mean),
        low=low,
        names=None if names is None else tuple(f"{name}{i}" for i in range(width)),
        counts={"train": rows, "validation": 1, "test": 2},
    )
    back = DataSpec.from_json(spec.to_json())
    assert back == spec
    assert back.to_json() == spec.to_json()
    assert hash(back) == hash(spec)


def test_shapes_and_sizes_come_back_as_tuples_of_numbers() -> None:
    back = DataSpec.from_json(pixels().to_json())
    assert back.shape == (1, 2, 2)
    assert back.num_dims == 4
    assert make_spec().num_constant == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", 3),
        ("shape", [1.5]),
        ("shape", "3"),
        ("shape", [True, 2, 3]),
        ("levels", 2.5),
        ("low", "0"),
        ("low", True),
        ("mean", [None, 0, 0]),
        ("classes", [1, 2]),
        ("counts", {"train": "8", "validation": 1, "test": 1}),
        ("counts", [8, 1, 1]),
    ],
)
def test_ill_typed_fields_are_refused_by_name(field: str, value: Any) -> None:
    plain = make_spec().to_dict() | {field: value}
    with pytest.raises(DataError, match=f"'{field}' has an unfit value"):
        DataSpec.from_dict(plain)


def test_unknown_and_missing_fields_are_named() -> None:
    plain = make_spec().to_dict()
    del plain["digest"]
    with pytest.raises(DataError, match="missing or unknown fields: colour, digest"):
        DataSpec.from_dict(plain | {"colour": "red"})


def test_a_newer_format_is_named() -> None:
    with pytest.raises(DataError, match="format 2; this version of latentia reads format 1"):
        DataSpec.from_dict(make_spec().to_dict() | {"format": 2})


@pytest.mark.parametrize("text", ["", "[]", "3", "{", '{"low": NaN}', '{"low": Infinity}', "[" * 100_000])
def test_text_that_is_no_description_is_refused(text: str) -> None:
    with pytest.raises(DataError, match="data description"):
        DataSpec.from_json(text)


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"kind": "sound"}, "kind 'sound'"),
        ({"support": "odd"}, "support 'odd'"),
        ({"shape": (3, 1, 1)}, "does not fit kind"),
        ({"shape": (0,), "mean": (), "std": ()}, "empty dimension"),
        ({"mean": (0.0,)}, "1 means"),
        ({"std": (0.0,)}, "1 standard deviations"),
        ({"names": ("a",)}, "column names"),
        ({"counts": {"train": 1}}, "must name the splits"),
        ({"unit": 0.0}, "not positive"),
        ({"levels": 256}, "levels 256 for real"),
        ({"support": "levels"}, "levels None for levels"),
    ],
)
def test_fields_that_contradict_one_another_are_refused(changes: dict[str, Any], complaint: str) -> None:
    with pytest.raises(DataError, match=complaint):
        make_spec(**changes)


def test_counts_are_the_specs_own() -> None:
    counts = {"train": 8, "validation": 1, "test": 1}
    spec = make_spec(counts=counts)
    counts["train"] = 9
    assert spec.counts["train"] == 8
    assert replace(spec, name="other") != spec


def test_json_is_strict_json() -> None:
    assert json.loads(make_spec().to_json())["format"] == 1


def test_describing_data_imports_neither_torch_nor_numpy() -> None:
    code = (
        "import sys, latentia.data, latentia.data.spec, latentia.data.likelihood_choice;"
        "sys.exit('torch' in sys.modules or 'numpy' in sys.modules or 'PIL' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
