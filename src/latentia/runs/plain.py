"""Values as JSON has them: no NaN, no tuples, no paths."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any


def plain(value: Any) -> Any:
    """A value that JSON can hold: numbers that are not finite become None, tuples lists, paths text.

    Args:
        value: Any nesting of mappings and sequences.

    Returns:
        The same in JSON's kinds.

    >>> plain({"nll": float("nan"), "shape": (1, 8, 8)})
    {'nll': None, 'shape': [1, 8, 8]}
    """
    if isinstance(value, Mapping):
        return {str(name): plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(each) for each in value]
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, PurePath):
        return str(value)
    return value
