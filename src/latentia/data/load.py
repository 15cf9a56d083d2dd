"""`load_data`: any source of data as a data set with three splits; `load_rows`: more data for a model that is there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch

from latentia.data.admission import COMPLETE, admit
from latentia.data.arrays import as_array
from latentia.data.assemble import arrange, assemble, read_labels
from latentia.data.dataset import Dataset
from latentia.data.labels import flat_labels
from latentia.data.open_source import open_source
from latentia.data.reading import Part, Reading
from latentia.data.source import Resident
from latentia.data.spec import SPLITS, DataSpec, SplitName
from latentia.data.storage import unify
from latentia.data.tables import Columns
from latentia.errors import ConfigurationError, DataError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    DataSource = str | Path | ArrayLike | torch.Tensor
    HeldOut = float | ArrayLike | torch.Tensor | tuple[ArrayLike | torch.Tensor, ArrayLike | torch.Tensor]


def load_data(
    source: DataSource | Dataset,
    *,
    labels: ArrayLike | torch.Tensor | None = None,
    validation: HeldOut | None = None,
    test: HeldOut | None = None,
    seed: int = 0,
    resize: int | None = None,
    columns: Columns | None = None,
    missing: bool = False,
    workers: int | None = None,
) -> Dataset:
    """Load data from whatever they are in, with training, validation and test splits.

    Splits that the source brings along are kept. The others are held out of the training rows, by default 10% each.

    Args:
        source: A name (`digits`, `mnist`, `fashion-mnist`), a path (IDX, `.npy`, `.npz` or `FILE.npz:KEY`, a folder of
            images, a folder of MNIST's files), an array or tensor `[N, D]`, `[N]`, `[N, H, W]`, `[N, H, W, C]` or
            `[N, C, H, W]`, or a data set, which is returned as it is.
        labels: Of the rows of an array, `[N]`, whole numbers or text.
        validation: Part of the training rows to hold out, in (0, 1); or the rows themselves, with labels as
            `(rows, labels)`.
        test: The same for the test split.
        seed: Decides which rows are held out.
        resize: Side of the square to which pictures are cropped and reduced.
        columns: What each column of a table is: a list of kinds (`real`, `positive`, `count`, `binary`, `categorical`
            or `ordinal` with codes 0..C-1) or of `Column`, or `auto`, which takes zeros and ones for binary, other
            whole numbers from 0 to 10,000 for counts, and the rest for real numbers; categories are never guessed.
            Without it all columns are alike.
        missing: NaN is a missing value. Otherwise it is refused, with its row and column.
        workers: Threads that decode images; the result does not depend on it.

    Returns:
        The data set. Its tensors are contiguous and share memory with nothing.

    Raises:
        DataError: The data cannot be read; one line names the file, row or column and what was expected.
        ConfigurationError: Options that cannot work together.

    >>> data = load_data("digits")
    >>> data.spec.shape, data.spec.support, data.spec.levels, data.spec.counts
    ((1, 8, 8), 'levels', 17, {'train': 1437, 'validation': 180, 'test': 180})
    >>> load_data([[0.5, 1.0], [2.5, 3.0], [4.0, 5.0]]).train.x.shape
    torch.Size([1, 2])
    """
    if isinstance(source, Dataset):
        if missing or any(option is not None for option in (labels, validation, test, resize, columns)):
            raise ConfigurationError(
                "this data set is loaded already; leave out labels, validation, test, resize, columns and missing"
            )
        return source
    try:
        reading = open_source(source, resize=resize, workers=workers)
        reading, fractions = with_options(
            reading, labels, {"validation": validation, "test": test}, columns=columns, missing=missing
        )
        return assemble(reading, fractions, seed=seed, resize=resize)
    except MemoryError as error:
        raise DataError(f"{_name(source)} does not fit into memory; give a part of it") from error


def load_rows(
    source: DataSource,
    spec: DataSpec,
    *,
    split: SplitName | Literal["all"] = "all",
    resize: int | None = None,
    workers: int | None = None,
) -> Resident:
    """Load rows for a model that is trained already: in stored order, undivided, in the dtype of its training data.

    Args:
        source: As in `load_data`.
        spec: The data that the model was trained on.
        split: One of the splits that the source brings along, or all its rows, in the order train, validation, test.
        resize: Side of the square to which pictures are cropped and reduced.
        workers: Threads that decode images.

    Returns:
        The rows. Flat rows of the right number of dimensions are brought into the shape of the description.

    Raises:
        DataError: The data cannot be read, or are not of the kind that the model knows.
    """
    channels = spec.shape[0] if spec.kind == "image" and spec.shape[0] in (1, 3) else None
    reading = open_source(source, resize=resize, workers=workers, channels=channels)
    wanted = list(SPLITS) if split == "all" else [split]
    parts = {name: reading.parts[name] for name in wanted if name in reading.parts}
    if not parts:
        raise DataError(f"{reading.source} has no {split} split; it has {', '.join(reading.parts)}")
    arranged = arrange(replace(reading, parts=parts), resize)
    same = {name: x.reshape(len(x), *spec.shape) if _flat(x.shape, spec) else x for name, x in arranged.parts.items()}
    kind = spec.kind if spec.dtype == "uint8" else arranged.kind
    arrays, _ = unify(same, kind, reading.source, missing=spec.missing > 0, advice=COMPLETE)
    x = np.concatenate(list(arrays.values()))
    return Resident(
        admit(torch.from_numpy(x), spec, reading.source), _known_labels(replace(reading, parts=parts), spec)
    )


def _known_labels(reading: Reading, spec: DataSpec) -> torch.Tensor | None:
    """Labels in the codes of a description, if every row has one and the description knows each class."""
    codes, classes, _ = read_labels(reading)
    known = {name: code for code, name in enumerate(spec.classes or ())}
    if classes is None or len(codes) < len(reading.parts) or not known.keys() >= set(classes):
        return None
    to_known = np.array([known[name] for name in classes], np.int64)
    return torch.from_numpy(to_known[np.concatenate(list(codes.values()))])


def _flat(shape: tuple[int, ...], spec: DataSpec) -> bool:
    one_flat = spec.kind == "vector" or len(shape) == 2
    return shape[1:] != spec.shape and one_flat and int(np.prod(shape[1:])) == spec.num_dims


def with_options(
    reading: Reading,
    labels: Any,
    held: Mapping[SplitName, Any],
    *,
    columns: Columns | None = None,
    missing: bool = False,
) -> tuple[Reading, dict[SplitName, float]]:
    """Add the labels and splits that were given as arrays to what was read.

    Args:
        reading: What was read.
        labels: Of its rows, or None.
        held: What was given for `validation` and `test`: a fraction, rows, `(rows, labels)` or None.
        columns: What each column is; wins over what the file says.
        missing: Whether NaN is a missing value.

    Returns:
        The reading with them, and the fractions, which are left for later.

    Raises:
        DataError: Rows that are no array of numbers.
        ConfigurationError: A split that the source brings along already.
    """
    parts, fractions = dict(reading.parts), dict[SplitName, float]()
    wanted = reading.labels_wanted or labels is not None
    if labels is not None:
        if len(parts) > 1:
            raise ConfigurationError(f"{reading.source} comes in several splits; give labels with each, or not at all")
        parts["train"] = Part(parts["train"].x, flat_labels(labels, "train"))
    for split, given in held.items():
        if given is None:
            continue
        if isinstance(given, Real) and not isinstance(given, bool):
            fractions[split] = float(given)
            continue
        if split in parts:
            raise ConfigurationError(f"{reading.source} comes with its own {split} split; leave {split} out")
        rows, codes = given if isinstance(given, tuple) and len(given) == 2 else (given, None)
        wanted = wanted or codes is not None
        parts[split] = Part(as_array(rows, f"{split} data"), None if codes is None else flat_labels(codes, split))
    classes = None if labels is not None else reading.classes
    chosen = reading.columns if columns is None else columns
    return (
        replace(
            reading,
            parts=parts,
            classes=classes,
            labels_wanted=wanted,
            columns=chosen,
            missing=reading.missing or missing,
        ),
        fractions,
    )


def _name(source: object) -> str:
    return str(source) if isinstance(source, str | Path) else "the array"
