"""What was run: recipe, data, training and machine, as tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from latentia.columns import Column, listed
from latentia.data.likelihood_choice import choose_likelihood
from latentia.report.noise import family_of
from latentia.report.report_input import ReportInput
from latentia.report.style import number
from latentia.report.summary import describe_data

Facts = list[tuple[str, str]]
"""Names and values, in order."""

_COLUMNS = 60
"""Columns of a mixed table that are listed."""


def recipe_facts(run: ReportInput) -> Facts:
    """Recipe, its source, and the weight of the KL where it is an option."""
    facts = [("Recipe", run.recipe.name), ("What it is", run.recipe.summary), ("After", run.recipe.citation or "—")]
    beta = run.options.get("beta")
    if isinstance(beta, int | float):
        per_dim = number(beta / run.spec.num_dims)
        facts.append(
            ("β, weight of the KL", f"{beta:g}, which is {per_dim} a dimension of the data; the ELBO here has β = 1")
        )
    facts.append(("Parameters", f"{sum(each.numel() for each in run.model.parameters()):,}"))
    return facts


def option_rows(run: ReportInput) -> Iterator[tuple[str, str, str, bool]]:
    """Each option of the recipe: name, value, meaning, and whether it differs from its default."""
    for option in run.recipe.options:
        value = run.options.get(option.name, option.default)
        yield option.name, shown(value), option.help, _plain(value) != _plain(option.default)


def data_facts(run: ReportInput) -> Facts:
    """What the data are, how they were split and scored."""
    spec = run.spec
    values = {
        "binary": f"0 or {spec.unit:g}",
        "levels": f"whole numbers 0 to {spec.unit:g} ({spec.levels} levels)",
        "unit": "real numbers in [0, 1]",
        "real": f"real numbers, {number(spec.low)} to {number(spec.high)} in the training rows",
        "counts": f"whole numbers from 0, up to {number(spec.high)} in the training rows",
        "mixed": f"columns of different kinds: {listed(spec.columns or ())}",
    }
    facts = [
        ("Source", spec.source),
        ("What they are", describe_data(run)),
        ("Values", values[spec.support]),
        ("Splits", ", ".join(f"{count:,} {name}" for name, count in spec.counts.items())),
        ("Likelihood", likelihood_reason(run)),
    ]
    if spec.classes is not None:
        names = ", ".join(spec.classes[:20]) + (", …" if len(spec.classes) > 20 else "")
        facts.append(("Labels", f"{len(spec.classes):,} classes ({names}), used in pictures only"))
    if spec.num_constant:
        facts.append(("Constant", f"{spec.num_constant:,} columns or channels do not vary"))
    if spec.columns is not None:
        facts.append(("Columns", ", ".join(f"{column.name} ({_kind(column)})" for column in spec.columns[:_COLUMNS])))
    if spec.missing > 0:
        facts.append(("Missing cells", f"{spec.missing:.1%} of all values; they are left out of every number here"))
    facts.append(("SHA-256", spec.digest))
    if run.dataset is None:
        facts.append(("Missing", "the data could not be read for this report, so pictures that need them are left out"))
    else:
        facts += [("Noticed", note) for note in run.dataset.notes]
        facts += [("Skipped", name) for name in run.dataset.skipped[:20]]
        if len(run.dataset.skipped) > 20:
            facts.append(("Skipped", f"{len(run.dataset.skipped) - 20:,} more files"))
    return facts


def _kind(column: Column) -> str:
    return f"{column.kind}, {column.size} categories" if column.coded else column.kind


def likelihood_reason(run: ReportInput) -> str:
    """The likelihood of the model, and why it is that one."""
    name, choice = family_of(run.model), choose_likelihood(run.spec)
    drawn = ""
    if run.model.preparation.binarises:
        drawn = (
            "; grey values are drawn as 0 or 1 anew each time they are read (dynamic binarisation), also when measured"
        )
    if name == choice.name:
        return f"{name}, because {choice.reason}{drawn}"
    return (
        f"{name}, as the recipe or its options ask for (the data alone suggest {choice.name}: {choice.reason}){drawn}"
    )


def training_facts(run: ReportInput) -> Facts:
    """How long it trained, and on what."""
    facts: Facts = []
    if run.metrics:
        last = run.metrics[-1]
        facts.append(("Length", f"{last['step']:,} steps, {last['epoch']:,} epochs"))
        speeds = [float(row["examples_per_second"]) for row in run.metrics if row.get("examples_per_second")]
        if speeds:
            facts.append(("Speed", f"{sorted(speeds)[len(speeds) // 2]:,.0f} rows a second"))
    if run.seconds is not None:
        facts.append(("Time", duration(run.seconds)))
    return facts + [(name.replace("_", " "), shown(value)) for name, value in run.environment.items()]


def plan_facts(run: ReportInput) -> Facts:
    """The training plan, field by field."""
    return [(name.replace("_", " "), shown(value)) for name, value in run.plan.items()]


def duration(seconds: float) -> str:
    """A time for people.

    >>> duration(0.4), duration(75), duration(7384)
    ('0.4 s', '1 min 15 s', '2 h 3 min')
    """
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes = int(seconds) // 60
    return f"{minutes} min {int(seconds) % 60} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def shown(value: Any) -> str:
    """A setting for people: None is a dash, sequences are listed."""
    if value is None:
        return "—"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {shown(each)}" for name, each in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(shown, value)) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _plain(value: Any) -> Any:
    """Lists and tuples alike: options may have been through JSON."""
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else value
