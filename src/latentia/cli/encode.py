"""`latentia encode`."""

from __future__ import annotations

from latentia.cli.answer import Answer
from latentia.cli.options import FLAGS, OPENING, WRITING, Flags, Opening, Resize, Rows, RunFolder, Split, Writing

EXAMPLES = """\
  latentia encode runs/digits-vae-1 --out codes.npy
  latentia encode runs/digits-vae-1 --split all --out codes.csv
  latentia encode runs/digits-vae-1 rows.npy --out codes.parquet\
"""
KEYS = "run, data, split, path, num_examples, names, shape"


def encode(
    run: RunFolder,
    data: Rows = None,
    /,
    *,
    split: Split = None,
    resize: Resize = None,
    writing: Writing = WRITING,
    opening: Opening = OPENING,
    flags: Flags = FLAGS,
) -> Answer:
    """Turn data into codes: the posterior means, one row of codes for each row of data, in order.

    Codes are written as .npy, or with the names of the latent dimensions as .csv or .parquet.
    """
    from latentia.cli.opened import opened, rows_of
    from latentia.cli.outputs import destination
    from latentia.operate import check_codes_path, code_names, write_codes

    path = destination(writing, run, "codes", ".npy")
    check_codes_path(path)
    with opened(run, opening) as loaded:
        rows = rows_of(loaded, data, split=split, resize=resize)
        codes = loaded.model.encode(rows.source.x)
        names = code_names(loaded.model)
        write_codes(path, codes, names)
    values = {"run": run, "data": rows.name, "split": rows.split, "path": path, "num_examples": len(codes)}
    return Answer(
        {**values, "names": names, "shape": tuple(codes.shape)}, [f"{len(codes):,} codes of {rows.words}: {path}"]
    )
