"""What a run came to, in plain words."""

from __future__ import annotations

import math
from collections.abc import Iterator

from latentia.operate import has_prior
from latentia.report.figures import dimension_noun, with_error
from latentia.report.noise import FAMILIES, family_of
from latentia.report.report_input import ReportInput
from latentia.report.style import number


def row_noun(run: ReportInput) -> str:
    """What one row of the data is called."""
    return "picture" if run.spec.kind == "image" else "row"


def describe_data(run: ReportInput) -> str:
    """The data in a few words: `1,797 grey pictures of 8 × 8 pixels`."""
    spec = run.spec
    total = f"{sum(spec.counts.values()):,}"
    if spec.kind == "vector":
        gaps = f", {spec.missing:.1%} of the values missing" if spec.missing > 0 else ""
        return f"{total} rows of {spec.num_dims:,} column{'s' * (spec.num_dims != 1)}{gaps}"
    colours = {1: "black-and-white" if spec.support == "binary" else "grey", 3: "colour"}
    colour = colours.get(spec.shape[0], f"{spec.shape[0]}-channel")
    return f"{total} {colour} pictures of {spec.shape[2]} × {spec.shape[1]} pixels"


def summary(run: ReportInput) -> Iterator[str]:
    """Paragraphs for a person who need not know what a VAE is.

    Args:
        run: The run.

    Yields:
        Paragraphs.
    """
    evidence, row, size = run.evidence, row_noun(run), run.model.latent_dim
    learned = f"{run.spec.counts['train']:,} {row}s"
    code = "a single number" if size == 1 else f"a code of {size:,} numbers"
    first = (
        f"This model learned from {learned} to turn each {row} of {run.spec.num_dims:,} numbers into {code}, and "
        f"codes back into {row}s."
    )
    if has_prior(run.model):
        yield f"{first} Codes follow a known distribution, the prior, so the model can also invent new {row}s."
    else:
        yield (
            f"{first} It is an autoencoder: it knows no distribution of codes and so has nothing to draw new {row}s "
            f"from, which is why this report has no picture of samples, and no likelihood of a {row} to report. A "
            "density fitted to its codes afterwards can be drawn from: see latentia sample --density below."
        )
    measured = f"Measured on {evidence.num_examples:,} {run.split} {row}s, none of which it saw in training: "
    if run.split == "train":
        measured = f"Measured on the {evidence.num_examples:,} {row}s it was trained on: "
    yield measured + "".join(_findings(run))


def _findings(run: ReportInput) -> Iterator[str]:
    evidence, row = run.evidence, row_noun(run)
    error = f"a reconstruction is off by {number(math.sqrt(evidence.mse))} (root mean square{_scale(run)})"
    if evidence.nll is None or evidence.bits_per_dim is None:
        yield f"{error}. "
    elif evidence.units == "nats of probability":
        yield (
            f"with the model's probabilities a {row} takes {with_error(evidence.nll, evidence.nll_se)} nats at most "
            f"to write down (−log p(x)), which is {number(evidence.bits_per_dim)} bits a "
            f"{dimension_noun(run)}{_reference(run)}. "
        )
        yield f"{error.capitalize()}. "
    else:
        yield (
            f"the model gives a {row} a −log density, −log p(x), of {with_error(evidence.nll, evidence.nll_se)} nats "
            "at most; less is better, and only models of the same data in the same units compare. "
        )
        yield f"{error.capitalize()}. "
    active, size = evidence.active_units, evidence.latent_dim
    said = "All" if active == size else "None" if active == 0 else f"{active:,}"
    yield f"{said} of the {size:,} latent dimensions carr{'ies' if active <= 1 else 'y'} information. "
    if has_prior(run.model) and evidence.sigma is not None:
        unit = "standard deviations of the data" if run.model.preparation.standardises else "on a scale from 0 to 1"
        family = f"{FAMILIES.get(family_of(run.model), '')} noise".strip()
        yield f"What the code leaves out is taken for {family} of σ = {number(evidence.sigma)} ({unit})."


def _scale(run: ReportInput) -> str:
    if run.spec.kind == "vector":
        coded = any(column.coded for column in run.spec.columns or ())
        return ", all columns together in their own units" + "; a wrong category counts 1" * coded
    return f", on a scale from {number(run.spec.low)} to {number(run.spec.high)}"


def _reference(run: ReportInput) -> str:
    """Discrete data have a yardstick: what storing each value blindly takes."""
    if run.evidence.units != "nats of probability":
        return ""
    levels = 2 if run.model.preparation.space == "binary" else run.spec.levels
    return "" if levels is None else f" (storing each value blindly takes {number(math.log2(levels))})"
