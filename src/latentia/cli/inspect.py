"""`latentia inspect`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from latentia.cli.answer import Answer
from latentia.cli.options import FLAGS, Flags

if TYPE_CHECKING:
    from latentia.data import Inspection

_SHOWN, _COLUMNS = 10, 40

EXAMPLES = """\
  latentia inspect digits
  latentia inspect photos/ --resize 64
  latentia inspect table.npz --columns auto --missing
  latentia inspect rows.npz:x_train --json\
"""
KEYS = """\
source, what, name, kind, shape, stored_dtype, dtype, support, levels, low, high, holes, missing, problem, given, \
counts, num_dims, constant, columns, classes, likelihood, reason, digest, notes, skipped\
"""


def inspect(
    data: Annotated[str, Parameter(help="A name, a file (.npy, .npz, FILE.npz:KEY, IDX) or a folder of pictures")],
    /,
    *,
    resize: Annotated[int | None, Parameter(help="Side of the square that pictures are reduced to")] = None,
    validation: Annotated[float | None, Parameter(help="Part of the training rows held out for validation")] = None,
    test: Annotated[float | None, Parameter(help="Part of the training rows held out for the test")] = None,
    columns: Annotated[str | None, Parameter(help="Kind of each column, with commas between; or auto")] = None,
    missing: Annotated[bool, Parameter(negative="", help="Take NaN for missing values")] = False,
    split_seed: Annotated[int, Parameter(help="Seed that decides which rows are held out")] = 0,
    flags: Flags = FLAGS,
) -> Answer:
    """Show what would be read from data, and which likelihood would be chosen.

    Everything is read, nothing is trained. Missing values are counted and shown here, and refused by `latentia fit`
    unless it is told of them (--missing).
    """
    from latentia.data.inspect import inspect as look

    found = look(
        data, resize=resize, validation=validation, test=test, columns=columns, missing=missing, seed=split_seed
    )
    return Answer(found.to_dict(), list(_lines(found)))


def _lines(found: Inspection) -> Iterator[str]:
    rows = ", ".join(f"{count:,} {split}" for split, count in (found.counts or found.given).items())
    yield f"{found.source}: {found.what}"
    yield f"rows: {rows}"
    shape = " x ".join(map(str, found.shape))
    yield f"each: {found.kind} of shape {shape}, stored as {found.stored_dtype}, kept as {found.dtype or 'nothing yet'}"
    if found.low is not None and found.high is not None:
        kind = f"{found.levels} levels" if found.support == "levels" else found.support or "not usable yet"
        yield f"values: {found.low:g} to {found.high:g} ({kind})"
    if found.missing:
        yield f"missing: {found.missing:.1%} of the values"
    for column in (found.columns or ())[:_COLUMNS]:
        codes = f", {column['categories']} categories" if column["categories"] else ""
        yield f"column: {column['name']}, {column['kind']}{codes}"
    if found.columns and len(found.columns) > _COLUMNS:
        yield f"column: {len(found.columns) - _COLUMNS:,} more"
    if found.constant:
        yield f"constant: {found.constant} of {found.shape[0]}"
    if found.classes:
        items = list(found.classes.items())
        more = f", and {len(items) - _SHOWN} more" if len(items) > _SHOWN else ""
        yield f"classes: {', '.join(f'{name} ({count:,})' for name, count in items[:_SHOWN])}{more}"
    if found.likelihood:
        yield f"likelihood: {found.likelihood}, because {found.reason}"
    for note in found.notes:
        yield f"note: {note}"
    for skipped in found.skipped[:_SHOWN]:
        yield f"skipped: {skipped}"
    if len(found.skipped) > _SHOWN:
        yield f"skipped: {len(found.skipped) - _SHOWN:,} more files"
    if found.problem:
        yield f"problem: {found.problem}"
