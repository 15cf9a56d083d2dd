"""The how-to pages of the command line: options read off the commands themselves, and examples that are really run."""

from __future__ import annotations

import io
import os
import re
import shlex
import shutil
from collections.abc import Iterator, Sequence
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

_LOG = logging.getLogger(__name__)

FIRST = "latentia fit digits --epochs 100 --threads 1"
"""The run that all other examples work on; made before any page is read."""


class Shell:
    """Where the examples are run, one after the other; each command line once, whoever shows it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.done: dict[str, str] = {}

    def fresh(self) -> None:
        """Begin again with an empty folder."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.done.clear()

    def run(self, line: str, status: int = 0) -> str:
        """Run `latentia ...` as a shell would, and return what it printed; another exit status is an error.

        Args:
            line: The command line.
            status: The exit status that is expected.

        Returns:
            Standard error and standard output, as a terminal shows them.
        """
        if line not in self.done:
            self.done[line] = self._run(line, status)
        return self.done[line]

    def _run(self, line: str, status: int) -> str:
        from latentia.cli import main

        program, *arguments = shlex.split(line, comments=True)
        assert program == "latentia", f"only latentia is run here: {line}"
        said = io.StringIO()
        before = os.environ.get("COLUMNS")
        os.environ["COLUMNS"] = "80"
        try:
            with chdir(self.folder), redirect_stdout(said), redirect_stderr(said):
                got = main(arguments)
        finally:
            os.environ.pop("COLUMNS") if before is None else os.environ.update(COLUMNS=before)
        text = said.getvalue()
        assert got == status, f"{line}: exit status {got}\n{text}"
        return _as_shown(text)


def _as_shown(text: str) -> str:
    """What a terminal would show at the end: of a line that was written over, its last state."""
    lines = (line.rstrip("\r").rpartition("\r")[2].rstrip() for line in re.sub(r"\x1b\[[0-9;]*m", "", text).split("\n"))
    return "\n".join(lines).strip("\n")


def _shell(app: Sphinx) -> Shell:
    return app._latentia_shell  # type: ignore[attr-defined] # one for each build, made in `_start`


def _start(app: Sphinx) -> None:
    app._latentia_shell = Shell(Path(app.outdir).parent / "commands")  # type: ignore[attr-defined]
    _shell(app).fresh()
    _LOG.info("the run of the examples: %s", FIRST)
    _shell(app).run(FIRST)


class Example(SphinxDirective):
    """`{latentia} sample RUN`: the command, what it prints and, with `:image:`, the picture that it wrote."""

    required_arguments = 1
    final_argument_whitespace = True
    option_spec: ClassVar = {
        "image": directives.unchanged_required,
        "alt": directives.unchanged_required,
        "width": directives.unchanged_required,
        "status": directives.nonnegative_int,
        "lines": directives.positive_int,
        "first": directives.flag,
    }

    def run(self) -> list[nodes.Node]:
        """Run it and show it."""
        line = FIRST if "first" in self.options else f"latentia {' '.join(self.arguments[0].split())}"
        shell = _shell(self.env.app)
        text = shell.run(line, self.options.get("status", 0))
        if "lines" in self.options:
            kept = text.split("\n")
            text = "\n".join([*kept[: self.options["lines"]], "..."]) if len(kept) > self.options["lines"] else text
        block = nodes.literal_block("", f"$ {line}\n{text}" if text else f"$ {line}", language="console")
        shown: list[nodes.Node] = [block]
        if "image" in self.options:
            shown.append(self._picture(shell.folder / self.options["image"]))
        return shown

    def _picture(self, written: Path) -> nodes.Node:
        assert written.is_file(), f"{self.arguments[0]}: it wrote no {written}"
        here = Path(self.env.doc2path(self.env.docname)).parent
        picture = nodes.image(uri=os.path.relpath(written, here), alt=self.options["alt"], classes=["picture"])
        if "width" in self.options:
            picture["width"] = self.options["width"]
        return picture


