"""A bound that may not fall: the loop that coordinate ascent and EM share."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from latentia.errors import ConfigurationError

ROUNDING = 1e-10
"""By how much, relative to its size, a bound may seem to fall."""


@dataclass(frozen=True, slots=True)
class Ascent:
    """How a bound rose.

    Attributes:
        path: The bound before the first sweep, if it was known, and after every sweep, in nats.
        converged: Whether the last sweep gained less than the tolerance.
    """

    path: tuple[float, ...]
    converged: bool


def check_stopping(max_sweeps: int, tolerance: float) -> None:
    """Refuse rules that never stop, or stop before they start.

    Args:
        max_sweeps: The most sweeps.
        tolerance: Gain below which to stop, in nats for every row.

    Raises:
        ConfigurationError: Names the option.
    """
    if max_sweeps < 1:
        raise ConfigurationError(f"max_sweeps is {max_sweeps}; at least one sweep is needed")
    if not (tolerance >= 0 and math.isfinite(tolerance)):
        raise ConfigurationError(f"tolerance is {tolerance:g}; it is a finite number, zero or more")


def assert_risen(before: float, after: float) -> None:
    """A sweep that lowers its bound is a mistake of ours, not of the data.

    Args:
        before: The bound before the sweep.
        after: The bound after it.
    """
    slack = ROUNDING * max(1.0, abs(before), abs(after))
    assert after >= before - slack, f"the bound fell from {before!r} to {after!r}: an update is wrong"


def stands_still(before: float, after: float, least: float) -> bool:
    """Whether a sweep gained too little to go on.

    Args:
        before: The bound before the sweep.
        after: The bound after it.
        least: The least gain that counts; 0 always goes on, even where rounding takes something away.

    Returns:
        True where ascent has converged.
    """
    return least > 0 and after - before < least


def ascend(sweep: Callable[[], float], *, max_sweeps: int, tolerance: float, rows: int) -> Ascent:
    """Sweep until the bound stands still.

    Args:
        sweep: Updates everything once and returns the bound.
        max_sweeps: The most sweeps.
        tolerance: Stop once a sweep gains less than this for every row, in nats; 0 runs all sweeps.
        rows: How many rows the bound is summed over.

    Returns:
        The path of the bound.

    Raises:
        ConfigurationError: Stopping rules that make no sense.
    """
    check_stopping(max_sweeps, tolerance)
    path = [sweep()]
    for _ in range(max_sweeps - 1):
        path.append(sweep())
        assert_risen(path[-2], path[-1])
        if stands_still(path[-2], path[-1], tolerance * rows):
            return Ascent(tuple(path), True)
    return Ascent(tuple(path), False)
