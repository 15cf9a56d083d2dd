r"""Docstrings as Sphinx reads them: `\(...\)` is a formula, and a bar is a bar."""

from __future__ import annotations

import re

from sphinx.application import Sphinx

# A literal in backticks, or a formula; what is neither is prose.
_PARTS = re.compile(r"(``.*?``|(?<!\\)`[^`]+`_?|\\\(.*?\\\)|\\\[.*?\\\])", re.DOTALL)


def formula(latex: str) -> str:
    r"""A formula in which words are words: ELBO is not the product of four letters.

    Args:
        latex: As a docstring has it.

    Returns:
        The same on one line.

    >>> print(formula(r"\beta\, KL(q)"))
    \beta\, \text{KL}(q)
    """
    return re.sub(
        r"(?<![\\A-Za-z{])([A-Z]{2,}|diag|Gam|Dir|Gamma|Beta)(?![A-Za-z}])", r"\\text{\1}", " ".join(latex.split())
    )


def restructured(text: str) -> str:
    r"""A docstring's text with its formulas as roles, and with what reStructuredText would take for markup escaped.

    Args:
        text: Prose, literals in backticks, formulas between `\(` and `\)`.

    Returns:
        The same for Sphinx.

    >>> print(restructured(r"KL(q || p) of `a|b`, \(x^2\)"))
    KL(q \|\| p) of `a|b`, :math:`x^2`
    """
    done = []
    for part in _PARTS.split(text):
        if part.startswith((r"\(", r"\[")):
            done.append(f":math:`{formula(part[2:-2])}`")
        elif part.startswith("`"):
            done.append(part)
        else:
            # |x| would be a substitution, "M." the first entry of a list, a word that ends in _ a reference.
            prose = re.sub(r"(?<!\\)\|", r"\|", part)
            prose = re.sub(r"(^\s*|: )([A-Z])\.(?=\s|$)", r"\1\2\.", prose, flags=re.MULTILINE)
            done.append(re.sub(r"(?<=\w)_(?=\W|$)", r"\_", prose))
    return "".join(done)


def _process(app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]) -> None:
    examples = [i for i, line in enumerate(lines) if line.lstrip().startswith((">>>", "..."))]
    end = examples[0] if examples else len(lines)
    # What follows an example's first line is code and its output, to be left as it is.
    lines[:] = [*restructured("\n".join(lines[:end])).split("\n"), *lines[end:]]


def setup(app: Sphinx) -> dict[str, bool]:
    """Before napoleon: it reads the sections, and is not to see the escapes of others."""
    app.connect("autodoc-process-docstring", _process, priority=400)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
