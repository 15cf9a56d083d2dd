"""Measurements as lines for people, whatever was measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_WIDTH = 100


def lines(name: str, values: Mapping[str, Any]) -> Iterator[str]:
    """One measurement: its verdict, then its figures with their standard errors.

    Args:
        name: Of the metric.
        values: As its `to_dict` gives them.

    Yields:
        Lines.

    >>> list(lines("gaps", {"total": 2.0, "total_se": 0.25, "num_examples": 100, "verdict": "the encoder's"}))
    ["gaps: the encoder's", '  total 2 ± 0.25; num examples 100']
    """
    yield f"{name}: {values.get('verdict', '')}".rstrip(": ")
    if values.get("advice"):
        yield f"  try: {values['advice']}"
    line = " "
    for key, value in values.items():
        word = _figure(key, value, values.get(f"{key}_se"))
        if word is None or (key.endswith("_se") and key.removesuffix("_se") in values):
            continue
        if len(line) + len(word) > _WIDTH:
            yield line.removesuffix(";")
            line = " "
        line += f" {word};"
    if line.strip():
        yield line.removesuffix(";")


def _figure(key: str, value: Any, error: Any) -> str | None:
    """A number or a short word; lists and sentences are for programs."""
    words = key.replace("_", " ")
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int):
        return f"{words} {value:,}"
    if isinstance(value, float):
        return f"{words} {value:.4g}" + (f" ± {error:.2g}" if isinstance(error, float) else "")
    if isinstance(value, str) and key not in ("verdict", "advice", "units") and len(value) < 30:
        return f"{words} {value}"
    return None
