"""Text beside the array of an `.npz` file: names of its columns, and what each column is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from latentia.columns import KINDS
from latentia.data.reading import Array
from latentia.data.tables import AUTO
from latentia.errors import DataError

TEXTS = ("columns", "names")
"""Keys of text arrays that describe columns: their kinds (or their names), their names."""


@dataclass(frozen=True, slots=True)
class Described:
    """What a file says of its columns.

    Args:
        names: Names of the columns, or None.
        kinds: Their kinds, for `resolve_columns`, or None.
    """

    names: tuple[str, ...] | None = None
    kinds: tuple[str, ...] | str | None = None


def describes_columns(key: str, shape: tuple[int, ...], dtype: Any) -> bool:
    """Whether an array of a file is a list of texts about columns, and no data.

    Args:
        key: Its name.
        shape: Its shape.
        dtype: Its dtype.

    Returns:
        True for one dimension of text under `columns` or `names`.
    """
    return key in TEXTS and dtype.kind in "US" and len(shape) == 1 and dtype.itemsize > 0 and shape[0] > 0


def described(texts: Mapping[str, Array], width: int | None, name: str) -> Described:
    """Read what a file says of its columns.

    An array `columns` that holds no kinds at all is a list of names, as data frames call theirs.

    Args:
        texts: Text arrays by their key.
        width: Columns that there are; None where the data are no rows of columns.
        name: The file, for messages.

    Returns:
        Names and kinds.

    Raises:
        DataError: Not one kind for each column, or words that are no kinds among those that are.
    """
    lists = {key: tuple(_words(array)) for key, array in texts.items()}
    names, kinds = lists.get("names"), lists.get("columns")
    if kinds is not None and not any(kind in KINDS for kind in kinds) and kinds != (AUTO,):
        names, kinds = names or kinds, None
    if kinds is not None and kinds != (AUTO,):
        wrong = [kind for kind in kinds if kind not in KINDS]
        if wrong or len(kinds) != width:
            fault = f"{wrong[0]!r} is no kind of column" if wrong else f"there are {len(kinds)} kinds"
            raise DataError(
                f"{name}:columns: {fault}; one of {', '.join(KINDS)} was expected for each of the "
                f"{width or 'no'} columns"
            )
    fitting = names is not None and len(names) == width
    return Described(names if fitting else None, AUTO if kinds == (AUTO,) else kinds)


def _words(array: Array) -> list[str]:
    words: list[str | bytes] = array.tolist()
    return [word.decode("utf-8", "replace") if isinstance(word, bytes) else word for word in words]
