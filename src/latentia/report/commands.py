"""The commands with which to go on from a run."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from latentia.operate import has_prior
from latentia.report.report_input import ReportInput


def commands(run: ReportInput) -> Iterator[tuple[str, str]]:
    """Command lines for this run, each with what it does.

    Args:
        run: The run.

    Yields:
        Command and meaning.
    """
    folder = shlex.quote(run.run)
    images = run.spec.kind == "image"
    suffix = "png" if images else "csv"
    if has_prior(run.model):
        yield f"latentia evaluate {folder} --num-samples 5000", "measure −log p(x) more tightly"
        yield f"latentia sample {folder} --num 64 --out samples.{suffix}", "draw from the prior"
    else:
        yield f"latentia evaluate {folder}", "measure the reconstruction error"
        yield (
            f"latentia sample {folder} --density mixture --out samples.{suffix}",
            "fit a density to the codes of the training rows, and draw from it",
        )
    yield f"latentia encode {folder} --out codes.csv", "the code of every test row; name a file to encode others"
    yield f"latentia decode {folder} codes.csv --out decoded.{suffix}", "codes back into data"
    yield f"latentia reconstruct {folder} --out reconstructions.{suffix}", "through the model and back"
    yield f"latentia interpolate {folder} --from 0 --to 1 --how spherical --out way.{suffix}", "from one row to another"
    yield f"latentia traverse {folder} --out traversals.{suffix}", "move one latent dimension at a time"
    yield f"latentia fit --resume {folder} --epochs N", "train on, to N epochs in all"
    yield (
        f"latentia fit --config {shlex.quote(run.run.rstrip('/') + '/config.toml')} --seed 1",
        "the same again with another seed",
    )


def python_lines(run: ReportInput) -> str:
    """The same from Python."""
    lines = [
        "import latentia",
        "",
        f"run = latentia.load({run.run!r})",
        "codes = run.model.encode(x)          # [N, L] posterior means",
        "back = run.model.decode(codes)       # [N, *shape], in the data's units",
    ]
    if has_prior(run.model):
        lines.append("new = run.model.sample(16)           # from the prior")
    else:
        lines.append("new = run.with_density().sample(16)  # from a density fitted to the codes")
    return "\n".join(lines)
