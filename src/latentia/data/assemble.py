"""From what a reader found to a data set: checked, divided, described."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch

from latentia.columns import Column
from latentia.data.arrays import as_rows
from latentia.data.dataset import Dataset
from latentia.data.describe import detect_values, moments, notes_on
from latentia.data.holes import count_missing, observed_range, require_observed
from latentia.data.labels import encode_labels
from latentia.data.reading import Array, Part, Reading
from latentia.data.resize import resized
from latentia.data.source import Resident
from latentia.data.spec import SPLITS, DataSpec, Kind, SplitName
from latentia.data.splits import DEFAULT_FRACTION, hold_out
from latentia.data.storage import counted, unify
from latentia.data.tables import resolve_columns, with_statistics
from latentia.errors import ConfigurationError, DataError


@dataclass(frozen=True, slots=True)
class Rows:
    """A reading whose splits have one shape; the values are not looked at yet.

    Args:
        kind: Pictures or columns.
        parts: `[N, C, H, W]` or `[N, D]` for each split given.
        notes: What was noticed.
    """

    kind: Kind
    parts: dict[SplitName, Array]
    notes: tuple[str, ...]


def arrange(reading: Reading, resize: int | None = None) -> Rows:
    """View every part as rows of one shape.

    Args:
        reading: What was read.
        resize: Side to which pictures are cropped and reduced, or None.

    Returns:
        The rows.

    Raises:
        DataError: Shapes that cannot be read, or that differ between splits.
        ConfigurationError: A size asked for what are no pictures.
    """
    views, kinds, notes = {}, set[Kind](), list(reading.notes)
    for split, part in reading.parts.items():
        what = reading.source if len(reading.parts) == 1 else f"{reading.source} ({split})"
        views[split], kind, noticed = as_rows(part.x, what)
        kinds.add(kind)
        notes.extend(noticed)
        if part.labels is not None and len(part.labels) != len(views[split]):
            raise DataError(
                f"{what}: {len(part.labels)} labels for {len(views[split])} rows; one label a row was expected"
            )
    if resize is not None:
        if kinds != {"image"}:
            raise ConfigurationError(f"resize is for pictures, but {reading.source} has columns; leave it out")
        views = {split: resized(view, resize) for split, view in views.items()}
    if len({view.shape[1:] for view in views.values()}) > 1:
        listed = ", ".join(f"{split} {view.shape}" for split, view in views.items())
        raise DataError(f"{reading.source}: the splits have rows of different shapes ({listed}); give them one shape")
    return Rows(kinds.pop(), views, tuple(notes))


def assemble(reading: Reading, fractions: Mapping[SplitName, float], *, seed: int, resize: int | None) -> Dataset:
    """Make a data set of what was read.

    Args:
        reading: What was read.
        fractions: Parts to hold out where the reading does not give the split; 10% where nothing is said.
        seed: Of the shuffle that decides which rows are held out.
        resize: Side to which pictures are cropped and reduced, or None.

    Returns:
        The data set; its tensors share no memory with anything else.

    Raises:
        DataError: Data that cannot be read or divided.
        ConfigurationError: Options that do not fit.
    """
    for split in fractions:
        if split in reading.parts:
            rows = len(reading.parts[split].x)
            raise ConfigurationError(
                f"{reading.source} comes with its own {split} split ({rows} rows); leave {split} out"
            )
    arranged = arrange(reading, resize)
    columns = columns_of(reading, arranged)
    parts, dtype_notes = unify(
        arranged.parts, arranged.kind, reading.source, missing=reading.missing, mixed=columns is not None
    )
    labels, classes, label_notes = read_labels(reading)
    missing: dict[SplitName, float] = {
        split: fractions.get(split, DEFAULT_FRACTION) for split in SPLITS if split not in parts and split != "train"
    }
    if missing:
        held = hold_out(len(parts["train"]), missing, seed=seed)
        whole, codes = parts["train"], labels.get("train")
        parts |= {split: whole[rows] for split, rows in held.items()}
        if codes is not None:
            labels |= {split: codes[rows] for split, rows in held.items()}
    # whatever still lies in somebody else's array is copied: it may change, or be read-only
    parts = {split: _own(parts[split], reading.parts.get(split)) for split in SPLITS}
    spec, spec_notes = _describe(reading, arranged, parts, classes, columns)
    sources = {
        split: Resident(torch.from_numpy(x), torch.from_numpy(labels[split]) if split in labels else None)
        for split, x in parts.items()
    }
    notes = (*arranged.notes, *dtype_notes, *label_notes, *spec_notes)
    return Dataset(spec=spec, **sources, notes=notes, skipped=reading.skipped)


def columns_of(reading: Reading, arranged: Rows) -> tuple[Column, ...] | None:
    """What each column of a mixed table is.

    Args:
        reading: What was read.
        arranged: The same as rows.

    Returns:
        A column each; None where nothing was said of columns, so that they are alike.

    Raises:
        ConfigurationError: Pictures have no columns; or not one kind for each column.
        DataError: Values that are not of their column's kind.
    """
    if reading.columns is None:
        return None
    if arranged.kind != "vector":
        raise ConfigurationError(f"columns are for tables, but {reading.source} has pictures; leave columns out")
    return resolve_columns(reading.columns, arranged.parts, reading.names, reading.source)


def _own(x: Array, part: Part | None) -> Array:
    return x.copy() if not x.flags.writeable or (part is not None and np.may_share_memory(x, part.x)) else x


def read_labels(reading: Reading) -> tuple[dict[SplitName, Array], tuple[str, ...] | None, tuple[str, ...]]:
    """The labels of a reading as codes.

    Args:
        reading: What was read.

    Returns:
        Codes `[N]` of each split that has labels, the names of the classes if there are any, and notes.

    Raises:
        DataError: Labels that the user named but that name no classes, or codes without a class.
    """
    given = {split: part.labels for split, part in reading.parts.items() if part.labels is not None}
    if not given:
        return {}, None, ()
    if reading.classes is not None:
        if any(each.dtype.kind not in "biu" for each in given.values()):
            raise DataError(f"{reading.source}: labels are whole numbers 0..{len(reading.classes) - 1} here")
        codes = {split: each.astype(np.int64) for split, each in given.items()}
        if any(each.size and not 0 <= each.min() <= each.max() < len(reading.classes) for each in codes.values()):
            raise DataError(f"{reading.source}: a label is outside 0..{len(reading.classes) - 1}")
        return codes, reading.classes, ()
    try:
        codes, classes = encode_labels(given)
    except DataError as error:
        if reading.labels_wanted:
            raise
        return {}, None, (f"labels left out: {error}",)
    return codes, classes, ()


def _describe(
    reading: Reading,
    arranged: Rows,
    parts: Mapping[SplitName, Array],
    classes: tuple[str, ...] | None,
    columns: tuple[Column, ...] | None,
) -> tuple[DataSpec, tuple[str, ...]]:
    train, names, kind = parts["train"], reading.names, arranged.kind
    shape = train.shape[1:]
    notes: tuple[str, ...] = ()
    if columns is not None:
        given = tuple(column.name for column in columns)
        names = names if names is None and given == tuple(f"x[{i}]" for i in range(len(columns))) else given
    require_observed(train, reading.source, names)
    if columns is not None:
        columns, notes = with_statistics(columns, train)
    values = detect_values(
        list(parts.values()),
        reading.levels,
        counted=counted(list(arranged.parts.values()), kind),
        pictures=kind == "image",
    )
    low, high = observed_range(train) or (0.0, 0.0)
    found = moments(train)
    support = values.support if columns is None else "mixed"
    spec = DataSpec(
        name=reading.name,
        kind=kind,
        shape=shape,
        dtype=train.dtype.name,
        support=support,
        levels=values.levels if columns is None else None,
        low=low,
        high=high,
        unit=values.unit if columns is None else 1.0,
        mean=tuple(found.mean.tolist()),
        std=tuple(found.std.tolist()),
        names=names,
        classes=classes,
        counts={split: len(x) for split, x in parts.items()},
        source=reading.source,
        digest=digest(parts),
        columns=columns,
        missing=sum(map(count_missing, parts.values())) / sum(x.size for x in parts.values()),
    )
    return spec, (*notes, *notes_on(names, found, support, kind))


def digest(parts: Mapping[SplitName, Array]) -> str:
    """SHA-256 over the names, shapes, dtypes and bytes of contiguous arrays, in the order of the splits."""
    hashed = hashlib.sha256()
    for split in SPLITS:
        x = parts[split]
        hashed.update(f"{split} {x.shape} {x.dtype.name}\n".encode())
        hashed.update(x.astype(x.dtype.newbyteorder("<"), copy=False).view(np.uint8).data)
    return hashed.hexdigest()
