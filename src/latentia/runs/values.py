"""Values of options checked against the types in a signature, so that a wrong one is named before anything is built."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable
from numbers import Integral, Real
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from latentia.errors import ConfigurationError

_REFUSED = object()


def typed(name: str, value: Any, hint: Any) -> Any:
    """A value in the type that its option has: whole numbers become floats where floats are asked for, lists tuples.

    Args:
        name: The option, for the message.
        value: What was given.
        hint: The option's type: `int`, `float`, `bool`, `str`, a `Literal`, `tuple[T, ...]`, or a union of these.

    Returns:
        The value.

    Raises:
        ConfigurationError: Says what was given and what is expected, with the closest name where there is one.

    >>> typed("hidden", [200, 200], tuple[int, ...])
    (200, 200)
    >>> typed("latent_dim", "8", int)
    Traceback (most recent call last):
    ...
    latentia.errors.ConfigurationError: latent_dim: '8' was given, a whole number is expected
    """
    for kind in _alternatives(hint):
        if (converted := _convert(value, kind)) is not _REFUSED:
            return converted
    words = [str(word) for kind in _alternatives(hint) if get_origin(kind) is Literal for word in get_args(kind)]
    expected = " or ".join(_described(kind) for kind in _alternatives(hint) if kind is not NoneType)
    raise ConfigurationError(f"{name}: {value!r} was given, {expected} is expected{suggestion(str(value), words)}")


def suggestion(given: str, known: Iterable[str]) -> str:
    """The end of a message: `; did you mean 'x'?` where one of the known names is close, else nothing.

    >>> suggestion("epoch", ["epochs", "steps"])
    "; did you mean 'epochs'?"
    """
    close = difflib.get_close_matches(given, list(known), n=1, cutoff=0.6)
    return f"; did you mean {close[0]!r}?" if close else ""


def _alternatives(hint: Any) -> tuple[Any, ...]:
    return get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)


def _convert(value: Any, kind: Any) -> Any:
    if kind is Any:
        return value
    if kind is NoneType or kind is None:
        return None if value is None else _REFUSED
    if get_origin(kind) is Literal:
        return value if value in get_args(kind) else _REFUSED
    if get_origin(kind) is tuple:
        return _convert_items(value, get_args(kind)[0])
    number = not isinstance(value, bool)
    if kind is int and isinstance(value, Integral) and number:
        return int(value)
    if kind is float and isinstance(value, Real) and number and math.isfinite(value):
        return float(value)
    plain = kind in (bool, str) and isinstance(value, kind)
    return value if plain else _REFUSED


def _convert_items(value: Any, kind: Any) -> Any:
    if not isinstance(value, list | tuple):
        return _REFUSED
    items = tuple(_convert(item, kind) for item in value)
    return _REFUSED if _REFUSED in items else items


def _described(kind: Any) -> str:
    if get_origin(kind) is Literal:
        return "one of " + ", ".join(map(str, get_args(kind)))
    if get_origin(kind) is tuple:
        return "a list of whole numbers" if get_args(kind)[0] is int else "a list"
    return {int: "a whole number", float: "a finite number", bool: "true or false", str: "a text"}.get(kind, str(kind))
