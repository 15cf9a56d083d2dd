"""What the commands begin with: the model of a run on its device, and the rows to use it on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch

from latentia.cli.options import SPLITS, Opening
from latentia.data import Resident, load_rows
from latentia.data.spec import SPLITS as ORDER
from latentia.errors import ConfigurationError
from latentia.runs import Run, load
from latentia.train.device import resolve_device, threads


@contextmanager
def opened(folder: Path, opening: Opening) -> Iterator[Run]:
    """A scope with the run of a folder, its model on the device that was asked for.

    Args:
        folder: The run folder.
        opening: Which checkpoint, device and threads.

    Yields:
        The run.
    """
    if opening.threads is not None and opening.threads < 1:
        raise ConfigurationError(f"threads is {opening.threads}; give at least 1")
    with threads(opening.threads):
        run = load(folder, checkpoint=opening.checkpoint)
        run.model.to(resolve_device(opening.device))
        yield run


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows to use a model on.

    Attributes:
        source: The rows.
        name: Where they come from.
        split: Which of them.
    """

    source: Resident
    name: str
    split: str

    @property
    def words(self) -> str:
        """For people."""
        return f"{self.name}, {'all rows' if self.split == 'all' else f'{self.split} split'}"


def rows_of(run: Run, data: str | None, *, split: SPLITS | None, resize: int | None = None) -> Rows:
    """The rows that a command was given.

    Args:
        run: The run.
        data: A name or a path; None for the run's own data.
        split: Which rows; None for the test split of the run's own data, or all of `data`.
        resize: Side to which pictures of `data` are reduced; by default that of the run's own.

    Returns:
        The rows.

    Raises:
        DataError: They cannot be read, or are not of the kind that the model knows.
    """
    if data is not None:
        side = resize if resize is not None else run.settings.reading.get("resize")
        chosen = split or "all"
        return Rows(load_rows(data, run.spec, split=chosen, resize=side), data, chosen)
    if resize is not None:
        raise ConfigurationError("resize is for pictures that are given as DATA; the run's own are as they were")
    dataset = run.dataset()
    if split != "all":
        return Rows(dataset.split(split or "test"), run.spec.name, split or "test")
    parts = [dataset.split(name) for name in ORDER]
    return Rows(Resident(torch.cat([part.x for part in parts])), run.spec.name, "all")


def at(rows: Rows, index: int) -> torch.Tensor:
    """One row by its number.

    Args:
        rows: The rows.
        index: Its number, from 0; negative ones count from the end.

    Returns:
        `[1, *shape]`.

    Raises:
        ConfigurationError: There is no such row.
    """
    size = len(rows.source)
    if not -size <= index < size:
        raise ConfigurationError(f"there is no row {index}: {rows.words} has {size:,}, numbered from 0 to {size - 1:,}")
    return rows.source.x[index % size][None]


def at_least_one(name: str, number: int) -> int:
    """Pass a number of things through.

    Raises:
        ConfigurationError: It is below one.
    """
    if number < 1:
        raise ConfigurationError(f"{name} is {number}; give at least 1")
    return number
