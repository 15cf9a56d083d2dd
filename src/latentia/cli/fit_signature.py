"""The signature of `latentia fit`: the options of a recipe, of the plan and of reading data."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from cyclopts import Group, Parameter

from latentia.cli.options import FLAGS, Flags, whole_numbers
from latentia.recipes import OptionInfo, RecipeInfo
from latentia.train.plan import Plan

_RUN = Group("Run", sort_key=10)
_DATA = Group("Data", sort_key=20)
_PARTS = Group("Model parts", sort_key=40)
_TRAINING = Group("Training", sort_key=50)
_FRACTION = "Part of the training rows to hold out for {}, where the data bring no such split [default: 0.1]"

_OWN: tuple[tuple[str, Any, Any, Group, str], ...] = (
    ("recipe", str, "vae", _RUN, "What to train: latentia recipes lists them"),
    ("out", Path | None, None, _RUN, "Folder of the run; by default runs/DATA-RECIPE-1, -2, ..."),
    (
        "config",
        Path | None,
        None,
        _RUN,
        "Options in a file (.toml, .json, .yaml), as a run's config.toml; the command line wins",
    ),
    ("report", bool, True, _RUN, "Measure the model, draw pictures and write report.html at the end"),
    ("resize", int | None, None, _DATA, "Side of the square that pictures are cropped and reduced to"),
    ("validation", float | None, None, _DATA, _FRACTION.format("validation")),
    ("test", float | None, None, _DATA, _FRACTION.format("the test")),
    ("labels", str | None, None, _DATA, "A .npy file with a label for each row, for the pictures of the report"),
    (
        "columns",
        str | None,
        None,
        _DATA,
        "Of tables: the kind of each column (real, positive, count, binary, categorical, ordinal) with commas between, "
        "or auto: zeros and ones are binary, other whole numbers counts, the rest real; by default columns are alike",
    ),
    ("missing", bool, False, _DATA, "Take NaN for missing values; otherwise they are refused"),
    ("split_seed", int, 0, _DATA, "Seed that decides which rows are held out"),
)


def signature(info: RecipeInfo) -> inspect.Signature:
    """The signature of the command with a recipe.

    Args:
        info: The recipe.

    Returns:
        A signature for cyclopts: one keyword for each option, with its type, default, help and group.
    """
    data = Annotated[
        str | None,
        Parameter(
            show_default=False,
            help="A name (digits, mnist, fashion-mnist), a file (.npy, .npz, FILE.npz:KEY, IDX), a folder of pictures",
        ),
    ]
    parameters = [inspect.Parameter("data", inspect.Parameter.POSITIONAL_ONLY, default=None, annotation=data)]
    parameters += [_keyword(*own) for own in _OWN]
    parameters.insert(4, _resume())
    recipe = Group(f"Recipe {info.name}", sort_key=30)
    parameters += [_of_recipe(option, _PARTS if option.shared else recipe) for option in info.options]
    parameters += list(_of_plan())
    flags = inspect.Parameter("flags", inspect.Parameter.KEYWORD_ONLY, default=FLAGS, annotation=Flags)
    return inspect.Signature([*parameters, flags])


def _keyword(name: str, kind: Any, default: Any, group: Group, text: str) -> inspect.Parameter:
    settings: dict[str, Any] = {"group": group, "help": _sentence(text)}
    if default is None:
        settings["show_default"] = False
    if kind is not bool:
        settings["negative"] = ""
    if get_origin(kind) is tuple and get_args(kind)[:1] == (int,):
        settings |= {"converter": whole_numbers, "n_tokens": 1, "metavar": "N,N,...", "show_default": _listed}
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind, Parameter(**settings)]
    )


def _resume() -> inspect.Parameter:
    text = "Go on with the run in this folder (or in --out), with its own options; DATA is not needed"
    kind = Annotated[
        list[str] | None,
        Parameter(group=_RUN, help=text, consume_multiple=(0, 1), negative="", metavar="DIR", show_default=False),
    ]
    return inspect.Parameter("resume", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=kind)


def _of_recipe(option: OptionInfo, group: Group) -> inspect.Parameter:
    return _keyword(option.name, option.type, option.default, group, option.help)


def _of_plan() -> Iterator[inspect.Parameter]:
    hints = get_type_hints(Plan, include_extras=True)
    for field in fields(Plan):
        kind, text = get_args(hints[field.name])[:2]
        yield _keyword(field.name, kind, field.default, _TRAINING, text)


def _sentence(text: str) -> str:
    """Help texts begin alike, whoever wrote them."""
    word = text.split(" ", 1)[0]
    capital = text if word.endswith((":", ",")) else text[:1].upper() + text[1:]
    return capital if capital.endswith("...") else capital.rstrip(".")


def _listed(default: tuple[int, ...]) -> str:
    return ",".join(map(str, default)) or "none"
