"""What a recipe puts together, said in words: its parts and its objective, read off the built model itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any, cast

from torch import nn

from latentia.errors import LatentiaError
from latentia.latents import LatentGroup
from latentia.model import VAE
from latentia.recipes.examples import EXAMPLES


def composed(recipe: Callable[..., Any], **options: Any) -> tuple[tuple[str, str], ...]:
    """The composition of a recipe on the first kind of example data that it takes.

    Args:
        recipe: The recipe.
        **options: Its options.

    Returns:
        Pairs of a part (`data`, `encoder`, `prior`, `posterior`, `likelihood`, `objective`) and what stands for it.
    """
    problem: LatentiaError | None = None
    for example in EXAMPLES:
        try:
            model, objective = recipe(example, **options)
        except LatentiaError as error:
            problem = error
            continue
        return (("data", f"{example.name} (as an example)"), *parts_of(model), ("objective", describe(objective)))
    assert problem is not None, "there are examples"
    raise problem


def parts_of(model: VAE) -> Iterator[tuple[str, str]]:
    """The parts of a model.

    Args:
        model: Any model.

    Yields:
        Pairs of a part and what stands for it.
    """
    yield "encoder", _module(model.encoder)
    groups = model.latents.groups
    for group in groups:
        name = f" of {group.name}" if len(groups) > 1 else ""
        where = f"{'x'.join(map(str, group.event_shape))} dimensions"
        if isinstance(group, LatentGroup):
            yield f"prior{name}", f"{_module(group.p)}, {where}"
            yield f"posterior{name}", _module(group.q)
    if len(groups) > 1:
        yield "walk", type(model.walk).__name__
    yield "likelihood", _module(getattr(model.likelihood, "head", model.likelihood))


def _module(module: nn.Module) -> str:
    inner = [
        getattr(module, name) for name in ("conditional", "inner") if isinstance(getattr(module, name, None), nn.Module)
    ]
    extra = module.extra_repr()
    name = f"{type(module).__name__}({extra})" if extra else type(module).__name__
    return f"{name} of {_module(inner[0])}" if inner else name


def describe(value: Any) -> str:
    """A value by its name and by what differs from the defaults.

    Args:
        value: An objective, a penalty, a schedule, a number.

    Returns:
        Such as `ELBO(beta=4)`.

    >>> from latentia.objectives import ELBO, Cyclical
    >>> describe(ELBO()), describe(ELBO(beta=Cyclical(cycles=2)))
    ('ELBO', 'ELBO(beta=Cyclical(cycles=2))')
    """
    if isinstance(value, tuple):
        return ", ".join(map(describe, value))
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, nn.Module):
        return type(value).__name__
    if not is_dataclass(value) or isinstance(value, type):
        name = getattr(value, "__name__", None)
        plain = value is None or isinstance(value, str | int)
        return str(value) if plain else cast(str, name or type(value).__name__)
    changed = [
        f"{item.name}={describe(getattr(value, item.name))}"
        for item in fields(value)
        if item.repr and getattr(value, item.name) is not None and not _is_default(item, getattr(value, item.name))
    ]
    name = type(value).__name__
    return f"{name}({', '.join(changed)})" if changed else name


def _is_default(item: Field[Any], value: Any) -> bool:
    return item.default is not MISSING and bool(item.default == value)
