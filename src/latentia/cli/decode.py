"""`latentia decode`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from latentia.cli.answer import Answer
from latentia.cli.options import FLAGS, OPENING, WRITING, Flags, Opening, RunFolder, Writing

EXAMPLES = """\
  latentia decode runs/digits-vae-1 codes.npy
  latentia decode runs/digits-vae-1 codes.csv --out pictures.npy
  latentia decode runs/digits-vae-1 codes.npy --out pictures/\
"""
KEYS = "run, codes, path, num, mean, shape"


def decode(
    run: RunFolder,
    codes: Annotated[Path, Parameter(help="Codes as `latentia encode` writes them: .npy, .csv or .parquet")],
    /,
    *,
    mean: Annotated[bool, Parameter(negative="--draw", help="The mean of p(x|z); --draw draws from it")] = True,
    seed: Annotated[int, Parameter(help="Seed of the draws")] = 0,
    writing: Writing = WRITING,
    opening: Opening = OPENING,
    flags: Flags = FLAGS,
) -> Answer:
    """Turn codes into data.

    Pictures are written as one grid (.png), as arrays (.npy, .npz) or one by one to a folder (no ending); other data as
    tables (.csv, .parquet) or arrays.
    """
    from latentia.cli.opened import opened
    from latentia.cli.outputs import destination, usual_suffix
    from latentia.data_model import seeded
    from latentia.operate import check_data_path, read_codes, write_data

    z = read_codes(codes)
    with opened(run, opening) as loaded:
        path = destination(writing, run, "decoded", usual_suffix(loaded.spec))
        check_data_path(path, loaded.spec)
        with seeded(seed, loaded.model.device):
            x = loaded.model.decode(z, mean=mean)
        write_data(path, x, loaded.spec)
    values = {"run": run, "codes": codes, "path": path, "num": len(x), "mean": mean, "shape": tuple(x.shape)}
    return Answer(values, [f"{len(x):,} decoded: {path}"])
