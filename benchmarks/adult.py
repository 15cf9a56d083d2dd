"""The Adult census table (Becker and Kohavi, 1996, doi:10.24432/C5XW20) as an array and a description of its columns.

14 columns of every kind, 0.9 % of the cells missing; the income, above or below 50,000 dollars, as labels.
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from latentia import load_data
from latentia.columns import Column, ColumnKind
from latentia.data import Dataset

COLUMNS: dict[str, ColumnKind] = {
    "age": "count",
    "workclass": "categorical",
    "fnlwgt": "positive",
    "education": "categorical",
    "education-num": "ordinal",
    "marital-status": "categorical",
    "occupation": "categorical",
    "relationship": "categorical",
    "race": "categorical",
    "sex": "categorical",
    "capital-gain": "count",
    "capital-loss": "count",
    "hours-per-week": "count",
    "native-country": "categorical",
}
"""Name and kind of each column."""
_MISSING = "?"


@dataclass(frozen=True)
class Adult:
    """The table.

    Attributes:
        train: `[32561, 14]` float64, NaN where a cell is missing; categories as codes.
        test: `[16281, 14]`.
        train_income: `[32561]`, `<=50K` or `>50K`.
        test_income: `[16281]`.
        columns: Names, kinds and categories.
    """

    train: npt.NDArray[np.float64]
    test: npt.NDArray[np.float64]
    train_income: npt.NDArray[np.str_]
    test_income: npt.NDArray[np.str_]
    columns: tuple[Column, ...]


def read_adult(folder: Path) -> Adult:
    """Read the original text files.

    Args:
        folder: Holds `adult.data.gz` and `adult.test.gz`.

    Returns:
        The table; categories are numbered in the order of their names.
    """
    train, test = (_lines(folder / f"adult.{part}.gz") for part in ("data", "test"))
    columns: list[Column] = []
    arrays: tuple[list[npt.NDArray[np.float64]], ...] = ([], [])
    for i, (name, kind) in enumerate(COLUMNS.items()):
        words = [[line[i] for line in lines] for lines in (train, test)]
        found = sorted({word for part in words for word in part} - {_MISSING}, key=lambda word: _rank(word, kind))
        labels = tuple(found) if kind in ("categorical", "ordinal") else ()
        columns.append(Column(name, kind, labels))
        for values, part in zip(arrays, words, strict=True):
            values.append(_numbers(part, labels))
    return Adult(
        train=np.stack(arrays[0], 1),
        test=np.stack(arrays[1], 1),
        train_income=_incomes(train),
        test_income=_incomes(test),
        columns=tuple(columns),
    )


def load_adult(folder: Path, *, test_rows: int | None = None) -> Dataset:
    """Adult as a data set: a tenth of the training rows held out for validation, the test rows as they come.

    Args:
        folder: As for `read_adult`.
        test_rows: Only so many test rows, drawn at random; None for all.

    Returns:
        The data, labelled with the income.
    """
    adult = read_adult(folder)
    chosen = np.random.default_rng(0).permutation(len(adult.test))[:test_rows]
    return load_data(
        adult.train,
        labels=adult.train_income,
        test=(adult.test[chosen], adult.test_income[chosen]),
        columns=adult.columns,
        missing=True,
    )


def _lines(path: Path) -> list[list[str]]:
    # the test file begins with a line that is no row, and both end with an empty one
    with gzip.open(path, "rt", encoding="ascii", newline="") as file:
        return [line for line in csv.reader(file, skipinitialspace=True) if len(line) == len(COLUMNS) + 1]


def _incomes(lines: Sequence[Sequence[str]]) -> npt.NDArray[np.str_]:
    return np.array([line[-1].rstrip(".") for line in lines])


def _rank(word: str, kind: ColumnKind) -> tuple[int, str]:
    return (int(word), "") if kind == "ordinal" else (0, word)


def _numbers(words: Sequence[str], labels: Sequence[str]) -> npt.NDArray[np.float64]:
    code = {label: float(i) for i, label in enumerate(labels)}
    return np.array([np.nan if word == _MISSING else code[word] if code else float(word) for word in words])
