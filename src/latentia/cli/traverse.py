"""`latentia traverse`."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from cyclopts import Parameter

from latentia.cli.answer import Answer
from latentia.cli.options import FLAGS, OPENING, WRITING, Flags, Opening, RunFolder, WholeNumbers, Writing

_SHOWN = 10

EXAMPLES = """\
  latentia traverse runs/digits-vae-1
  latentia traverse runs/digits-vae-1 --dims 0,3,5 --span 2 --steps 11
  latentia traverse runs/digits-vae-1 --row 4 --out from-row-4.png\
"""
KEYS = "run, path, dims, names, span, steps, row, shape"


def traverse(
    run: RunFolder,
    /,
    *,
    dims: Annotated[
        tuple[int, ...],
        WholeNumbers,
        Parameter(
            show_default=False, help="Latent dimensions, numbered from 0, such as 0,3; by default the most active 10"
        ),
    ] = (),
    span: Annotated[
        float, Parameter(help="How far to each side, in standard deviations of the prior (without one, of the codes)")
    ] = 3.0,
    steps: Annotated[int, Parameter(help="Points along each way; with an odd number the middle one is the origin")] = 9,
    row: Annotated[
        int | None, Parameter(help="Start from the code of this row of the test split; by default the centre")
    ] = None,
    writing: Writing = WRITING,
    opening: Opening = OPENING,
    flags: Flags = FLAGS,
) -> Answer:
    """Move one latent dimension at a time, to see what it stands for.

    Pictures are written as a grid (.png) with a row for each dimension, or as arrays (.npy, .npz); other data as tables
    (.csv, .parquet) or arrays.
    """
    from latentia.cli.opened import at, opened, rows_of
    from latentia.cli.outputs import destination, usual_suffix
    from latentia.operate import Track, code_names, has_prior, track_of, write_grid
    from latentia.operate import traverse as along

    with opened(run, opening) as loaded:
        path = destination(writing, run, "traversals", usual_suffix(loaded.spec))
        chosen = dims or most_active(loaded.evidence.kl_per_dim if loaded.evidence else None, loaded.model.latent_dim)
        track = Track()
        if row is not None or not has_prior(loaded.model):
            rows = rows_of(loaded, None, split="test")
            track = track_of(loaded.model, rows.source.x)
            if row is not None:
                track = replace(track, origin=loaded.model.encode(at(rows, row))[0])
        x = along(loaded.model, dims=chosen, origin=track.origin, scale=track.scale, span=span, steps=steps)
        write_grid(path, x, loaded.spec)
        names = [code_names(loaded.model)[dim] for dim in chosen]
    values = {"run": run, "path": path, "dims": chosen, "names": names, "span": span, "steps": steps, "row": row}
    return Answer({**values, "shape": tuple(x.shape)}, [f"{', '.join(names)} from {-span:g} to {span:g}: {path}"])


def most_active(kl_per_dim: tuple[float, ...] | None, size: int) -> tuple[int, ...]:
    """The dimensions with the most KL, at most ten; the first ones where that is not known.

    >>> most_active((0.1, 2.0, 0.5), 3)
    (1, 2, 0)
    """
    order = range(size) if kl_per_dim is None else sorted(range(size), key=lambda dim: -kl_per_dim[dim])
    return tuple(order)[:_SHOWN]
