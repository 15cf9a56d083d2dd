"""Missing values, and columns that a file describes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from latentia.columns import KINDS
from latentia.data import load_data, load_rows
from latentia.data.inspect import inspect
from latentia.errors import ConfigurationError, DataError
from tests.data.test_columns import gappy, table

NAN = np.nan


def test_missing_values_are_refused_unless_they_are_asked_for() -> None:
    x = gappy()
    with pytest.raises(DataError, match=r"row \d+, column \d .* is nan; .*fill them, or read NaN as missing values"):
        load_data(x)
    with pytest.raises(DataError, match="--missing"):
        load_data(x, columns=KINDS)
    data = load_data(x, columns=KINDS, missing=True)
    assert data.spec.missing == pytest.approx(np.isnan(x).mean())
    everything = torch.cat([data.train.x, data.validation.x, data.test.x])
    assert int(everything.isnan().sum()) == int(np.isnan(x).sum())


def test_infinite_values_are_never_missing() -> None:
    x = gappy()
    x[4, 0] = np.inf
    with pytest.raises(
        DataError, match=r"row 4, column 0 \(counted from 0\) is inf; 1 value is not finite: remove or fill"
    ):
        load_data(x, missing=True)


def test_statistics_are_those_of_the_cells_that_were_observed() -> None:
    x = gappy()
    spec = load_data(x, validation=x, test=x, missing=True).spec
    assert spec.support == "real"
    assert spec.mean == pytest.approx(np.nanmean(x, 0), rel=1e-12)
    assert spec.std == pytest.approx(np.nanstd(x, 0), rel=1e-12)
    assert (spec.low, spec.high) == (np.nanmin(x), np.nanmax(x))


def test_complete_data_read_with_gaps_are_the_same_data() -> None:
    x = table()
    assert load_data(x, missing=True).spec == load_data(x).spec


def test_pictures_with_missing_pixels_keep_their_levels() -> None:
    x = np.random.default_rng(0).integers(0, 256, (20, 4, 4)).astype(float)
    x[:, 0, 0] = NAN
    spec = load_data(x, missing=True).spec
    assert (spec.support, spec.levels, spec.unit, spec.dtype) == ("levels", 256, 255.0, "float64")
    assert load_data(x / 255, missing=True).spec.support == "unit"
    assert load_data((x > 99).astype(float) + 0 * x, missing=True).spec.support == "binary"


def test_a_column_without_any_value_is_refused() -> None:
    x = table()
    x[:, 2] = NAN
    with pytest.raises(DataError, match=r"column 2 \(counted from 0\) has no value in the training rows"):
        load_data(x, missing=True)


def test_a_model_of_complete_rows_refuses_gaps_and_says_why() -> None:
    spec = load_data(table()).spec
    with pytest.raises(DataError, match="trained on complete rows"):
        load_rows(gappy(), spec)
    gaps = load_data(gappy(), missing=True).spec
    assert load_rows(gappy(), gaps).x.isnan().any()


def test_inspect_tells_of_columns_and_gaps() -> None:
    x = gappy()
    found = inspect(x)
    assert found.problem is not None
    assert (found.missing, found.columns, found.holes) == (None, None, int(np.isnan(x).sum()))
    found = inspect(x, columns="auto", missing=True)
    assert (found.problem, found.support, found.likelihood) == (None, "mixed", "table")
    assert found.missing == pytest.approx(np.isnan(x).mean())
    assert json.loads(found.to_json())["columns"][2] == {"name": "x[2]", "kind": "count", "categories": 0}


def test_text_beside_an_array_describes_its_columns(tmp_path: Path) -> None:
    x, names = gappy(), np.array(["size", "price", "visits", "member", "colour", "grade"])
    np.savez(tmp_path / "x.npz", x=x, columns=np.array(KINDS), names=names.astype("S"), y=np.arange(60) % 2)
    for source in (tmp_path / "x.npz", f"{tmp_path}/x.npz:x"):
        spec = load_data(source, missing=True).spec
        assert spec.columns is not None
        assert [column.kind for column in spec.columns] == list(KINDS)
        assert spec.names == tuple(names.tolist())
        assert spec.classes == ("0", "1")
    auto = load_data(tmp_path / "x.npz", columns="auto", missing=True).spec.columns
    assert auto is not None
    assert auto[4].kind == "count"
    np.savez(tmp_path / "named.npz", x=x, columns=names)
    spec = load_data(tmp_path / "named.npz", missing=True).spec
    assert (spec.names, spec.columns) == (tuple(names.tolist()), None)
    np.savez(tmp_path / "auto.npz", x=x, columns=np.array(["auto"]))
    assert load_data(tmp_path / "auto.npz", missing=True).spec.support == "mixed"


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (["real", "count"], "there are 2 kinds; .* for each of the 6 columns"),
        (["real"] * 5 + ["reel"], "'reel' is no kind of column"),
    ],
)
def test_kinds_in_a_file_that_do_not_fit_are_refused(tmp_path: Path, columns: list[str], message: str) -> None:
    np.savez(tmp_path / "x.npz", x=table(), columns=np.array(columns))
    with pytest.raises(DataError, match=message):
        load_data(tmp_path / "x.npz")


def test_numbers_called_names_are_data_as_ever(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", names=table())
    assert load_data(tmp_path / "x.npz").spec.shape == (6,)


def test_a_loaded_data_set_takes_no_options_any_more() -> None:
    data = load_data(table())
    for options in ({"columns": "auto"}, {"missing": True}):
        with pytest.raises(ConfigurationError, match="leave out labels, validation, test, resize, columns and missing"):
            load_data(data, **options)
