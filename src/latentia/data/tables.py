"""Columns of different kinds: which kind each is, whether its values are of it, and what its statistics are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

import numpy as np

from latentia.columns import KINDS, Column, ColumnKind
from latentia.data.reading import Array
from latentia.data.spec import SplitName
from latentia.errors import ConfigurationError, DataError

LARGEST_COUNT = 10_000
"""Whole numbers beyond this are no counts unless they are called so: such a column is rather an amount or a number."""
MOST_CATEGORIES = 10_000
"""More codes than this are no categories."""
AUTO = "auto"

Columns = str | Sequence[ColumnKind | Column]
"""`auto`, kinds in one text with commas between them, or a kind or a `Column` for each column."""

_EXPECTED = {
    "positive": "a number above 0",
    "count": "a whole number from 0",
    "binary": "0 or 1",
    "categorical": "a whole number from 0, the code of a category",
    "ordinal": "a whole number from 0, the code of a category",
}


def resolve_columns(
    given: Columns, parts: Mapping[SplitName, Array], names: tuple[str, ...] | None, what: str
) -> tuple[Column, ...]:
    """What each column is.

    With `auto` a column of zeros and ones is binary, one of whole numbers from 0 to 10,000 a count and any other real;
    missing cells do not matter. Nothing is taken for categories, for an order or for positive numbers unless it is
    called so: 0..7 may be a number of children or a marital status, and the numbers alone do not tell.

    Args:
        given: As the user gave it.
        parts: `[N, D]` of every split; NaN where a cell is missing.
        names: Names of the D columns, if they have any.
        what: The source, for messages.

    Returns:
        D columns, their categories known, their values checked.

    Raises:
        ConfigurationError: Not one kind for each column, or an unknown one.
        DataError: Values that are not of their column's kind.
    """
    arrays = list(parts.values())
    width = arrays[0].shape[1]
    called = names or tuple(f"x[{i}]" for i in range(width))
    if isinstance(given, str) and given.strip().lower() == AUTO:
        columns = tuple(Column(called[i], infer_kind([part[:, i] for part in arrays])) for i in range(width))
    else:
        asked = [each.strip() for each in given.split(",")] if isinstance(given, str) else list(given)
        if len(asked) != width:
            raise ConfigurationError(
                f"columns names {len(asked)} kinds, but {what} has {width} columns; give one for each, or auto"
            )
        columns = tuple(_column(each, name) for each, name in zip(asked, called, strict=True))
    columns = tuple(_counted(column, [part[:, i] for part in arrays]) for i, column in enumerate(columns))
    for split, part in parts.items():
        check_columns(part, columns, what if len(parts) == 1 else f"{what} ({split})")
    return columns


def _column(given: Any, name: str) -> Column:
    if isinstance(given, Column):
        return given
    if given not in KINDS:
        raise ConfigurationError(f"columns: {given!r} is no kind of column; there are {', '.join(KINDS)}, or auto")
    return Column(name, cast(ColumnKind, given))


def infer_kind(parts: Sequence[Array]) -> ColumnKind:
    """The kind of a column by its values alone; see `resolve_columns`.

    Args:
        parts: `[N]` of every split.

    Returns:
        `binary`, `count` or `real`.

    >>> infer_kind([np.array([0, 1, 1])]), infer_kind([np.array([0.0, np.nan, 3.0])]), infer_kind([np.array([0.5])])
    ('binary', 'count', 'real')
    """
    seen = np.concatenate([_seen(part) for part in parts])
    if not seen.size:
        return "real"
    if ((seen == 0) | (seen == 1)).all():
        return "binary"
    return "count" if seen.min() >= 0 and seen.max() <= LARGEST_COUNT and _whole(seen).all() else "real"


def _counted(column: Column, parts: Sequence[Array]) -> Column:
    """Numbers the categories of a column that does not say them: as many as the highest code of any split asks for."""
    if not column.coded or column.size:
        return column
    largest = max((float(seen.max()) for seen in map(_seen, parts) if seen.size), default=0.0)
    if largest >= MOST_CATEGORIES:
        raise DataError(
            f"column {column.name!r} has codes up to {largest:g}; more than {MOST_CATEGORIES} are no categories"
        )
    return replace(column, categories=max(2, int(largest) + 1))


def check_columns(x: Array, columns: Sequence[Column], what: str) -> None:
    """Refuse values that are not of their column's kind; missing cells (NaN) pass.

    Args:
        x: `[N, D]`.
        columns: D of them.
        what: The source, for messages.

    Raises:
        DataError: Names the row, the column, the value, and what was expected.
    """
    for i, column in enumerate(columns):
        values = x[:, i]
        good = _good(values, column)
        if good.all():
            continue
        row = int(np.argmin(good))
        value = f"{values[row]:g}"
        where = f"{what}: column {column.name!r} ({column.kind}), row {row} (counted from 0), is {value}"
        if column.size and _whole(values[row : row + 1]).all() and values[row] >= 0:
            shown = ", ".join(column.labels[:8]) + (", ..." if column.size > 8 else "")
            raise DataError(f"{where}, the code of no category: there are 0..{column.size - 1} ({shown})")
        raise DataError(f"{where}; {_EXPECTED[column.kind]} was expected")


def _good(values: Array, column: Column) -> Array:
    missing = np.isnan(values) if values.dtype.kind == "f" else np.zeros(values.shape, bool)
    match column.kind:
        case "real":
            return np.ones(values.shape, bool)
        case "positive":
            return missing | (values > 0)
        case "binary":
            return np.asarray(missing | (values == 0) | (values == 1))
        case "count":
            return missing | ((values >= 0) & _whole(values))
        case "categorical" | "ordinal":
            return missing | ((values >= 0) & (values < column.size) & _whole(values))


def with_statistics(columns: Sequence[Column], train: Array) -> tuple[tuple[Column, ...], tuple[str, ...]]:
    """Fill in what the training rows say of the logarithms of positive columns and counts.

    Args:
        columns: D of them.
        train: `[N, D]`, every column with at least one value.

    Returns:
        The columns, and notes: a positive column that does not vary becomes a real one, which is restored exactly.
    """
    filled = tuple(_described(column, _seen(train[:, i])) for i, column in enumerate(columns))
    changed = [old.name for old, new in zip(columns, filled, strict=True) if old.kind != new.kind]
    return filled, tuple(f"column {name!r} is positive and does not vary: taken as real" for name in changed)


def _described(column: Column, seen: Array) -> Column:
    if column.kind == "positive":
        logs = np.log(seen.astype(np.float64))
        spread = float(logs.std())
        if spread <= 1e-6:
            return replace(column, kind="real", centre=0.0, spread=1.0)
        return replace(column, centre=float(logs.mean()), spread=spread)
    if column.kind == "count":
        # a column of zeros alone: its rate starts low, not at nothing
        return replace(column, centre=float(np.log(max(float(seen.astype(np.float64).mean()), 1e-3))))
    return column


def _seen(values: Array) -> Array:
    return values[~np.isnan(values)] if values.dtype.kind == "f" else values


def _whole(values: Array) -> Array:
    return np.asarray(values == np.floor(values)) if values.dtype.kind == "f" else np.ones(values.shape, bool)
