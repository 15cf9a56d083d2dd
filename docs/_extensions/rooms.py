"""The directive `room`: the reference of one room of the library, read from its docstrings."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import ClassVar

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective


def faces(room: str) -> list[str]:
    """The modules of a room that have a public face, the room itself first.

    Args:
        room: Such as `latentia.bounds`.

    Returns:
        The room, and those of its subpackages and modules that are named for the reader by an `__all__` of their own.
    """
    module = import_module(room)
    found = [room]
    for child in iter_modules(getattr(module, "__path__", ()), f"{room}."):
        if child.ispkg or not getattr(module, "__all__", None):
            exported = set(getattr(import_module(child.name), "__all__", ()))
            # What the room exports itself is described there.
            if exported and exported.isdisjoint(getattr(module, "__all__", ())):
                found.append(child.name)
    return found


class Room(SphinxDirective):
    """`{room} latentia.bounds`: what the room says of itself, then everything that it exports."""

    required_arguments = 1
    option_spec: ClassVar = {}

    def run(self) -> list[nodes.Node]:
        """Hand over to autodoc."""
        lines: list[str] = []
        for name in faces(self.arguments[0]):
            if name != self.arguments[0]:
                lines += ["", name, "-" * len(name), ""]
            lines += [f".. automodule:: {name}", "   :members:", ""]
        return self.parsed(lines)

    def parsed(self, lines: list[str]) -> list[nodes.Node]:
        """ReStructuredText read in the midst of Markdown."""
        content = StringList(["```{eval-rst}", *lines, "```"], source=f"<room {self.arguments[0]}>")
        holder = nodes.section()
        holder.document = self.state.document
        self.state.nested_parse(content, self.content_offset, holder, match_titles=True)
        return list(holder.children)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("room", Room)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
