"""From what a person gave to settings: every name known, every value of its type, every default filled in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

from latentia.errors import ConfigurationError
from latentia.recipes import RECIPES, RecipeInfo
from latentia.recipes.explain import explain
from latentia.runs.settings import LIMITS
from latentia.runs.values import suggestion, typed
from latentia.train.plan import Plan

READING: Mapping[str, Any] = {
    "resize": int | None,
    "validation": float | None,
    "test": float | None,
    "labels": str | None,
    "columns": str | None,
    "missing": bool,
    "split_seed": int,
}
"""Options of reading data, and their types. Rows and labels may also be handed over as arrays, columns as a list."""

Recipe = str | Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked for, checked, before the data are known.

    Attributes:
        recipe: What the recipe says of itself.
        build: The recipe.
        reading: Options of reading the data, as far as they were given.
        options: The recipe's options, all of them.
        plan: The training plan.
        given: Names of the options that were given.
    """

    recipe: RecipeInfo
    build: Callable[..., Any]
    reading: Mapping[str, Any]
    options: Mapping[str, Any]
    plan: Plan
    given: frozenset[str]


def resolve(recipe: Recipe, plan: Plan | None, options: Mapping[str, Any]) -> Request:
    """Sort options into those of the data, the recipe and the plan.

    Args:
        recipe: Name of a recipe, or a function like one.
        plan: The plan that plan options change; the default one if None.
        options: Options of all three kinds by name.

    Returns:
        The request.

    Raises:
        ConfigurationError: A name or a value that does not exist, with the closest that does.
    """
    info, build = recipe_of(recipe)
    kinds = sort_names(info)
    chosen: dict[str, dict[str, Any]] = {"reading": {}, "recipe": {}, "plan": {}}
    for name, value in options.items():
        chosen[kinds[_known(name, kinds, info)]][name] = value
    defaults = {option.name: option.default for option in info.options}
    hints = {option.name: option.type for option in info.options}
    own = {name: typed(name, value, hints[name]) for name, value in chosen["recipe"].items()}
    return Request(
        recipe=info,
        build=build,
        reading={name: _reading(name, value) for name, value in chosen["reading"].items() if value is not None},
        options={**defaults, **own},
        plan=revised(plan or Plan(), chosen["plan"]),
        given=frozenset(options),
    )


def recipe_of(recipe: Recipe) -> tuple[RecipeInfo, Callable[..., Any]]:
    """A recipe and its description.

    Args:
        recipe: Its name, or a function that turns a data description and options into a model and an objective.

    Returns:
        Description and function.

    Raises:
        ConfigurationError: There is no recipe of that name.
    """
    if callable(recipe):
        name = getattr(recipe, "__name__", type(recipe).__name__)
        return explain(name, recipe), recipe
    name = str(recipe).replace("-", "_")
    if name not in RECIPES:
        known = ", ".join(RECIPES)
        raise ConfigurationError(f"there is no recipe {recipe!r}; there are {known}{suggestion(name, RECIPES)}")
    return explain(name, RECIPES[name]), RECIPES[name]


def sort_names(info: RecipeInfo) -> dict[str, Literal["reading", "recipe", "plan"]]:
    """Every option that a run with a recipe has, and whose it is.

    Args:
        info: The recipe.

    Returns:
        Name to owner.

    Raises:
        ConfigurationError: A recipe's option has the name of one that every run has.
    """
    kinds: dict[str, Literal["reading", "recipe", "plan"]] = {
        **dict.fromkeys(READING, "reading"),
        **dict.fromkeys((item.name for item in fields(Plan)), "plan"),
    }
    for option in info.options:
        if option.name in kinds:
            raise ConfigurationError(
                f"the recipe {info.name} has an option {option.name!r}, one of all runs; rename it"
            )
        kinds[option.name] = "recipe"
    return kinds


def revised(plan: Plan, changes: Mapping[str, Any]) -> Plan:
    """A plan with some fields changed; a new limit (epochs, steps, minutes) replaces the old one.

    Args:
        plan: The plan.
        changes: Field to value.

    Returns:
        The new plan.

    Raises:
        ConfigurationError: A value that its field cannot have.
    """
    values = plan.to_dict()
    if any(changes.get(limit) is not None for limit in LIMITS):
        values |= dict.fromkeys(LIMITS)
    return Plan.from_dict({**values, **changes})


def _known(name: str, kinds: Mapping[str, str], info: RecipeInfo) -> str:
    if name in kinds:
        return name
    elsewhere = [other for other, function in RECIPES.items() if name in _options(other, function)]
    if elsewhere:
        have = "has" if len(elsewhere) == 1 else "have"
        raise ConfigurationError(f"the recipe {info.name} has no option {name!r}; {', '.join(elsewhere)} {have} it")
    hint = suggestion(name, kinds) or f"; latentia recipes {info.name} lists what there is"
    raise ConfigurationError(f"there is no option {name!r}{hint}")


def _options(name: str, recipe: Callable[..., Any]) -> set[str]:
    return {option.name for option in explain(name, recipe).options}


def _reading(name: str, value: Any) -> Any:
    plain = isinstance(value, str | int | float) and not isinstance(value, bool)
    if name in ("validation", "test", "labels") and not plain:
        return value  # rows, or labels, as arrays: the data room judges them
    if name == "columns" and not plain:
        # as text where it says all there is to say, so that a configuration file can keep it
        kinds = list(value)
        return ",".join(kinds) if all(isinstance(kind, str) for kind in kinds) else kinds
    return typed(name, value, READING[name])
