"""What a reader hands over: the rows as they were found, before they are checked, divided and described."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

from latentia.data.spec import SplitName

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Part:
    """The rows of one split.

    Args:
        x: `[N, ...]` in any layout and dtype.
        labels: `[N]`, or None: codes where the reading names its classes, else anything that names a class.
    """

    x: Array
    labels: Array | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """The result of a reader.

    Args:
        name: Short name of the data set.
        source: The input as the user gave it.
        what: What was read, for people: "folder of 3,781 images".
        parts: The splits that were given; `train` alone when there are none.
        classes: Names of the labels where the reader knows them; the labels are then codes.
        names: Names of the columns, if they have any.
        levels: Number of levels where the format declares it (digits: 17).
        columns: What each column is, as the file or the user says it, for `resolve_columns`; None for columns alike.
        missing: Whether NaN is a missing value.
        labels_wanted: The user named the labels, so labels that name no classes are an error, not a note.
        notes: What was noticed.
        skipped: Files that could not be read, each with the reason.
    """

    name: str
    source: str
    what: str
    parts: dict[SplitName, Part]
    classes: tuple[str, ...] | None = None
    names: tuple[str, ...] | None = None
    levels: int | None = None
    columns: Any = None
    missing: bool = False
    labels_wanted: bool = False
    notes: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
