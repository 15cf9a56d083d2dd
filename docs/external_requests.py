"""Looks through built pages for what a browser would fetch from elsewhere: `python docs/external_requests.py FOLDER`.

A link that a reader may follow is no request; a script, a style, a font, a picture or a frame is one.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

_ELSEWHERE = re.compile(r"\s*(?:https?:)?//", re.IGNORECASE)
_STYLE = re.compile(r"""(?:url\(\s*|@import\s+)['"]?\s*((?:https?:)?//[^'")\s;]+)""", re.IGNORECASE)
_SCRIPT = re.compile(r"""["'`]((?:https?:)?//[a-z0-9][^"'`\s]*)""", re.IGNORECASE)
_COMMENT = re.compile(r"/\*.*?\*/|^\s*//.*?$", re.DOTALL | re.MULTILINE)
_NAMESPACE = re.compile(r"https?://www\.w3\.org/")
_FOLLOWED = {"a", "area", "base"}
"""Elements whose address is for the reader to follow."""
_LINKED = {"stylesheet", "preload", "prefetch", "preconnect", "dns-prefetch", "modulepreload", "icon", "manifest"}
"""Kinds of <link> that the browser acts on; others (`author`, `search`, `next`) it does not."""


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self._inside = tag if tag in ("script", "style") else ""
        if tag in _FOLLOWED or (tag == "link" and not _LINKED & set(values.get("rel", "").lower().split())):
            return
        for name in ("src", "href", "xlink:href", "data", "poster", "action"):
            if _ELSEWHERE.match(values.get(name, "")):
                self.found.append(f"<{tag} {name}={values[name]}>")
        self.found += [
            f"<{tag} srcset={part}>" for part in values.get("srcset", "").split(",") if _ELSEWHERE.match(part)
        ]
        self.found += [f"<{tag} style={address}>" for address in in_style(values.get("style", ""))]

    def handle_data(self, data: str) -> None:
        look = {"style": in_style, "script": in_script}.get(self._inside)
        if look is not None:
            self.found += [f"<{self._inside}> {address}" for address in look(data)]

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""


def in_page(text: str) -> list[str]:
    """What a page of HTML or a picture of SVG would fetch from elsewhere.

    Args:
        text: The page.

    Returns:
        A line for each.
    """
    page = _Page()
    page.feed(text)
    page.close()
    return page.found


def in_style(text: str) -> list[str]:
    """Addresses elsewhere that a style sheet would fetch.

    Args:
        text: CSS.

    Returns:
        The addresses.
    """
    return _STYLE.findall(_COMMENT.sub("", text))


def in_script(text: str) -> list[str]:
    """Addresses elsewhere that stand in a script; namespaces are names, not addresses.

    Args:
        text: JavaScript.

    Returns:
        The addresses.
    """
    return [address for address in _SCRIPT.findall(_COMMENT.sub("", text)) if not _NAMESPACE.match(address)]


_LOOK = {".html": in_page, ".svg": in_page, ".css": in_style, ".js": in_script}


def requests(folder: Path) -> Iterator[str]:
    """All that the files of a folder would fetch from elsewhere.

    Args:
        folder: Built pages.

    Yields:
        `file: what`.
    """
    for path in sorted(folder.rglob("*")):
        if path.suffix in _LOOK:
            for found in _LOOK[path.suffix](path.read_text(encoding="utf-8")):
                yield f"{path.relative_to(folder)}: {found}"


def main(folder: str) -> int:
    """Print what was found; the exit status says whether it was anything."""
    pages = len(list(Path(folder).rglob("*.html")))
    if not pages:
        print(f"{folder}: no pages; build them first")
        return 2
    found = list(requests(Path(folder)))
    print("\n".join(found) if found else f"{pages} pages, and none asks anybody else for anything")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
