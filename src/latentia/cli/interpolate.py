"""`latentia interpolate`."""

from __future__ import annotations

from typing import Annotated, Literal

from cyclopts import Parameter

from latentia.cli.answer import Answer
from latentia.cli.options import FLAGS, OPENING, WRITING, Flags, Opening, Resize, Rows, RunFolder, Split, Writing

EXAMPLES = """\
  latentia interpolate runs/digits-vae-1 --from 0 --to 7
  latentia interpolate runs/digits-vae-1 --from 0 --to 7 --how spherical
  latentia interpolate runs/digits-vae-1 rows.npy --to -1 --out way.npy\
"""
KEYS = "run, data, split, path, from, to, how, steps, shape"


def interpolate(
    run: RunFolder,
    data: Rows = None,
    /,
    *,
    start: Annotated[int, Parameter(name="--from", help="Number of the row to start at, from 0")] = 0,
    end: Annotated[int, Parameter(name="--to", help="Number of the row to end at")] = 1,
    how: Annotated[
        Literal["linear", "spherical"], Parameter(help="A straight line, or an arc that keeps the codes' length")
    ] = "linear",
    steps: Annotated[int, Parameter(help="Points on the way, the ends included")] = 9,
    split: Split = None,
    resize: Resize = None,
    writing: Writing = WRITING,
    opening: Opening = OPENING,
    flags: Flags = FLAGS,
) -> Answer:
    """Go from one row of data to another through the latent space.

    Pictures are written as a strip (.png) or arrays (.npy, .npz); other data as tables (.csv, .parquet) or arrays.
    """
    from latentia.cli.opened import at, opened, rows_of
    from latentia.cli.outputs import destination, usual_suffix
    from latentia.operate import interpolate as way
    from latentia.operate import write_grid

    with opened(run, opening) as loaded:
        path = destination(writing, run, "interpolation", usual_suffix(loaded.spec))
        rows = rows_of(loaded, data, split=split, resize=resize)
        x = way(loaded.model, at(rows, start), at(rows, end), steps=steps, how=how)
        write_grid(path, x, loaded.spec)
    values = {"run": run, "data": rows.name, "split": rows.split, "path": path, "from": start, "to": end}
    lines = [f"{steps} steps from row {start} to row {end} of {rows.words}, {how}: {path}"]
    return Answer({**values, "how": how, "steps": steps, "shape": tuple(x.shape)}, lines)
