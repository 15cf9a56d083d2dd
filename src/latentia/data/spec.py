"""The description of a data set: all that a recipe, a report or a saved model needs to know of it. Imports no torch."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal, NoReturn, cast, get_args

from latentia.columns import Column
from latentia.errors import DataError

Kind = Literal["image", "vector"]
Support = Literal["binary", "levels", "unit", "real", "counts", "mixed"]
SplitName = Literal["train", "validation", "test"]

SPLITS: tuple[SplitName, ...] = get_args(SplitName)
"""The three splits, in the order in which everything lists them."""

_FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSpec:
    """What the data are: their shape, the values they take and the statistics of the training split.

    Args:
        name: Short name: `digits`, the stem of a file, the name of a folder.
        kind: Pictures, or rows of columns.
        shape: Shape of one row: `(C, H, W)` or `(D,)`.
        dtype: Type in which the rows are kept in memory: `uint8`, `float32` or `float64`.
        support: `binary` (0 and one other value), `levels` (whole numbers 0..levels-1), `unit` (reals in
            [0, 1]), `real`, `counts` (whole numbers from 0 without an upper level) or `mixed` (columns of different
            kinds).
        levels: Number of equally spaced levels (256 for 8-bit pixels, 2 for binary data), else None.
        low: Smallest value of the training split.
        high: Largest value of the training split.
        unit: The value that stands for 1: 255 for 8-bit pixels, 1 for real data.
        mean: Mean of each column, or of each channel of pictures, over the training split.
        std: Standard deviation likewise, over N; 0 marks a column that counts as constant.
        names: Names of the columns, if they have any.
        classes: Names of the labels, if there are any: label i is `classes[i]`.
        counts: Rows in each split.
        source: The input as the user gave it.
        digest: SHA-256 over the rows of all splits: equal digests are equal data.
        columns: What each column of a mixed table is, else None.
        missing: Share of the cells of all splits that are missing (NaN); above 0 a model must cope with such cells, at
            0 it refuses them.

    Raises:
        DataError: The fields contradict one another.
    """

    name: str
    kind: Kind
    shape: tuple[int, ...]
    dtype: str
    support: Support
    levels: int | None
    low: float
    high: float
    unit: float
    mean: tuple[float, ...]
    std: tuple[float, ...]
    names: tuple[str, ...] | None
    classes: tuple[str, ...] | None
    counts: Mapping[str, int] = field(hash=False)
    source: str
    digest: str
    columns: tuple[Column, ...] | None = None
    missing: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "counts", dict(self.counts))
        for broken, complaint in (
            (self.kind not in get_args(Kind), f"kind {self.kind!r} is none of {get_args(Kind)}"),
            (self.support not in get_args(Support), f"support {self.support!r} is none of {get_args(Support)}"),
            (
                len(self.shape) != (3 if self.kind == "image" else 1),
                f"shape {self.shape} does not fit kind {self.kind!r}",
            ),
            (any(size < 1 for size in self.shape), f"shape {self.shape} has an empty dimension"),
            (len(self.mean) != self.shape[0], f"{len(self.mean)} means for shape {self.shape}"),
            (len(self.std) != self.shape[0], f"{len(self.std)} standard deviations for shape {self.shape}"),
            (
                self.names is not None and len(self.names) != self.shape[0],
                f"column names do not fit shape {self.shape}",
            ),
            (set(self.counts) != set(SPLITS), f"counts {self.counts} must name the splits {SPLITS}"),
            (not self.unit > 0, f"unit {self.unit} is not positive"),
            (
                (self.levels is not None) != (self.support in ("binary", "levels")),
                f"levels {self.levels} for {self.support}",
            ),
            (
                (self.columns is not None) != (self.support == "mixed"),
                f"{'no ' * (self.columns is None)}columns described for {self.support} values",
            ),
            (
                self.columns is not None and (self.kind, len(self.columns)) != ("vector", self.shape[0]),
                f"{len(self.columns or ())} columns described for {self.kind} rows of shape {self.shape}",
            ),
            (not 0 <= self.missing < 1, f"a share of {self.missing} missing cells is not possible"),
        ):
            if broken:
                raise DataError(f"data description of {self.name!r}: {complaint}")

    @property
    def num_dims(self) -> int:
        """Numbers in one row, C*H*W or D: what bits per dimension are counted over."""
        return math.prod(self.shape)

    @property
    def num_constant(self) -> int:
        """Columns (or channels) that count as constant."""
        return sum(std == 0.0 for std in self.std)

    def to_dict(self) -> dict[str, Any]:
        """The description as plain JSON values, with the version of its format."""
        plain = {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}
        plain["columns"] = None if self.columns is None else [column.to_dict() for column in self.columns]
        # what says nothing is left out, so that a description of older data reads as it always did
        said = {key: value for key, value in plain.items() if key not in _OPTIONAL or value != _OPTIONAL[key]}
        return {"format": _FORMAT, **said}

    def to_json(self) -> str:
        """The description as JSON text; `from_json` gives back an equal one."""
        return json.dumps(self.to_dict(), allow_nan=False)

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> DataSpec:
        """Read what `to_dict` wrote.

        Args:
            plain: A mapping of JSON values.

        Returns:
            The description.

        Raises:
            DataError: A newer format, a missing, unknown or ill-typed field.
        """
        given = dict(plain)
        if (version := given.pop("format", None)) != _FORMAT:
            raise DataError(f"data description has format {version!r}; this version of latentia reads format {_FORMAT}")
        expected = {each.name for each in fields(cls)}
        given = {**_OPTIONAL, **given}
        if wrong := sorted(expected ^ set(given)):
            raise DataError(f"data description: missing or unknown fields: {', '.join(wrong)}")
        if bad := [name for name, value in given.items() if not _CHECKS[name](value)]:
            raise DataError(f"data description: field {bad[0]!r} has an unfit value {str(given[bad[0]])[:80]!r}")
        for name in ("shape", "mean", "std", "names", "classes"):
            number = float if name in ("mean", "std") else cast(Any, lambda value: value)
            given[name] = None if given[name] is None else tuple(number(value) for value in given[name])
        for name in ("low", "high", "unit", "missing"):
            given[name] = float(given[name])
        if given["columns"] is not None:
            given["columns"] = tuple(map(Column.from_dict, given["columns"]))
        return cls(**given)

    @classmethod
    def from_json(cls, text: str) -> DataSpec:
        """Read what `to_json` wrote.

        Args:
            text: JSON.

        Returns:
            The description.

        Raises:
            DataError: The text is no JSON object, or as in `from_dict`.
        """

        def refuse(constant: str) -> NoReturn:
            raise ValueError(f"{constant} is not a number")

        try:
            plain = json.loads(text, parse_constant=refuse)
        except (ValueError, RecursionError) as error:
            raise DataError(f"data description is not valid JSON: {error}") from error
        if not isinstance(plain, dict):
            raise DataError("data description is not a JSON object")
        return cls.from_dict(plain)


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: object) -> bool:
    return _is_int(value) or (isinstance(value, float) and math.isfinite(value))


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_list(value: object, check: Any) -> bool:
    return isinstance(value, list | tuple) and all(check(each) for each in value)


_OPTIONAL: dict[str, Any] = {"columns": None, "missing": 0.0}
"""Fields that may be absent, and what that means."""
_CHECKS: dict[str, Any] = {
    **dict.fromkeys(("name", "kind", "dtype", "support", "source", "digest"), _is_text),
    **dict.fromkeys(("low", "high", "unit", "missing"), _is_number),
    **dict.fromkeys(("mean", "std"), lambda value: _is_list(value, _is_number)),
    **dict.fromkeys(("names", "classes"), lambda value: value is None or _is_list(value, _is_text)),
    "columns": lambda value: value is None or isinstance(value, list | tuple),
    "shape": lambda value: _is_list(value, _is_int),
    "levels": lambda value: value is None or _is_int(value),
    "counts": lambda value: isinstance(value, dict) and _is_list(list(value.values()), _is_int),
}
