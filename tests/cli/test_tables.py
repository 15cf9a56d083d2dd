"""Tables from the command line: what is seen of them, and what is trained on them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from latentia.columns import KINDS
from tests.cli.conftest import TINY
from tests.cli.shell import call
from tests.data.test_columns import gappy


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tables") / "table.npz"
    np.savez(path, x=gappy(), columns=np.array(KINDS), names=np.array(["a", "b", "c", "d", "e", "f"]))
    return path


def test_inspect_shows_columns_and_gaps(file: Path) -> None:
    text = call("inspect", file, "--missing").out
    assert "column: e, categorical, 4 categories" in text
    assert "of the values" in text
    assert "likelihood: table, because the columns are of different kinds" in text
    found = call("inspect", file, "--missing", "--columns", "auto", "--json").json
    assert [each["kind"] for each in found["columns"]] == ["real", "real", "count", "binary", "count", "count"]
    assert 0.1 < found["missing"] < 0.3
    assert "or read NaN as missing values (missing=True, --missing)" in call("inspect", file).out


def test_a_table_is_trained_on_and_measured(file: Path, tmp_path: Path) -> None:
    assert "--missing" in call("fit", file, "--out", tmp_path / "no").error
    assert "names 2 kinds" in call("fit", file, "--missing", "--columns", "real,count", "--out", tmp_path / "no").error
    folder = tmp_path / "run"
    done = call(
        "fit",
        file,
        "--recipe",
        "table_vae",
        "--missing",
        "--epochs",
        1,
        *TINY,
        "--out",
        folder,
        "--no-report",
        "--json",
    )
    assert done.status == 0, done.err
    assert "(1 real, 1 positive, 1 count, 1 binary, 1 categorical, 1 ordinal)" in done.err
    assert "of them missing" in done.err
    measured = call("evaluate", folder, "--num-samples", 3, "--json").json
    assert measured["units"] == "nats of density, per unit of the data"
    assert call("reconstruct", folder, "--out", tmp_path / "back.csv", "--json").json["mse"] >= 0
    header = (tmp_path / "back.csv").read_text().splitlines()[0]
    assert header == "a,b,c,d,e,f"
    again = call("fit", "--config", folder / "config.toml", "--out", tmp_path / "again", "--no-report", "--json")
    assert again.status == 0, again.err
