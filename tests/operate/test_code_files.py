"""Codes come back from every format bit for bit; what is no table of codes is refused by name."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from latentia.errors import ConfigurationError, DataError, MissingExtraError
from latentia.operate import check_codes_path, read_codes, write_codes

NAMES = ("z[0]", "z[1]", "z[2]")
AWKWARD = torch.tensor([[0.1, -0.0, 1e-45], [3.4028235e38, -1e-38, 1 / 3], [16777217.0, 2.5, -7.0]])
FORMATS = [".npy", ".csv", ".parquet"]


@pytest.mark.parametrize("suffix", FORMATS)
def test_codes_come_back_bit_for_bit(tmp_path: Path, suffix: str) -> None:
    path = write_codes(tmp_path / "new" / f"codes{suffix}", AWKWARD, NAMES)
    back = read_codes(path)
    assert back.dtype == torch.float32
    assert torch.equal(back.view(torch.int32), AWKWARD.view(torch.int32))


def test_columns_have_names(tmp_path: Path) -> None:
    import pyarrow.parquet

    assert write_codes(tmp_path / "c.csv", AWKWARD, NAMES).read_text().splitlines()[0] == "z[0],z[1],z[2]"
    assert pyarrow.parquet.read_table(write_codes(tmp_path / "c.parquet", AWKWARD, NAMES)).column_names == list(NAMES)


@pytest.mark.parametrize("suffix", FORMATS)
def test_equal_codes_are_equal_files(tmp_path: Path, suffix: str) -> None:
    first = write_codes(tmp_path / f"a{suffix}", AWKWARD, NAMES).read_bytes()
    assert first == write_codes(tmp_path / f"b{suffix}", AWKWARD, NAMES).read_bytes()


def test_a_failed_write_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "codes.csv"
    path.write_text("precious")
    with pytest.raises(ConfigurationError, match="3 names"):
        write_codes(path, AWKWARD[:, :2], NAMES)
    assert path.read_text() == "precious"
    assert list(tmp_path.iterdir()) == [path]


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match="cannot be written"):
        write_codes(tmp_path / "file" / "codes.npy", AWKWARD, NAMES)
    (tmp_path / "folder.npy").mkdir()
    with pytest.raises(ConfigurationError, match=r"folder\.npy cannot be written"):
        write_codes(tmp_path / "folder.npy", AWKWARD, NAMES)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder.npy"]


@pytest.mark.parametrize("name", ["codes.txt", "codes", "codes.npz"])
def test_other_formats_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigurationError, match=r"\.npy, \.csv, \.parquet"):
        check_codes_path(tmp_path / name)
    with pytest.raises(DataError, match=r"\.npy, \.csv, \.parquet"):
        read_codes(tmp_path / name)


def test_parquet_without_its_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_codes(tmp_path / "codes.parquet", AWKWARD, NAMES)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    for action in (lambda: check_codes_path(path), lambda: read_codes(path), lambda: write_codes(path, AWKWARD, NAMES)):
        with pytest.raises(MissingExtraError, match=r"latentia\[parquet\]"):
            action()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "0 lines"),
        ("a,b\n", "1 lines"),
        ("a,b\n1,2\n3\n", "line 3: 1 fields, and the header has 2"),
        ("a,b\n1,x\n", "line 2, column 'b': 'x' is not a number"),
        ("1,2\n3,4\n", "line 1: a header"),
        ("a,b\n1,nan\n", "row 0, column 1"),
        ("a,b\n1,1e999\n", "row 0, column 1"),
        ('a,b\n1,"2\n', "no valid CSV"),
        ("a;b\n1,5;2\n", "line 2: 2 fields"),
    ],
)
def test_bad_tables_are_named(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "codes.csv"
    path.write_text(text)
    with pytest.raises(DataError, match=complaint) as caught:
        read_codes(path)
    assert "codes.csv" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_byte_order_mark_is_no_part_of_a_name(tmp_path: Path) -> None:
    path = tmp_path / "codes.csv"
    path.write_bytes("\ufeffa,b\n1,2\n".encode())
    assert read_codes(path).tolist() == [[1.0, 2.0]]


def test_bad_arrays_are_named(tmp_path: Path) -> None:
    path = tmp_path / "codes.npy"
    np.save(path, np.zeros((2, 3, 4)))
    with pytest.raises(DataError, match=r"shape \(2, 3, 4\)"):
        read_codes(path)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(DataError, match="truncated"):
        read_codes(path)
    with pytest.raises(DataError, match="no such file"):
        read_codes(tmp_path / "none.npy")


def test_bad_parquet_is_named(tmp_path: Path) -> None:
    import pyarrow
    import pyarrow.parquet

    path = tmp_path / "codes.parquet"
    path.write_bytes(b"PAR1 and nothing else")
    with pytest.raises(DataError, match="no valid Parquet"):
        read_codes(path)
    pyarrow.parquet.write_table(pyarrow.table({"a": ["x"]}), path)
    with pytest.raises(DataError, match="column 'a' holds string"):
        read_codes(path)
    pyarrow.parquet.write_table(pyarrow.table({"a": [1.0, None]}), path)
    with pytest.raises(DataError, match="1 missing values"):
        read_codes(path)
