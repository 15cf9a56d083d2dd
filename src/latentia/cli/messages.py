"""Errors of the command line's own grammar as one line that says what to do."""

from __future__ import annotations

from collections.abc import Sequence

from cyclopts import CycloptsError
from cyclopts.exceptions import MissingArgumentError, UnknownCommandError, UnknownOptionError, UnusedCliTokensError

from latentia.cli.commands import COMMANDS
from latentia.recipes import RECIPES, explain
from latentia.runs.values import suggestion

_WORDS = {" into int.": " into a whole number", " into float.": " into a number", " into str.": " into text"}


def explained(error: CycloptsError, arguments: Sequence[str]) -> str:
    """What was wrong with the arguments.

    Args:
        error: As the parser found it.
        arguments: All of them.

    Returns:
        One line.
    """
    command = " ".join(["latentia", *(error.command_chain or ())])
    more = f"; {command} --help shows what there is"
    if isinstance(error, UnusedCliTokensError) and error.unused_tokens:
        word = error.unused_tokens[0]
        hint = "; lists are written with commas: 200,100" if word.replace(",", "").isdecimal() else ""
        return f"unexpected argument {word!r}{hint}{more}"
    if isinstance(error, MissingArgumentError) and error.argument is not None and error.keyword is None:
        return f"{error.argument.name.lstrip('-').upper()} is missing{more}"
    if isinstance(error, UnknownCommandError) and error.unused_tokens:
        word = error.unused_tokens[0]
        return f"there is no command {word!r}; there are {', '.join(COMMANDS)}{suggestion(word, COMMANDS)}"
    if isinstance(error, UnknownOptionError) and command.endswith(" fit"):
        word = (error.token.keyword or error.token.value).split("=", 1)[0]
        if owners := _owners(word):
            several = (
                f"the recipes {', '.join(owners)} have it" if len(owners) > 1 else f"the recipe {owners[0]} has it"
            )
            return f"unknown option: {word}; {several}: add --recipe {owners[0]}"
    text = " ".join(str(error).split())
    for technical, plain in _WORDS.items():
        text = text.replace(technical, plain)
    if isinstance(error, UnknownOptionError):
        return f"{text[0].lower()}{text[1:].rstrip('.')}{'' if 'Did you mean' in text else more}"
    return f"{text[0].lower()}{text[1:].rstrip('.')}"


def _owners(option: str) -> list[str]:
    name = option.lstrip("-").replace("-", "_")
    return [recipe for recipe in RECIPES if name in (known.name for known in explain(recipe).options)]
