"""The parts of the page, each from the run to markup."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from latentia.operate import has_prior
from latentia.report.advice import Advice
from latentia.report.captions import caption
from latentia.report.commands import commands, python_lines
from latentia.report.embedding import Embedded
from latentia.report.figures import Figure
from latentia.report.markup import Markup, element, join, visible
from latentia.report.provenance import Facts, data_facts, option_rows, plan_facts, recipe_facts, training_facts
from latentia.report.report_input import ReportInput
from latentia.report.summary import describe_data, summary

_WIDE = 700
"""Pictures wider than this many dots keep a legible width on a phone, and scroll."""


def heading(run: ReportInput) -> Markup:
    """Title, the summary in words, and the way to the sections."""
    links = (("#pictures", "Pictures"), ("#numbers", "Numbers"), ("#run", "What was run"), ("#on", "How to go on"))
    return element(
        "header",
        element("p", f"latentia report · {visible(run.run)}", class_="kicker"),
        element("h1", f"{visible(run.recipe.name)} on {visible(run.spec.name)}"),
        element("p", f"{describe_data(run)}."),
        *[element("p", paragraph) for paragraph in summary(run)],
        element("nav", *[element("a", text, href=target) for target, text in links]),
    )


def tiles(figures: Sequence[Figure]) -> Markup:
    """The key numbers, large."""
    return element("dl", *[_tile(figure) for figure in figures if figure.key], class_="tiles")


def _tile(figure: Figure) -> Markup:
    value = element("div", *_large(figure.value), class_="value")
    unit = element("div", figure.unit, class_="unit")
    return element("div", element("dt", figure.name), element("dd", value, unit), class_="tile")


def _large(value: str) -> tuple[Markup | str, ...]:
    """A number, and its standard error smaller."""
    first, _, error = value.partition(" ± ")
    return (first, " ", element("span", f"± {error}", class_="error")) if error else (first,)


def findings(run: ReportInput, advice: Sequence[Advice]) -> Markup:
    """What to know and what to try, or that nothing stands out."""
    if not advice:
        checked = "posterior collapse, saturated scales, overfitting and a run that is too short"
        if not has_prior(run.model):
            checked = "overfitting and a run that is too short"
        return element("p", element("span", "Nothing stands out. ", class_="fine"), f"Looked for: {checked}.")
    items = [
        join(element("strong", each.title), " ", each.text, " ", element("em", "Try: "), _with_options(each.remedy))
        for each in advice
    ]
    return element(
        "section",
        element("h2", "Worth a look"),
        element("ul", *[element("li", each) for each in items]),
        class_="warnings",
    )


def _with_options(text: str) -> Markup:
    """Text whose options of the command line are set as code, never broken at their dashes."""
    parts = re.split(r"(--[a-z][a-z-]*)", text)
    return join(*[element("code", part, class_="option") if part.startswith("--") else part for part in parts])


def pictures(run: ReportInput, embedded: Mapping[str, Embedded]) -> Markup:
    """Every picture with how to read it."""
    shown = []
    for name, picture in embedded.items():
        words = caption(name, run)
        image = element(
            "img",
            src=picture.uri,
            alt=words.alt,
            width=picture.width,
            height=picture.height,
            class_="wide" if picture.width > _WIDE else None,
        )
        shown.append(
            element(
                "figure",
                element("h3", words.title),
                element("div", image, class_="panel"),
                element("figcaption", words.reading),
            )
        )
    none = None if shown else element("p", "No pictures were drawn.")
    return element("section", element("h2", "Pictures"), none, *shown, id="pictures")


def numbers(run: ReportInput, figures: Sequence[Figure]) -> Markup:
    """The table of key numbers."""
    rows = [
        element(
            "tr",
            element("th", figure.name, scope="row"),
            element("td", figure.value, class_="number"),
            element("td", figure.unit, class_="unit"),
            element("td", figure.meaning),
        )
        for figure in figures
    ]
    head = element("tr", *[element("th", text, scope="col") for text in ("Number", "Value", "Unit", "What it says")])
    intro = (
        f"Measured on {run.evidence.num_examples:,} {run.split} rows. A nat is the natural unit of information, 1.44 "
        "bits; values are means over rows, of sums over the dimensions of a row."
    )
    table = element("table", element("thead", head), element("tbody", *rows), class_="stack")
    return element(
        "section", element("h2", "Numbers"), element("p", intro), element("div", table, class_="scroll"), id="numbers"
    )


def provenance(run: ReportInput) -> Markup:
    """What was run."""
    options = list(option_rows(run))
    head = element("tr", *[element("th", text, scope="col") for text in ("Option", "Value", "What it is")])
    rows = [
        element(
            "tr",
            element("th", element("code", visible(name)), scope="row"),
            element("td", visible(value), class_="number"),
            element("td", visible(meaning), class_="help"),
            class_="changed" if changed else None,
        )
        for name, value, meaning, changed in options
    ]
    return element(
        "section",
        element("h2", "What was run"),
        facts(recipe_facts(run)),
        element(
            "details",
            element("summary", "All options of the recipe; * marks what differs from the default"),
            element("table", element("thead", head), element("tbody", *rows), class_="stack"),
        )
        if rows
        else None,
        element("h3", "Data"),
        facts(data_facts(run)),
        element("h3", "Training"),
        facts(training_facts(run)),
        element("details", element("summary", "The whole training plan"), facts(plan_facts(run))) if run.plan else None,
        id="run",
    )


def facts(pairs: Facts) -> Markup:
    """Names and values as a table."""
    rows = [
        element("tr", element("th", visible(name), scope="row"), element("td", visible(value))) for name, value in pairs
    ]
    return element("table", element("tbody", *rows), class_="stack facts")


def going_on(run: ReportInput) -> Markup:
    """The commands for this run."""
    lines = [
        join(element("dt", meaning), element("dd", element("pre", element("code", visible(command)))))
        for command, meaning in commands(run)
    ]
    return element(
        "section",
        element("h2", "How to go on"),
        element("dl", *lines, class_="commands"),
        element("h3", "From Python"),
        element("pre", element("code", python_lines(run))),
        id="on",
    )
