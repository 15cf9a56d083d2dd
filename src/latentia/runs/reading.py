"""A run's data: read for the first time, and read again from what its settings say."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from latentia.data import Dataset, DataSpec, load_data
from latentia.data.arrays import as_array
from latentia.data.numpy_files import read_npy
from latentia.data.open_source import NAMES
from latentia.errors import DataError
from latentia.runs.settings import Settings


def read_data(data: Any, reading: Mapping[str, Any]) -> Dataset:
    """Load data with the options of a run.

    Args:
        data: As `load_data` takes it.
        reading: `resize`, `validation`, `test`, `labels` (an array or a `.npy` file), `columns`, `missing`,
            `split_seed`; as far as given.

    Returns:
        The data.
    """
    options = dict(reading)
    seed = options.pop("split_seed", None)
    if isinstance(labels := options.get("labels"), str):
        options["labels"] = as_array(read_npy(Path(labels), labels).parts["train"].x, labels)
    return load_data(data, **options, **({} if seed is None else {"seed": seed}))


def name_of(data: Any, reading: Mapping[str, Any]) -> str | None:
    """What a configuration file calls the data, so that they can be read again from anywhere.

    Args:
        data: As it was given.
        reading: The options.

    Returns:
        A name as it is, a path made absolute; None where rows were handed over.
    """
    if not isinstance(data, str | Path) or not all(isinstance(value, str | int | float) for value in reading.values()):
        return None
    known = isinstance(data, str) and data.lower().replace("_", "-") in NAMES
    return str(data) if known else str(Path(data).expanduser().absolute())


def read_again(settings: Settings, spec: DataSpec, folder: Path) -> Dataset:
    """Read the data of a run again.

    Args:
        settings: The run's.
        spec: What the data were.
        folder: The run folder, for messages.

    Returns:
        The same data with the same splits.

    Raises:
        DataError: They have no name, cannot be read, or have changed.
    """
    if settings.data is None:
        raise DataError(
            f"the run in {folder} was trained on rows handed over from Python ({spec.source}), which cannot be read "
            "again; give the data"
        )
    dataset = read_data(settings.data, settings.reading)
    require_same(dataset, spec, folder)
    return dataset


def require_same(dataset: Dataset, spec: DataSpec, folder: Path) -> None:
    """Refuse data that are not those of a run.

    Args:
        dataset: What was read.
        spec: What the run's data were.
        folder: The run folder, for messages.

    Raises:
        DataError: They differ: the shape if that does, else the content.
    """
    if dataset.spec.digest == spec.digest:
        return
    now, then = dataset.spec, spec
    if now.shape != then.shape:
        what = f"rows of shape {now.shape}, and the run's had {then.shape}"
    elif now.counts != then.counts:
        what = f"{sum(now.counts.values()):,} rows, and the run's were {sum(then.counts.values()):,}"
    else:
        what = "other values or another division into splits than the run's (the digests differ)"
    raise DataError(f"{now.source} is not what the run in {folder} was trained on: it has {what}; give the same data")
