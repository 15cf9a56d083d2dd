"""The directive `recipes`: every recipe with what it is, how it differs and where it was published."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

_LINKS = {
    "arXiv": "https://arxiv.org/abs/{}",
    "doi": "https://doi.org/{}",
    "openreview": "https://openreview.net/forum?id={}",
}


def linked(citation: str) -> Iterator[nodes.Node]:
    """A citation whose identifiers are links.

    Args:
        citation: Such as `Kingma, Welling, 2014, arXiv:1312.6114.`

    Yields:
        Text and references.
    """
    last = 0
    for found in re.finditer(rf"({'|'.join(_LINKS)}):(\S+?)(?=[.,;]?(?:\s|$))", citation):
        yield nodes.Text(citation[last : found.start()])
        yield nodes.reference("", found[0], refuri=_LINKS[found[1]].format(found[2]), internal=False)
        last = found.end()
    yield nodes.Text(citation[last:])


class Recipes(SphinxDirective):
    """A list of all recipes, in the order of `latentia recipes`."""

    option_spec: ClassVar = {}

    def run(self) -> list[nodes.Node]:
        """One entry a recipe."""
        from commands import table

        from latentia.recipes import RECIPES, explain

        rows = []
        for name in RECIPES:
            info = explain(name)
            changed = f" ({', '.join(info.part_defaults)})" if info.part_defaults else ""
            about = nodes.inline("", "", nodes.strong("", info.summary), nodes.Text(f" {info.differs}{changed}"))
            rows.append((nodes.literal("", name), about, nodes.inline("", "", *linked(info.citation))))
        return [table(("recipe", "what it is, and how it differs from the plain VAE", "published"), rows, ["recipes"])]


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("recipes", Recipes)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
