"""Weights that change over a run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from latentia.objectives.protocol import Step

Schedule = Callable[[Step], "float | Tensor"]
"""A weight as a function of where training stands; evaluation stands at the end of the run."""


def weight_at(weight: float | Schedule, step: Step) -> float | Tensor:
    """The value of a weight that may be a schedule.

    Args:
        weight: A number or a schedule.
        step: Where training stands.

    Returns:
        The number.
    """
    return weight(step) if callable(weight) else weight


def _least(value: float | Tensor, bound: float) -> float | Tensor:
    return value.clamp_max(bound) if isinstance(value, Tensor) else min(value, bound)


@dataclass(frozen=True, slots=True)
class Cyclical:
    """A weight that rises linearly from 0 to `top` and stays there, several times over a run.

    Args:
        cycles: How many times.
        rise: The part of each cycle that the rise takes, in (0, 1].
        top: The weight reached.

    References:
        Fu, Li, Liu, Gao, Celikyilmaz, Carin, Cyclical annealing schedule, 2019, arXiv:1903.10145.

    >>> [Cyclical(2, 0.5)(Step(fraction=f)) for f in (0.0, 0.125, 0.25, 0.5, 1.0)]
    [0.0, 0.5, 1.0, 0.0, 1.0]
    """

    cycles: int = 4
    rise: float = 0.5
    top: float = 1.0

    def __call__(self, step: Step) -> float | Tensor:
        """The weight; at the very end of the run it is `top`."""
        position = step.fraction * self.cycles
        # The end of the run closes the last cycle instead of opening another.
        into = position % 1.0 + (step.fraction >= 1.0) * 1.0
        return _least(into / self.rise, 1.0) * self.top


@dataclass(frozen=True, slots=True)
class Ramp:
    """A value that rises linearly from `start` to `end` over the first part of a run.

    Args:
        end: The last value.
        start: The first value.
        until: The fraction of the run at which the end is reached, in (0, 1].

    >>> [Ramp(25.0, until=0.5)(Step(fraction=f)) for f in (0.0, 0.25, 1.0)]
    [0.0, 12.5, 25.0]
    """

    end: float
    start: float = 0.0
    until: float = 1.0

    def __call__(self, step: Step) -> float | Tensor:
        """The value."""
        return self.start + (self.end - self.start) * _least(step.fraction / self.until, 1.0)
