"""How a recipe says in which parts it differs from the plain VAE."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, TypeVar, Unpack, cast

from latentia.recipes.parts import PartOptions

Function = TypeVar("Function", bound=Callable[..., Any])


def with_parts(**defaults: Unpack[PartOptions]) -> Callable[[Function], Function]:
    """A decorator for recipes: other defaults for some of the parts.

    Args:
        **defaults: Options of `Parts`. What a caller gives wins.

    Returns:
        The decorator. `explain` and the command line show the changed defaults.

    >>> @with_parts(prior="vamp")
    ... def recipe(data, /, **parts):
    ...     return parts
    >>> recipe("data"), recipe("data", prior="maf")
    ({'prior': 'vamp'}, {'prior': 'maf'})
    """

    def decorate(recipe: Function) -> Function:
        @wraps(recipe)
        def changed(data: Any, /, **options: Any) -> Any:
            return recipe(data, **{**defaults, **options})

        changed.part_defaults = dict(defaults)  # type: ignore[attr-defined] # read by part_defaults below
        return cast(Function, changed)

    return decorate


def part_defaults(recipe: Callable[..., Any]) -> Mapping[str, Any]:
    """The parts in which a recipe differs from the plain VAE by default.

    Args:
        recipe: A recipe.

    Returns:
        Option of `Parts` to its default; empty where nothing differs.
    """
    return cast(Mapping[str, Any], getattr(recipe, "part_defaults", {}))
