"""Formulas as MathML, which browsers draw by themselves: a page needs no script, and asks nobody for one."""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number

_LOG = logging.getLogger(__name__)

_NO_BASE = "(?<!<msub>)(?<!<msup>)(?<!<msubsup>)(?<!<munder>)"
_ARGUMENT = "mi|mn|msub|msup|msubsup|mfrac|munder|mrow><mi"
_AFTER_MATHML: tuple[tuple[str, str], ...] = (
    # \sim is an operator, not a letter, and ; separates.
    (r"<mi>(?:&#x0007E;|~)</mi>", "<mo>&#x223C;</mo>"),
    (r"<mi>;</mi>", '<mo separator="true">;</mo>'),
    # A named operator is an identifier of several letters; as an operator it would stand far from its bracket.
    (r"<mo>([A-Za-z]{2,})</mo>", r"<mi>\1</mi>"),
    # Bars of a norm keep their size; without this the first one grows to that of its neighbours.
    (r"<mo>(&#x02016;|&#x0007C;)</mo>", r'<mo stretchy="false">\1</mo>'),
    # MathML puts no space between a function and an argument without brackets, nor between a factor and a function.
    (
        rf"(?<!<msub>)(?<!<msup>)(?<!<msubsup>)(?<!<munder>)(<mi>[A-Za-z]{{2,}}</mi>)(?=<(?:{_ARGUMENT}))",
        r'\1<mspace width="0.167em" />',
    ),
    (r"(</mi>|</mn>|</msub>|</msup>)(?=<mi>[A-Za-z]{2,}</mi>)", r'\1<mspace width="0.167em" />'),
    # Browsers know the alignment of a cell by its style alone.
    (r'columnalign="(\w+)"', r'style="text-align: \1"'),
    # A transposition sign, not the logical constant in full size.
    (r"<mo>&#x022A4;</mo>", "<mi>&#x22A4;</mi>"),
)


def to_mathml(latex: str, *, block: bool) -> str:
    r"""A formula as a MathML element.

    Args:
        latex: What stands between the dollars.
        block: Whether it has a line of its own.

    Returns:
        `<math>...</math>`.

    Raises:
        ValueError: Something that has no translation, and would be shown as it was typed.
    """
    # The translator knows the environment by its other name.
    source = re.sub(r"\\(begin|end)\{(?:aligned|split|gathered)\}", r"\\\1{align*}", latex.strip())
    try:
        text = convert(source, display="block" if block else "inline")
    except Exception as error:
        raise ValueError(f"{latex!r}: {type(error).__name__}: {error}") from error
    left = re.search(r"<m[io]>(\\[A-Za-z]+|&)</m[io]>", text)
    if left:
        raise ValueError(f"{latex!r}: {left[1]} has no translation")
    for pattern, replacement in _AFTER_MATHML:
        text = re.sub(pattern, replacement, text)
    return text


def _translated(node: nodes.math | nodes.math_block, *, block: bool) -> str:
    try:
        return to_mathml(node.astext(), block=block)
    except ValueError as error:
        _LOG.warning("formula %s", error, location=node, type="mathml")
        return f"<code>{error}</code>"


def _visit_inline(self: Any, node: nodes.math) -> None:
    self.body.append(_translated(node, block=False))
    raise nodes.SkipNode


def _visit_block(self: Any, node: nodes.math_block) -> None:
    self.body.append(self.starttag(node, "div", CLASS="formula"))
    self.body.append(_translated(node, block=True))
    if node.get("number"):
        self.body.append(f'<span class="eqno">({get_node_equation_number(self, node)})')
        self.add_permalink_ref(node, "Link to this equation")
        self.body.append("</span>")
    self.body.append("</div>\n")
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the renderer under the name `mathml`."""
    app.add_html_math_renderer("mathml", (_visit_inline, None), (_visit_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
