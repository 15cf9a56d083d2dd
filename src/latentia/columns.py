"""What a column of a table is: its name, the kind of its values and its categories. Imports no torch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, get_args

from latentia.errors import DataError

ColumnKind = Literal["real", "positive", "count", "binary", "categorical", "ordinal"]
"""Real numbers; numbers above 0; whole numbers from 0; 0 or 1; codes 0..C-1 without an order; codes with one."""
KINDS: tuple[ColumnKind, ...] = get_args(ColumnKind)
"""All kinds, in the order in which everything lists them."""
CODED: frozenset[ColumnKind] = frozenset({"categorical", "ordinal"})
"""The kinds whose numbers are codes of categories."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table.

    Args:
        name: What it is called.
        kind: What its numbers are.
        categories: Of codes alone: the names of the categories, code i being the i-th, or their number; then they are
            named by their codes. Empty where they shall be counted in the data.
        centre: What the training rows say of its logarithm, filled in when data are loaded: the mean of log x of a
            positive column, the log of the mean of a count, else 0.
        spread: The standard deviation of log x of a positive column, else 1.

    Raises:
        DataError: An unknown kind, or categories of what has none.

    >>> Column("job", "categorical", 3).labels, Column("age", "count").size
    (('0', '1', '2'), 0)
    """

    name: str
    kind: ColumnKind
    categories: tuple[str, ...] | int = ()
    centre: float = 0.0
    spread: float = 1.0

    def __post_init__(self) -> None:
        given = self.categories
        object.__setattr__(self, "categories", tuple(map(str, range(given) if isinstance(given, int) else given)))
        if self.kind not in KINDS:
            raise DataError(f"column {self.name!r}: {self.kind!r} is no kind of column; there are {', '.join(KINDS)}")
        if self.labels and self.kind not in CODED:
            raise DataError(f"column {self.name!r}: a {self.kind} column has no categories; leave them out")
        if self.size == 1:
            raise DataError(f"column {self.name!r}: one category says nothing; give at least two, or leave them out")
        if len(set(self.labels)) < len(self.labels):
            raise DataError(f"column {self.name!r}: two of its categories have one name")
        if not (math.isfinite(self.centre) and math.isfinite(self.spread) and self.spread > 0):
            raise DataError(f"column {self.name!r}: centre {self.centre} and spread {self.spread} are not possible")

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the categories."""
        assert isinstance(self.categories, tuple), "made one at construction"
        return self.categories

    @property
    def size(self) -> int:
        """Number of categories; 0 where there are none."""
        return len(self.labels)

    @property
    def coded(self) -> bool:
        """Whether its numbers are codes of categories."""
        return self.kind in CODED

    def to_dict(self) -> dict[str, Any]:
        """The column as plain JSON values."""
        plain = {field.name: getattr(self, field.name) for field in fields(self)}
        return plain | {"categories": list(self.labels)}

    @classmethod
    def from_dict(cls, plain: Any) -> Column:
        """Read what `to_dict` wrote.

        Args:
            plain: A mapping of JSON values.

        Returns:
            The column.

        Raises:
            DataError: It is none.
        """
        known = {field.name for field in fields(cls)}
        if not (isinstance(plain, Mapping) and set(plain) == known):
            raise DataError(f"data description: {str(plain)[:80]!r} is no column; one has {', '.join(sorted(known))}")
        labels = plain["categories"]
        numbers = (plain["centre"], plain["spread"])
        if not (
            isinstance(plain["name"], str)
            and isinstance(plain["kind"], str)
            and isinstance(labels, list)
            and all(isinstance(each, str) for each in labels)
            and all(isinstance(each, int | float) and not isinstance(each, bool) for each in numbers)
        ):
            raise DataError(f"data description: a column has an unfit value: {str(dict(plain))[:80]!r}")
        return cls(plain["name"], plain["kind"], tuple(labels), float(numbers[0]), float(numbers[1]))  # type: ignore[arg-type] # the kind is checked at construction


def listed(columns: tuple[Column, ...]) -> str:
    """How many columns of each kind, in words.

    >>> listed((Column("a", "real"), Column("b", "binary"), Column("c", "real")))
    '2 real, 1 binary'
    """
    kinds = [column.kind for column in columns]
    return ", ".join(f"{kinds.count(kind)} {kind}" for kind in KINDS if kind in kinds)
