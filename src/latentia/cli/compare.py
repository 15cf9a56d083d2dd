"""`latentia compare`."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from latentia.cli.answer import Answer
from latentia.cli.options import FLAGS, OPENING, WRITING, Flags, Opening, RunFolder, Writing

EXAMPLES = """\
  latentia compare runs/digits-vae-1 runs/digits-iwae-1
  latentia compare runs/* --num-samples 1000 --out curves.png
  latentia compare runs/digits-vae-1 runs/digits-iwae-1 --split validation --json\
"""
KEYS = "runs, differences, refused, split, num_examples, num_samples, seed, path"


def compare(
    run: RunFolder,
    /,
    *others: Annotated[Path, Parameter(help="Folders of other runs on the same data")],
    split: Annotated[Literal["train", "validation", "test"], Parameter(help="Which rows of the runs' data")] = "test",
    num_samples: Annotated[
        int, Parameter(name=["--num-samples", "-k"], help="K, importance samples for each row, the same for all runs")
    ] = 100,
    seed: Annotated[int, Parameter(help="Seed of the noise")] = 0,
    across_families: Annotated[
        bool,
        Parameter(
            negative="",
            show_default=False,
            help="Compare likelihoods of different families too, where both score the same thing in the same unit",
        ),
    ] = False,
    writing: Writing = WRITING,
    opening: Opening = OPENING,
    flags: Flags = FLAGS,
) -> Answer:
    """Set runs on the same data side by side: a table, paired differences, and their curves in one picture.

    All are measured on the same rows with the same K. Differences of log p(x) are taken row by row, so that their
    standard error is that of the difference. Log-likelihoods that score different things are not compared, and the
    reason is given; neither are those of different families, unless that is asked for.
    """
    from latentia.cli.opened import opened
    from latentia.cli.outputs import destination
    from latentia.errors import ConfigurationError
    from latentia.report.overlaid_curves import overlaid_curves
    from latentia.report.style import save
    from latentia.runs.comparing import compare as measure
    from latentia.runs.comparison_table import lines
    from latentia.runs.watching import counting

    with ExitStack() as stack:
        runs = [stack.enter_context(opened(folder, opening)) for folder in (run, *others)]
        path = destination(writing, run, "comparison", ".png")
        if path.suffix.lower() != ".png":
            raise ConfigurationError(f"{path} has the suffix {path.suffix!r}; the curves are written as .png")
        found = measure(
            runs, split=split, num_samples=num_samples, seed=seed, across_families=across_families, counting=counting
        )
    figure = overlaid_curves(
        {str(each.folder): each.metrics for each in runs},
        [(", ".join({each.likelihood: 0 for each in group}), [each.run for each in group]) for group in found.groups()],
    )
    written = None if figure is None else save(figure, path)
    shown = [*lines(found), *([] if written is None else [f"curves: {written}"])]
    return Answer({**found.to_dict(), "path": written}, shown)
