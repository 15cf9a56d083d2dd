"""`latentia reconstruct`."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from latentia.cli.answer import Answer
from latentia.cli.options import FLAGS, OPENING, WRITING, Flags, Opening, Resize, Rows, RunFolder, Split, Writing

_COLUMNS = 10

EXAMPLES = """\
  latentia reconstruct runs/digits-vae-1
  latentia reconstruct runs/digits-vae-1 -n 50 --out pairs.png
  latentia reconstruct runs/digits-vae-1 rows.npy --out back.npy\
"""
KEYS = "run, data, split, path, num_examples, mse"


def reconstruct(
    run: RunFolder,
    data: Rows = None,
    /,
    *,
    num: Annotated[
        int | None,
        Parameter(name=["--num", "-n"], help="How many rows, the first ones; by default 20 in a .png, else all"),
    ] = None,
    split: Split = None,
    resize: Resize = None,
    mean: Annotated[
        bool, Parameter(negative="--draw", help="The mean of p(x|z) at the posterior's mean; --draw draws from p(x|z)")
    ] = True,
    seed: Annotated[int, Parameter(help="Seed of the draws")] = 0,
    writing: Writing = WRITING,
    opening: Opening = OPENING,
    flags: Flags = FLAGS,
) -> Answer:
    """Put data through a model and back.

    A .png shows rows of originals, each with its reconstructions below; arrays and tables hold reconstructions alone.
    """
    import torch

    from latentia.cli.opened import at_least_one, opened, rows_of
    from latentia.cli.outputs import destination, usual_suffix
    from latentia.data_model import seeded
    from latentia.evaluation.gaps import mean_error, squared_error
    from latentia.operate import check_data_path, write_data, write_grid

    if num is not None:
        at_least_one("num", num)
    with opened(run, opening) as loaded:
        path = destination(writing, run, "reconstructions", usual_suffix(loaded.spec))
        check_data_path(path, loaded.spec)
        rows = rows_of(loaded, data, split=split, resize=resize)
        drawing = path.suffix.lower() == ".png"
        x = rows.source.x[: num or (2 * _COLUMNS if drawing else len(rows.source))]
        with seeded(seed, loaded.model.device):
            back = loaded.model.reconstruct(x, mean=mean)
        mse = mean_error(squared_error(loaded.spec, back, x.cpu()))
        if drawing:
            columns = min(_COLUMNS, len(x))
            both = torch.stack([x.to(back.dtype).cpu(), back])
            blank = both.new_full((2, -len(x) % columns, *loaded.spec.shape), loaded.spec.high)
            pairs = torch.cat([both, blank], dim=1).unflatten(1, (-1, columns)).transpose(0, 1).flatten(0, 1)
            write_grid(path, pairs, loaded.spec)
        else:
            write_data(path, back, loaded.spec)
    values = {"run": run, "data": rows.name, "split": rows.split, "path": path, "num_examples": len(x), "mse": mse}
    return Answer(values, [f"{len(x):,} reconstructions of {rows.words}, mean square error {mse:.4g}: {path}"])
