"""Counts, mixed tables and missing values: described, told apart, refused by name."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import torch

from latentia.columns import KINDS, Column
from latentia.data import DataSpec, choose_likelihood, load_data, load_rows
from latentia.data.tables import infer_kind
from latentia.errors import ConfigurationError, DataError
from tests.data.specs import make_spec

NAN = np.nan
EVERY = (
    Column("size", "real"),
    Column("price", "positive", centre=1.5, spread=0.25),
    Column("visits", "count", centre=-0.5),
    Column("member", "binary"),
    Column("colour", "categorical", ("red", "green")),
    Column("grade", "ordinal", 4),
)


def table(rows: int = 60, *, seed: int = 0) -> Any:
    """A column of every kind, in the order of `KINDS`; the last is a copy of the one before."""
    rng = np.random.default_rng(seed)
    code = rng.integers(0, 4, rows)
    code[:4] = np.arange(4)
    columns = (rng.normal(size=rows), np.exp(rng.normal(size=rows)), rng.poisson(3.0, rows), code % 2, code, code)
    return np.stack([column.astype(float) for column in columns], axis=1)


def gappy(rows: int = 60) -> Any:
    x = table(rows)
    x[np.random.default_rng(1).random(x.shape) < 0.2] = NAN
    return x


def mixed(**changes: Any) -> DataSpec:
    fields: dict[str, Any] = {
        "shape": (6,),
        "support": "mixed",
        "mean": (0.0,) * 6,
        "std": (1.0,) * 6,
        "columns": EVERY,
        "missing": 0.25,
    }
    return make_spec(**fields | changes)


def test_a_description_of_columns_survives_json() -> None:
    spec = mixed(names=tuple(column.name for column in EVERY))
    back = DataSpec.from_json(spec.to_json())
    assert back == spec
    assert hash(back) == hash(spec)
    assert back.columns is not None
    assert back.columns[5].labels == ("0", "1", "2", "3")
    assert back.to_json() == spec.to_json()


def test_a_description_of_older_data_reads_and_is_written_as_ever() -> None:
    plain = make_spec().to_dict()
    assert not {"columns", "missing"} & set(plain)
    assert DataSpec.from_dict(plain) == make_spec()
    assert (make_spec().columns, make_spec().missing) == (None, 0.0)


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"columns": None}, "no columns described for mixed values"),
        ({"support": "real"}, "columns described for real values"),
        ({"columns": EVERY[:2]}, r"2 columns described for vector rows of shape \(6,\)"),
        ({"missing": 1.0}, "a share of 1.0 missing cells"),
        ({"missing": -0.5}, "a share of -0.5 missing cells"),
    ],
)
def test_columns_that_do_not_fit_are_refused(changes: dict[str, Any], complaint: str) -> None:
    with pytest.raises(DataError, match=complaint):
        mixed(**changes)


@pytest.mark.parametrize(
    ("column", "complaint"),
    [
        (3, "is no column"),
        ({"name": "a"}, "one has categories, centre, kind, name, spread"),
        ({"name": "a", "kind": "odd", "categories": [], "centre": 0, "spread": 1}, "'odd' is no kind of column"),
        ({"name": "a", "kind": "real", "categories": [1], "centre": 0, "spread": 1}, "unfit value"),
        ({"name": "a", "kind": "real", "categories": [], "centre": 0, "spread": 0}, "spread 0.0 are not possible"),
        ({"name": "a", "kind": "real", "categories": ["x", "y"], "centre": 0, "spread": 1}, "has no categories"),
        ({"name": "a", "kind": "ordinal", "categories": ["x"], "centre": 0, "spread": 1}, "at least two"),
        ({"name": "a", "kind": "ordinal", "categories": ["x", "x"], "centre": 0, "spread": 1}, "have one name"),
    ],
)
def test_a_column_that_is_none_is_refused(column: Any, complaint: str) -> None:
    plain = mixed().to_dict()
    plain["columns"][0] = column
    with pytest.raises(DataError, match=complaint):
        DataSpec.from_dict(json.loads(json.dumps(plain)))


@pytest.mark.parametrize(
    ("x", "support", "dtype"),
    [
        (np.array([[0, 3], [7, 1], [2, 2]]), "counts", "float32"),
        (np.array([[0, 300], [7, 1], [2, 2]], np.uint16), "counts", "float32"),
        (np.array([5, 3, 9]), "counts", "float32"),
        (np.array([[0, 1], [1, 1], [1, 0]]), "binary", "uint8"),
        (np.array([[0, 7], [7, 0], [0, 0]]), "binary", "float32"),
        (np.array([[0, 3], [7, 1], [2, 2]], np.uint8), "levels", "uint8"),
        (np.array([[0.0, 3], [7, 1], [2, 2]]), "real", "float64"),
        (np.array([[0, -3], [7, 1], [2, 2]]), "real", "float32"),
        (np.array([[0, 2**24 + 2], [7, 1], [2, 2]]), "real", "float64"),
        (np.full((3, 4, 4), 300) + np.arange(3)[:, None, None], "real", "float32"),
    ],
)
def test_counts_are_whole_numbers_from_zero_in_columns(x: Any, support: str, dtype: str) -> None:
    spec = load_data(x, validation=x, test=x).spec
    assert (spec.support, spec.dtype) == (support, dtype)


def test_counts_have_their_statistics_their_likelihood_and_a_note() -> None:
    x = np.random.default_rng(0).poisson(4.0, (50, 3))
    data = load_data(x, validation=x, test=x)
    assert data.spec.mean == pytest.approx(x.mean(0))
    assert (data.spec.levels, data.spec.unit, data.spec.low, data.spec.high) == (None, 1.0, 0.0, float(x.max()))
    choice = choose_likelihood(data.spec)
    assert choice.name == "negative_binomial"
    assert f"from 0, up to {x.max()} in" in choice.reason
    assert "taken as counts; give them as floats" in data.notes[0]
    assert torch.equal(data.train.x, torch.from_numpy(x).float())


def test_more_counts_for_a_model_are_counts() -> None:
    spec = load_data(np.random.default_rng(0).poisson(4.0, (50, 3))).spec
    assert load_rows(np.array([[1.0, 2.0, 900.0]]), spec).x.tolist() == [[1.0, 2.0, 900.0]]
    assert load_rows(np.array([[1, 2, 3]], np.uint8), spec).x.dtype == torch.float32
    for bad in ([[0.5, 1.0, 2.0]], [[-1, 0, 0]]):
        with pytest.raises(DataError, match="has whole numbers from 0; bring them to its scale"):
            load_rows(np.array(bad), spec)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([0, 1, 1], "binary"),
        ([NAN, 1, 0], "binary"),
        ([0, 0, 0], "binary"),
        ([1, 2, 2], "count"),
        ([0, 1, 2, 3, NAN], "count"),
        ([0, 10_000], "count"),
        ([0, 10_001], "real"),
        ([-1, 1], "real"),
        ([0, 0.5], "real"),
        ([0.5, 1.5], "real"),
        ([NAN, NAN], "real"),
    ],
)
def test_kinds_are_inferred_by_value_and_categories_never(values: list[float], kind: str) -> None:
    assert infer_kind([np.array(values)]) == kind


def test_every_split_counts_for_a_kind() -> None:
    assert infer_kind([np.array([0, 1]), np.array([2])]) == "count"


def test_columns_are_what_is_said_of_them() -> None:
    x = table()
    data = load_data(x, columns=KINDS, validation=x, test=x)
    spec = data.spec
    assert (spec.support, spec.dtype, spec.names, spec.missing) == ("mixed", "float64", None, 0.0)
    assert spec.columns is not None
    assert [column.kind for column in spec.columns] == list(KINDS)
    assert [column.size for column in spec.columns] == [0, 0, 0, 0, 4, 4]
    assert spec.columns[1].centre == pytest.approx(np.log(x[:, 1]).mean())
    assert spec.columns[1].spread == pytest.approx(np.log(x[:, 1]).std())
    assert spec.columns[2].centre == pytest.approx(np.log(x[:, 2].mean()))
    assert choose_likelihood(spec).name == "table"
    assert "1 real, 1 positive, 1 count, 1 binary, 1 categorical, 1 ordinal" in choose_likelihood(spec).reason
    assert load_data(x, columns=",".join(KINDS), validation=x, test=x).spec.columns == spec.columns
    auto = load_data(x, columns="auto").spec.columns
    assert auto is not None
    assert [column.kind for column in auto] == ["real", "real", "count", "binary", "count", "count"]


def test_columns_may_bring_names_and_categories() -> None:
    given: list[Any] = [
        "real",
        Column("price", "positive"),
        "count",
        "binary",
        Column("colour", "categorical", tuple("abcde")),
        "ordinal",
    ]
    spec = load_data(table(), columns=given).spec
    assert spec.columns is not None
    assert spec.columns[4].labels == tuple("abcde")
    assert spec.names == ("x[0]", "price", "x[2]", "x[3]", "colour", "x[5]")


def test_whole_numbers_of_any_type_may_be_columns() -> None:
    x = np.random.default_rng(0).integers(0, 2, (30, 2)).astype(np.uint8)
    spec = load_data(x, columns=["binary", "categorical"]).spec
    assert (spec.dtype, spec.support) == ("float32", "mixed")
    assert load_rows(x, spec).x.dtype == torch.float32


def test_a_positive_column_that_does_not_vary_is_restored_as_a_constant() -> None:
    x = table()
    x[:, 1] = 0.7
    data = load_data(x, columns=KINDS)
    assert data.spec.columns is not None
    assert data.spec.columns[1].kind == "real"
    assert any("'x[1]' is positive and does not vary" in note for note in data.notes)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (["real"], "names 1 kinds"),
        ("real,count", "names 2 kinds, but .* has 6 columns; give one for each, or auto"),
        (["real"] * 5 + ["odd"], "'odd' is no kind of column; there are real, positive, count"),
    ],
)
def test_a_list_of_columns_that_does_not_fit_is_refused(columns: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        load_data(table(), columns=columns)


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        (1, 0.0, r"column 'x\[1\]' \(positive\), row 7 \(counted from 0\), is 0; a number above 0 was expected"),
        (1, -2.0, "is -2; a number above 0"),
        (2, 1.5, "is 1.5; a whole number from 0"),
        (2, -1.0, "is -1; a whole number from 0"),
        (3, 2.0, "is 2; 0 or 1 was expected"),
        (4, 0.5, "is 0.5; a whole number from 0, the code of a category"),
        (5, -1.0, "is -1; a whole number from 0, the code of a category"),
        (4, 2e4, "codes up to 20000; more than 10000 are no categories"),
    ],
)
def test_a_value_that_is_not_of_its_kind_is_refused_by_row_and_column(column: int, value: float, message: str) -> None:
    x = table()
    x[7, column] = value
    with pytest.raises(DataError, match=message):
        load_data(x, columns=KINDS)


def test_an_unseen_category_is_refused_by_name() -> None:
    given: list[Any] = [
        "real",
        "positive",
        "count",
        "binary",
        Column("colour", "categorical", ("red", "green", "blue")),
        "ordinal",
    ]
    x = table()
    with pytest.raises(
        DataError, match=r"'colour' .* is 3, the code of no category: there are 0..2 \(red, green, blue\)"
    ):
        load_data(x, columns=given)
    x[:, 4] = np.arange(60) % 3
    spec = load_data(x, columns=given).spec
    assert load_rows(x[:5], spec).x.shape == (5, 6)
    more = x[:5].copy()
    more[2, 4] = 3
    with pytest.raises(DataError, match=r"column 'colour' \(categorical\), row 2 .* is 3, the code of no category"):
        load_rows(more, spec)


def test_pictures_have_no_columns() -> None:
    with pytest.raises(ConfigurationError, match=r"columns are for tables, but .* has pictures"):
        load_data(np.zeros((5, 4, 4)), columns="auto")


def test_a_split_of_its_own_is_named_in_a_refusal() -> None:
    x, bad = table(), table()
    bad[3, 3] = 5
    with pytest.raises(DataError, match=r"\(test\): column 'x\[3\]' \(binary\), row 3"):
        load_data(x, columns=KINDS, test=bad)
