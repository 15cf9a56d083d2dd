"""`latentia evaluate`."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from latentia.cli.answer import MEASURED, Answer
from latentia.cli.options import FLAGS, OPENING, Flags, Opening, Resize, Rows, RunFolder, Split

EXAMPLES = """\
  latentia evaluate runs/digits-vae-1
  latentia evaluate runs/mnist-vae-1 --num-samples 5000
  latentia evaluate runs/mnist-vae-1 other.npy --json
  latentia evaluate runs/mnist-vae-1 --split validation\
"""
KEYS = f"run, data, split, {MEASURED}"


def evaluate(
    run: RunFolder,
    data: Rows = None,
    /,
    *,
    split: Split = None,
    num_samples: Annotated[
        int, Parameter(name=["--num-samples", "-k"], help="K, importance samples for each row; more tighten the bound")
    ] = 100,
    seed: Annotated[int, Parameter(help="Seed of the noise")] = 0,
    batch_size: Annotated[int | None, Parameter(help="Rows at a time; by default as many as memory likes")] = None,
    resize: Resize = None,
    opening: Opening = OPENING,
    flags: Flags = FLAGS,
) -> Answer:
    """Measure a model: ELBO, -log p(x), bits per dimension, active latent dimensions.

    -log p(x) is estimated from above by importance sampling, with its standard error over rows; log-likelihoods are in
    nats for each row. Every row of the test split is used, or every row of DATA.
    """
    from latentia.cli.opened import opened, rows_of
    from latentia.runs.summary import figures
    from latentia.runs.watching import counting

    with opened(run, opening) as loaded:
        rows = rows_of(loaded, data, split=split, resize=resize)
        with counting("evaluating") as tell:
            evidence = loaded.evaluate(
                rows.source, num_samples=num_samples, seed=seed, batch_size=batch_size, progress=tell
            )
    values = {"run": run, "data": rows.name, "split": rows.split, **evidence.to_dict()}
    return Answer(values, [f"{run} on {rows.words}", *figures(evidence, f"{evidence.num_examples:,} rows")])
