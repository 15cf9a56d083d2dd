"""Tables of numbers in files: `.npy`, `.csv` with a header, `.parquet`; read as they were written, bit for bit."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from latentia.data.files import open_plain, reason, shown
from latentia.data.numpy_files import read_npy
from latentia.errors import DataError
from latentia.operate.output_file import parquet

Table = npt.NDArray[Any]


def write_npy(file: BinaryIO, table: Table, names: Sequence[str]) -> None:
    """Write an array; names have no place in this format."""
    np.save(file, np.ascontiguousarray(table), allow_pickle=False)


def write_csv(file: BinaryIO, table: Table, names: Sequence[str]) -> None:
    """Write a header and one line a row, each number in the fewest digits that give it back exactly."""
    text = io.TextIOWrapper(file, encoding="utf-8", newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    # str of a NumPy number is the shortest decimal that rounds to it; of a Python float it would be that of float64.
    writer.writerows([str(number) for number in row] for row in table)
    text.flush()
    text.detach()


def write_parquet(file: BinaryIO, table: Table, names: Sequence[str]) -> None:
    """Write one column a name, in the table's dtype."""
    arrow, pq = parquet()
    columns = [arrow.array(np.ascontiguousarray(table[:, i])) for i in range(table.shape[1])]
    pq.write_table(arrow.Table.from_arrays(columns, names=list(names)), file)


def read_csv(path: Path) -> Table:
    """Read what `write_csv` wrote: a header, then numbers.

    Args:
        path: The file.

    Returns:
        `[N, L]` float64.

    Raises:
        DataError: Names the line and column that is no number.
    """
    with open_plain(path) as raw, io.TextIOWrapper(raw, encoding="utf-8-sig", newline="") as text:
        try:
            lines = list(csv.reader(text, strict=True))
        except (csv.Error, UnicodeDecodeError) as error:
            raise DataError(f"{shown(path)} is no valid CSV file: {reason(error)}") from error
    if len(lines) < 2:
        raise DataError(f"{shown(path)} has {len(lines)} lines; a header and at least one row were expected")
    if all(map(_is_number, lines[0])):
        raise DataError(
            f"{shown(path)}, line 1: a header with column names was expected, and numbers were found; add a header"
        )
    width = len(lines[0])
    table = np.empty((len(lines) - 1, width))
    for number, line in enumerate(lines[1:], start=2):
        if len(line) != width:
            raise DataError(f"{shown(path)}, line {number}: {len(line)} fields, and the header has {width}")
        for column, field in enumerate(line):
            if not _is_number(field):
                raise DataError(f"{shown(path)}, line {number}, column {lines[0][column]!r}: {field!r} is not a number")
            table[number - 2, column] = float(field)
    return table


def _is_number(field: str) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return True


def read_parquet(path: Path) -> Table:
    """Read a Parquet file whose columns are all numbers.

    Args:
        path: The file.

    Returns:
        `[N, L]` float64.

    Raises:
        DataError: Not such a file, or a column that is not of numbers.
        MissingExtraError: pyarrow is not installed.
    """
    arrow, pq = parquet()
    with open_plain(path) as raw:
        try:
            table = pq.read_table(raw)
        except (arrow.ArrowInvalid, OSError) as error:
            raise DataError(f"{shown(path)} is no valid Parquet file: {reason(error)}") from error
    columns = []
    for name, column in zip(table.column_names, table.columns, strict=True):
        if not (arrow.types.is_integer(column.type) or arrow.types.is_floating(column.type)):
            raise DataError(f"{shown(path)}, column {name!r} holds {column.type}; numbers were expected")
        if column.null_count:
            raise DataError(f"{shown(path)}, column {name!r} has {column.null_count} missing values")
        columns.append(np.asarray(column.to_numpy(), dtype=np.float64))
    if not columns:
        raise DataError(f"{shown(path)} has no columns")
    return np.stack(columns, axis=1)


def read_array(path: Path) -> Table:
    """Read a `.npy` file of numbers, without unpickling."""
    return read_npy(path, str(path)).parts["train"].x
