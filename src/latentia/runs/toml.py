"""Settings as TOML text: what the standard library reads but does not write."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from latentia.errors import ConfigurationError


def dumps(tables: Mapping[str, Any]) -> str:
    """Write TOML: plain values first, then a table for each mapping. None is left out, as TOML has no word for it.

    Args:
        tables: Name to a plain value (text, number, truth value, list of these) or to a mapping of such.

    Returns:
        TOML text.

    Raises:
        ConfigurationError: A value of another kind: names it.

    >>> print(dumps({"recipe": "vae", "training": {"epochs": 3, "ema": None}}), end="")
    recipe = "vae"
    <BLANKLINE>
    [training]
    epochs = 3
    """
    plain = {name: value for name, value in tables.items() if not isinstance(value, Mapping)}
    lines = _lines(plain)
    for name, table in tables.items():
        if isinstance(table, Mapping) and (inner := _lines(table)):
            lines += ["", f"[{_key(name)}]", *inner] if lines else [f"[{_key(name)}]", *inner]
    return "\n".join(lines) + "\n"


def _lines(values: Mapping[str, Any]) -> list[str]:
    return [f"{_key(name)} = {_value(name, value)}" for name, value in values.items() if value is not None]


def _key(name: str) -> str:
    bare = name.replace("_", "").replace("-", "")
    return name if bare.isascii() and bare.isalnum() else json.dumps(name)


def _value(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return repr(value)  # the shortest digits that give the number back; inf and nan are words of TOML too
    if isinstance(value, str):
        # JSON's escapes are TOML's, but for one control character that JSON leaves as it is.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_value(name, item) for item in value) + "]"
    raise ConfigurationError(f"{name}: {value!r} cannot be kept in a configuration file; give text, numbers or lists")
