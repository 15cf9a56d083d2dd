"""`report.html`: one file that shows a run from top to bottom and loads nothing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from latentia._version import __version__
from latentia.operate.output_file import replacing
from latentia.report import sections
from latentia.report.advice import advise
from latentia.report.embedding import embed
from latentia.report.figures import figures
from latentia.report.markup import Markup, element, join, visible
from latentia.report.noise import measure_noise
from latentia.report.page_style import CSS
from latentia.report.reconstructions import evenly_spaced
from latentia.report.report_input import ReportInput

REPORT = "report.html"
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
"""The page could not load anything even if a name in it tried to make it."""
_MEASURED = 500
"""Rows on which the likelihood's noise is compared with the errors."""


def write_report(run: ReportInput, folder: Path, pictures: Mapping[str, Path]) -> Path:
    """Write the report of a run: style and pictures inside, no request to anywhere.

    Args:
        run: The run.
        folder: Where `report.html` goes.
        pictures: What `draw_pictures` returned.

    Returns:
        The file.
    """
    path = folder / REPORT
    content = report_page(run, pictures).encode("utf-8")
    with replacing(path) as file:
        file.write(content)
    return path


def report_page(run: ReportInput, pictures: Mapping[str, Path]) -> Markup:
    """The page as text.

    Args:
        run: The run.
        pictures: Name to PNG file.

    Returns:
        HTML.
    """
    noise = None
    if run.dataset is not None:
        source = run.dataset.split(run.split)
        noise = measure_noise(run.model, source.x[evenly_spaced(len(source), _MEASURED)])
    numbers = list(figures(run, noise))
    footer = f"Made by latentia {__version__}. This file holds everything it shows and loads nothing from anywhere."
    body = element(
        "main",
        sections.heading(run),
        sections.tiles(numbers),
        sections.findings(run, advise(run, noise)),
        sections.pictures(run, embed(pictures)),
        sections.numbers(run, numbers),
        sections.provenance(run),
        sections.going_on(run),
        element("footer", footer),
    )
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", f"{visible(run.recipe.name)} on {visible(run.spec.name)} · latentia"),
        element("style", Markup(CSS)),
    )
    return join(Markup("<!doctype html>\n"), element("html", head, element("body", body), lang="en"), Markup("\n"))
