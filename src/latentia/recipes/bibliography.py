"""BibTeX entries for what recipes cite: looked up by the identifiers in a docstring. Imports no torch."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType

FILE = "references.bib"
# A DOI may hold brackets in pairs, as in 10.1016/0893-6080(89)90014-2.
_IDENTIFIER = re.compile(
    r"arXiv:(\d{4}\.\d{4,5})|doi:(10\.\d{4,}/(?:[^\s,;()]|\([^\s()]*\))+)|isbn:([\d-]+)|openreview:([\w-]+)"
    r"|url:(\S+?)(?=[.,;)]*(?:\s|$))"
)


def identifiers(citation: str) -> tuple[str, ...]:
    """The identifiers that a citation names, in order.

    Args:
        citation: The text of a docstring's `References`.

    Returns:
        Such as `("1312.6114", "10.1126/science.1127647")`.

    >>> identifiers("Kingma, Welling, 2014, arXiv:1312.6114. Hinton, 2006, doi:10.1126/science.1127647.")
    ('1312.6114', '10.1126/science.1127647')
    """
    found = (next(filter(None, groups)) for groups in _IDENTIFIER.findall(citation))
    return tuple(dict.fromkeys(each.rstrip(".") for each in found))


def bibtex(citation: str) -> tuple[str, ...]:
    """The BibTeX entries of a citation.

    Args:
        citation: The text of a docstring's `References`.

    Returns:
        One entry for each identifier.

    Raises:
        KeyError: An identifier that the bibliography does not have; a test holds that recipes name none.
    """
    known = entries()
    return tuple(known[each] for each in identifiers(citation))


@cache
def entries() -> Mapping[str, str]:
    """All entries by identifier: the field `eprint`, `doi`, `isbn`, or a `url`: its OpenReview forum, or all after https://."""
    text = files("latentia.recipes").joinpath(FILE).read_text(encoding="utf-8")
    found: dict[str, str] = {}
    for entry in re.split(r"\n\s*\n", text.strip()):
        for name in ("eprint", "doi", "isbn", "url"):
            if (field := re.search(rf"^\s*{name}\s*=\s*\{{(.+?)\}},?$", entry, re.MULTILINE)) is not None:
                found[field.group(1).rpartition("forum?id=")[2].removeprefix("https://")] = entry.strip()
    return MappingProxyType(found)
