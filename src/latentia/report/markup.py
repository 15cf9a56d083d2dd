"""HTML from nested calls, in which everything that is not markup already is escaped."""

from __future__ import annotations

from html import escape


class Markup(str):
    """Text that is HTML already, because `element` made it or a person of this project wrote it."""

    __slots__ = ()


def element(tag: str, /, *children: str | None, **attributes: str | int | None) -> Markup:
    """An element with its children in order; plain strings are escaped, None is left out.

    Args:
        tag: Its name.
        *children: Markup, or text.
        **attributes: Escaped; a trailing underscore is dropped (`class_`), None is left out.

    Returns:
        Markup.

    >>> element("p", "a < b, ", element("b", "so & so"), class_='x"y')
    '<p class="x&quot;y">a &lt; b, <b>so &amp; so</b></p>'
    """
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    if tag in ("img", "meta"):
        return Markup(f"<{tag}{written}>")
    return Markup(f"<{tag}{written}>{join(*children)}</{tag}>")


def join(*parts: str | None, between: str = "") -> Markup:
    """Parts one after another; plain strings are escaped, None is left out."""
    kept = (part if isinstance(part, Markup) else escape(part) for part in parts if part is not None)
    return Markup(escape(between).join(kept))


def visible(text: object) -> str:
    """Any value as one line of text in which nothing is hidden: control characters are shown by their codes."""
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in str(text))
