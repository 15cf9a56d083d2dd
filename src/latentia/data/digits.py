"""The embedded data set: 1,797 handwritten digits of 8x8 pixels that scikit-learn carries."""

from __future__ import annotations

import gzip
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from latentia.data.reading import Array, Part, Reading


def read_digits() -> Reading:
    """Read the digits: whole numbers 0..16, ten classes, no network and no file of the user's.

    Returns:
        One part of 1,797 pictures in uint8.

    References:
        Alpaydin, Kaynak, Optical recognition of handwritten digits, UCI Machine Learning Repository, 1998,
        doi:10.24432/C50P49.
    """
    table = _table()
    return Reading(
        name="digits",
        source="digits",
        what="the embedded digits",
        parts={"train": Part(table[:, :-1].reshape(-1, 1, 8, 8).astype(np.uint8), table[:, -1].astype(np.int64))},
        classes=tuple("0123456789"),
        levels=17,
    )


def _table() -> Array:
    """`[1797, 65]`, the label last."""
    # importing scikit-learn takes seconds, reading its file hundredths; but the file's place is no promise of theirs
    package = find_spec("sklearn")
    for place in (package and package.submodule_search_locations) or ():
        if (path := Path(place) / "datasets" / "data" / "digits.csv.gz").is_file():
            with gzip.open(path, "rt", encoding="ascii") as file:
                return np.loadtxt(file, delimiter=",")
    return table_of_sklearn()


def table_of_sklearn() -> Array:
    """The same table from scikit-learn's own function."""
    from sklearn.datasets import load_digits

    pixels, labels = load_digits(return_X_y=True)
    return np.column_stack([pixels, labels])
