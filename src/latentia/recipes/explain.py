"""What a recipe says of itself, read from its signature and docstring: the command line has no second source."""

from __future__ import annotations

import inspect
import re
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields
from types import MappingProxyType
from typing import Any

from latentia.recipes.parts import Parts
from latentia.recipes.variant import part_defaults


@dataclass(frozen=True, slots=True)
class OptionInfo:
    """One option of a recipe.

    Attributes:
        name: Keyword.
        type: Its type, as in the signature.
        default: Its default.
        help: One line.
        shared: Whether it is one of the `Parts` that most recipes take.
    """

    name: str
    type: Any
    default: Any
    help: str
    shared: bool


@dataclass(frozen=True, slots=True)
class RecipeInfo:
    """What a recipe says of itself.

    Attributes:
        name: What it is called.
        summary: One line.
        description: The paragraphs after that line; the first says what differs from the plain VAE.
        citation: Where it was published.
        options: Its own, then the shared ones.
        part_defaults: Shared options whose default it changes, as `name=value`.
    """

    name: str
    summary: str
    description: str
    citation: str
    options: tuple[OptionInfo, ...]
    part_defaults: tuple[str, ...] = ()

    @property
    def differs(self) -> str:
        """What differs from the plain VAE, in one paragraph; empty for the plain VAE itself."""
        return " ".join(self.description.partition("\n\n")[0].split())


def _section(doc: str, title: str) -> str:
    found = re.search(rf"^{title}:\n((?:    .*\n?|\n)+)", doc, re.MULTILINE)
    return inspect.cleandoc(found.group(1)) if found else ""


def _argument_help(doc: str) -> dict[str, str]:
    items = re.split(r"\n(?=\S)", _section(doc, "Args"))
    pairs = (item.split(":", 1) for item in items if ":" in item)
    return {name.strip(" *"): " ".join(text.split()) for name, text in pairs}


def shared_options(defaults: Mapping[str, Any] = MappingProxyType({})) -> tuple[OptionInfo, ...]:
    """The options of `Parts`.

    Args:
        defaults: Those that a recipe changes.

    Returns:
        One for each field.
    """
    hints = typing.get_type_hints(Parts, include_extras=True)
    described = []
    for field in fields(Parts):
        kind, text = typing.get_args(hints[field.name])[:2]
        assert field.default is not MISSING, "every part has a default"
        described.append(OptionInfo(field.name, kind, defaults.get(field.name, field.default), text, shared=True))
    return tuple(described)


def explain(name: str, recipe: Callable[..., Any]) -> RecipeInfo:
    """Describe a recipe.

    Args:
        name: What it is called.
        recipe: The function.

    Returns:
        Its description; options in the order of the signature, shared ones last.
    """
    doc = inspect.cleandoc(recipe.__doc__ or "")
    texts = _argument_help(doc)
    options: list[OptionInfo] = []
    for parameter in inspect.signature(recipe).parameters.values():
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY:
            kind = _evaluated(parameter.annotation, recipe)
            text = texts.get(parameter.name, "")
            options.append(OptionInfo(parameter.name, kind, parameter.default, text, shared=False))
        elif parameter.kind is inspect.Parameter.VAR_KEYWORD:
            options.extend(shared_options(part_defaults(recipe)))
    summary, _, rest = doc.partition("\n\n")
    description = rest.split("Args:\n")[0].strip()
    citation = " ".join(_section(doc, "References").split())
    changed = tuple(f"{key}={value}" for key, value in part_defaults(recipe).items())
    return RecipeInfo(name, " ".join(summary.split()), description, citation, tuple(options), changed)


def _evaluated(annotation: Any, recipe: Callable[..., Any]) -> Any:
    # Only the options' own annotations are evaluated: those of the model need torch, which `--help` does without.
    if not isinstance(annotation, str):
        return annotation
    written = inspect.unwrap(recipe)
    namespace = written.__globals__ if isinstance(written, types.FunctionType) else {}
    return typing.get_type_hints(types.SimpleNamespace(__annotations__={"x": annotation}), namespace)["x"]
