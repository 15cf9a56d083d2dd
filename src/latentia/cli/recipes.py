"""`latentia recipes`."""

from __future__ import annotations

import types
from collections.abc import Sequence
from textwrap import fill
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from cyclopts import Parameter

from latentia.cli.answer import Answer
from latentia.cli.options import FLAGS, Flags
from latentia.recipes import RECIPES, OptionInfo, RecipeInfo
from latentia.recipes import explain as describe
from latentia.recipes.bibliography import bibtex
from latentia.runs.resolve import recipe_of

_WIDTH = 100
_COLUMN = 46

EXAMPLES = """\
  latentia recipes
  latentia recipes beta_vae
  latentia recipes --json\
"""
KEYS = "recipes: a list; or of one recipe name, summary, description, citation, options, composition, bibtex"


def recipes(
    name: Annotated[
        str | None, Parameter(help="The recipe to explain; by default all are listed", show_default=False)
    ] = None,
    /,
    *,
    flags: Flags = FLAGS,
) -> Answer:
    """List the recipes, or explain one: what it does, what it is composed of, its options and a BibTeX entry."""
    if name is None:
        infos = [describe(each) for each in RECIPES]
        lines = [line for info in infos for line in _listed(info)]
        more = ["latentia recipes NAME explains one; latentia fit DATA --recipe NAME trains with it."]
        return Answer({"recipes": [_values(info) for info in infos]}, [*lines, *more])
    # Only here is a model built, which needs torch.
    from latentia.recipes.composition import composed

    info, build = recipe_of(name)
    parts, entries = composed(build), bibtex(info.citation)
    values = {**_values(info), "composition": dict(parts), "bibtex": list(entries)}
    return Answer(values, list(_explained(info, parts, entries)))


def _listed(info: RecipeInfo) -> list[str]:
    """Name and summary, what differs from the plain VAE, and the citation."""
    changed = f" ({', '.join(info.part_defaults)})" if info.part_defaults else ""
    about = [info.differs + changed if info.differs or changed else "", info.citation]
    return [info.name, _hanging("  ", info.summary), *(_hanging("    ", text.strip()) for text in about if text), ""]


def _values(info: RecipeInfo) -> dict[str, Any]:
    options = [
        {"name": o.name, "type": type_words(o.type), "default": o.default, "help": o.help, "shared": o.shared}
        for o in info.options
    ]
    return {
        "name": info.name,
        "summary": info.summary,
        "description": info.description,
        "citation": info.citation,
        "options": options,
    }


def _explained(info: RecipeInfo, parts: Sequence[tuple[str, str]], entries: Sequence[str]) -> list[str]:
    lines = [info.name, "", fill(info.summary, _WIDTH)]
    if info.description:
        lines += ["", *(fill(part, _WIDTH) for part in info.description.split("\n\n"))]
    lines += ["", fill(info.citation, _WIDTH, initial_indent="Reference: ", subsequent_indent="  ")]
    width = max(len(part) for part, _ in parts)
    lines += ["", "Composition:", *(_hanging(f"  {part:<{width}}  ", what) for part, what in parts)]
    for title, shared in ((f"Options of {info.name}", False), ("Options of the model's parts", True)):
        chosen = [option for option in info.options if option.shared is shared]
        if chosen:
            lines += ["", f"{title}:", *(_option(option) for option in chosen)]
    lines += ["", "BibTeX:", *(line for entry in entries for line in entry.splitlines())]
    return [*lines, "", f"latentia fit DATA --recipe {info.name} trains with it."]


def _option(option: OptionInfo) -> str:
    """One option; where its words leave no room beside them, what they mean stands below."""
    words = type_words(option.type)
    head, indent = f"  --{option.name.replace('_', '-')} {words}", " " * _COLUMN
    text = option.help + ("" if option.default is None else f" [default: {shown(option.default)}]")
    if len(head) <= _COLUMN - 2:
        return _hanging(f"{head:<{_COLUMN}}", text)
    below = _hanging(indent, text)
    if len(head) <= _WIDTH:
        return f"{head}\n{below}"
    choices = _hanging(f"  --{option.name.replace('_', '-')} ", words.replace("|", " | "))
    return f"{choices}\n{below}"


def _hanging(head: str, text: str) -> str:
    return fill(text, _WIDTH + 20, initial_indent=head, subsequent_indent=" " * len(head))


def shown(default: Any) -> str:
    """A default as it would be typed.

    >>> shown((512, 512)), shown(False), shown(4.0)
    ('512,512', 'off', '4')
    """
    if isinstance(default, bool):
        return "on" if default else "off"
    if isinstance(default, tuple):
        return ",".join(map(str, default)) or "none"
    return f"{default:g}" if isinstance(default, float) else str(default)


def type_words(hint: Any) -> str:
    """A type as a placeholder.

    >>> type_words(int | None), type_words(Literal["a", "b"]), type_words(tuple[int, ...]), type_words(bool)
    ('INT', 'a|b', 'N,N,...', '')
    """
    if get_origin(hint) in (Union, types.UnionType):
        return "|".join(type_words(kind) for kind in get_args(hint) if kind is not types.NoneType)
    if get_origin(hint) is Literal:
        return "|".join(map(str, get_args(hint)))
    if get_origin(hint) is tuple:
        return "N,N,..."
    return {int: "INT", float: "FLOAT", bool: "", str: "TEXT"}.get(hint, str(hint))
