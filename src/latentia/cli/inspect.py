"""`latentia inspect`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from latentia.cli.answer import Answer
from latentia.cli.options import FLAGS, Flags

if TYPE_CHECKING:
    from latentia.data import Inspection

_SHOWN = 10

EXAMPLES = """\
  latentia inspect digits
  latentia inspect photos/ --resize 64
  latentia inspect rows.npz:x_train --json\
"""
KEYS = """\
source, what, name, kind, shape, stored_dtype, dtype, support, levels, low, high, holes, problem, given, counts, \
num_dims, constant, classes, likelihood, reason, digest, notes, skipped\
"""


def inspect(
    data: Annotated[str, Parameter(help="A name, a file (.npy, .npz, FILE.npz:KEY, IDX) or a folder of pictures")],
    /,
    *,
    resize: Annotated[int | None, Parameter(help="Side of the square that pictures are reduced to")] = None,
    validation: Annotated[float | None, Parameter(help="Part of the training rows held out for validation")] = None,
    test: Annotated[float | None, Parameter(help="Part of the training rows held out for the test")] = None,
    split_seed: Annotated[int, Parameter(help="Seed that decides which rows are held out")] = 0,
    flags: Flags = FLAGS,
) -> Answer:
    """Show what would be read from data, and which likelihood would be chosen.

    Everything is read, nothing is trained. Missing values are counted and shown here, and refused by `latentia fit`.
    """
    from latentia.data.inspect import inspect as look

    found = look(data, resize=resize, validation=validation, test=test, seed=split_seed)
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
