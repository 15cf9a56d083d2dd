"""When to stop: the ELBO is an average of noise, and a rise smaller than its standard error is none."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from latentia.errors import ConfigurationError

BLOCKS = 10
"""Consecutive steps share their parameters' wandering, so standard errors come from means of blocks."""


@dataclass(frozen=True, slots=True)
class Rise:
    """How the running mean of the ELBO changed from one window of steps to the next.

    Attributes:
        before: Mean of the window before, in nats.
        after: Mean of the last window.
        error: Standard error of their difference.
    """

    before: float
    after: float
    error: float

    @property
    def change(self) -> float:
        """In nats."""
        return self.after - self.before


class NoiseFloor:
    """Compares the mean ELBO of consecutive windows of steps.

    A window's mean and its standard error come from the means of ten blocks, of which the lowest and the highest are
    left out: one wild draw, which the ELBO's heavy lower tail yields now and then, decides nothing. A steady rise of g
    nats a step differs from noise as soon as g times the window is some standard errors, so a longer window sees slower
    drifts.

    Args:
        window: Steps in a window, a multiple of ten.
        tolerance: Nats; a change below it counts as none even where there is no noise at all.

    Raises:
        ConfigurationError: A window that is not such a multiple.

    References:
        Yuen, The two-sample trimmed t for unequal population variances, 1974, doi:10.1093/biomet/61.1.165.

    >>> floor = NoiseFloor(10)
    >>> [floor.add(1.0) for _ in range(20)][-1], floor.reached
    (Rise(before=1.0, after=1.0, error=0.0), True)
    """

    def __init__(self, window: int, tolerance: float = 0.0) -> None:
        if window < BLOCKS or window % BLOCKS:
            raise ConfigurationError(f"window is {window}; expected a multiple of {BLOCKS} steps")
        self.window, self.tolerance = window, tolerance
        self.restart()

    def restart(self) -> None:
        """Forget all windows: the optimisation changed, so the next one is compared with nothing."""
        self._values: list[float] = []
        self._before: tuple[float, float] | None = None
        self.last: Rise | None = None

    def add(self, elbo: float) -> Rise | None:
        """Take the ELBO's estimate of one step.

        Args:
            elbo: In nats.

        Returns:
            The rise, at the end of the second and of every later window; otherwise None.
        """
        self._values.append(elbo)
        if len(self._values) < self.window:
            return None
        now = _trimmed(torch.tensor(self._values, dtype=torch.float64).reshape(BLOCKS, -1).mean(-1))
        before, self._before, self._values = self._before, now, []
        if before is None:
            return None
        self.last = Rise(before[0], now[0], math.sqrt(before[1] + now[1]))
        return self.last

    @property
    def filled(self) -> int:
        """Steps in the window that is being filled."""
        return len(self._values)

    @property
    def reached(self) -> bool:
        """Whether the last window rose by no more than the standard error."""
        return self.last is not None and self.last.change <= max(self.last.error, self.tolerance)


def _trimmed(blocks: Tensor) -> tuple[float, float]:
    """The mean without the lowest and the highest of some values, and its squared standard error."""
    ordered = blocks.sort().values
    kept = ordered[1:-1]
    winsorised = torch.cat([kept[:1], kept, kept[-1:]])
    error = winsorised.var() * (len(blocks) - 1) / (len(kept) * (len(kept) - 1))
    return float(kept.mean()), float(error)