class Options(SphinxDirective):
    """`{options} sample`: usage and a table of the options, from the object that reads the command line."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """A table for each group of options."""
        name = self.arguments[0]
        shown: list[nodes.Node] = []
        for group, rows in _grouped(name):
            title = nodes.paragraph("", "", nodes.strong("", group), classes=["options-group"])
            shown += [title, table(("option", "meaning", "default"), rows, classes=["options"])]
        return shown


def _grouped(name: str) -> Iterator[tuple[str, list[tuple[nodes.Node, nodes.Node, nodes.Node]]]]:
    from latentia.cli.app import build

    app = build([name])[name]
    groups: dict[str, tuple[float, list[Any]]] = {}
    for argument in app.assemble_argument_collection(parse_docstring=False):
        if not argument.show:
            continue
        group = argument.parameter.group[0]
        key = group.sort_key if isinstance(group.sort_key, int | float) else 0
        groups.setdefault(group.name, (key, []))[1].append(argument)
    for title, (_, arguments) in sorted(groups.items(), key=lambda item: item[1][0]):
        yield title, [_row(each) for each in arguments]


def _row(argument: Any) -> tuple[nodes.Node, nodes.Node, nodes.Node]:
    from latentia.cli.recipes import shown

    names = nodes.inline()
    negative = set(argument.negatives)
    listed = [name for name in argument.names if name not in negative]
    listed = [*sorted(listed, key=len, reverse=True), *sorted(negative)[:1]]
    for position, name in enumerate(listed):
        names += [nodes.Text(", ")] * bool(position)
        names += nodes.literal("", name, classes=["option"])
    metavar = argument.parameter.metavar or _type_words(argument.hint)
    if metavar and not listed[0].isupper():
        # A place to break long lists of choices.
        names += nodes.inline("", " " + metavar.replace("|", " | "), classes=["metavar"])
    default = argument.field_info.default
    hidden = argument.parameter.show_default is False or default is argument.field_info.empty or default is None
    text = argument.parameter.help or ""
    inside = re.search(r"\s*\[default: (.*)\]$", text)
    value = inside[1] if inside else "" if hidden else shown(default)
    text = text[: inside.start()] if inside else text
    return names, _with_literals(text), nodes.inline("", value)


def _type_words(hint: Any) -> str:
    from latentia.cli.recipes import type_words

    return type_words(hint).replace("<class 'pathlib.Path'>", "PATH")


def _with_literals(text: str) -> nodes.Node:
    """A help text in which options and what stands in backticks are set as code."""
    line = nodes.inline()
    for part in re.split(r"(`[^`]+`|--[a-z][a-z-]*)", text):
        line += nodes.literal("", part.strip("`")) if part.startswith(("`", "--")) else nodes.Text(part)
    return line


def table(head: Sequence[str], rows: Sequence[Sequence[nodes.Node]], classes: Sequence[str] = ()) -> nodes.table:
    """A table of docutils.

    Args:
        head: Titles of the columns.
        rows: Inline nodes for each.
        classes: Of the table, for the style sheet.

    Returns:
        The node.
    """
    group = nodes.tgroup(cols=len(head))
    group += [nodes.colspec(colwidth=1) for _ in head]
    titles = nodes.row("", *(nodes.entry("", nodes.paragraph("", title)) for title in head))
    group += nodes.thead("", titles)
    body = nodes.tbody()
    for cells in rows:
        body += nodes.row("", *(nodes.entry("", nodes.paragraph("", "", cell)) for cell in cells))
    group += body
    return nodes.table("", group, classes=["colwidths-auto", *classes])


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directives; the run that they work on is made when the build begins."""
    app.add_directive("latentia", Example)
    app.add_directive("options", Options)
    app.connect("builder-inited", _start)
    return {"parallel_read_safe": False, "parallel_write_safe": True}
