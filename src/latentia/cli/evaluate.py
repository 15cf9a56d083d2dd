"""`latentia evaluate`."""

from __future__ import annotations

from typing import Annotated, Any

from cyclopts import Parameter

from latentia.cli.answer import MEASURED, Answer
from latentia.cli.options import FLAGS, OPENING, Flags, Opening, Resize, Rows, RunFolder, Split

EXAMPLES = """\
  latentia evaluate runs/digits-vae-1
  latentia evaluate runs/mnist-vae-1 --num-samples 5000
  latentia evaluate runs/mnist-vae-1 other.npy --json
  latentia evaluate runs/mnist-vae-1 --metrics likelihood,ais,gaps
  latentia evaluate runs/mnist-vae-1 --metrics all\
"""
KEYS = f"run, data, split, {MEASURED}"


def evaluate(
    run: RunFolder,
    data: Rows = None,
    /,
    *,
    metrics: Annotated[
        str,
        Parameter(
            help="What to measure, with commas between: likelihood, ais, bdmc, gaps, decomposition, health, ..., or "
            "all that the model defines; `list` says what each is"
        ),
    ] = "likelihood",
    split: Split = None,
    rows: Annotated[
        int, Parameter(name="--rows", help="How many rows, evenly spaced, for the dear ones: ais, bdmc, gaps")
    ] = 100,
    temperatures: Annotated[int, Parameter(help="Of ais and bdmc: more, closer bounds")] = 1000,
    num_samples: Annotated[
        int, Parameter(name=["--num-samples", "-k"], help="K, importance samples for each row; more tighten the bound")
    ] = 100,
    seed: Annotated[int, Parameter(help="Seed of the noise")] = 0,
    batch_size: Annotated[
        int | None, Parameter(help="Rows decoded at a time; by default as many as memory likes")
    ] = None,
    resize: Resize = None,
    opening: Opening = OPENING,
    flags: Flags = FLAGS,
) -> Answer:
    """Measure a model: ELBO, -log p(x), bits per dimension, active latent dimensions, and more by name.

    -log p(x) is estimated from above by importance sampling, with its standard error over rows and a word on whether
    the estimate can be trusted; log-likelihoods are in nats for each row. Every row of the test split is used, or every
    row of DATA. The same seed gives the same numbers, whatever the batch size. With --json each metric beside
    likelihood is an object under its own name.
    """
    from latentia.cli.measurement import lines
    from latentia.cli.opened import opened, rows_of
    from latentia.errors import CompatibilityError
    from latentia.evaluation.metrics import METRICS, chosen, measure
    from latentia.runs.summary import figures
    from latentia.runs.watching import counting

    if metrics == "list":
        table = {name: metric.description for name, metric in METRICS.items()}
        return Answer({"metrics": table}, [f"{name:<14} {words}" for name, words in table.items()])
    asked = [name.strip() for name in metrics.split(",") if name.strip()]
    names = chosen(asked)
    with opened(run, opening) as loaded:
        found_rows = rows_of(loaded, data, split=split, resize=resize)
        values: dict[str, Any] = {"run": run, "data": found_rows.name, "split": found_rows.split}
        told = [f"{run} on {found_rows.words}"]
        if "likelihood" in names:
            with counting("evaluating") as tell:
                evidence = loaded.evaluate(
                    found_rows.source, num_samples=num_samples, seed=seed, batch_size=batch_size, progress=tell
                )
            values |= evidence.to_dict()
            told += figures(evidence, f"{evidence.num_examples:,} rows")
        beta = loaded.options.get("beta")
        options: dict[str, Any] = {"num_rows": rows, "num_temperatures": temperatures}
        if isinstance(beta, int | float) and beta > 0:
            options["beta"] = float(beta)
        for name in names:
            if name == "likelihood":
                continue
            with counting(name) as tell:
                found = measure(
                    loaded.model, found_rows.source, [name], seed=seed, options={**options, "progress": tell},
                    strict="all" not in asked,
                )[name]  # fmt: skip
            if isinstance(found, CompatibilityError):
                values[name] = {"refused": str(found)}
                told.append(f"{name}: not measured: {found}")
            else:
                values[name] = found.to_dict()
                told += lines(name, values[name])
    return Answer(values, told)
