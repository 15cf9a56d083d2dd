"""The length of leapfrog steps: a first guess, and dual averaging towards a rate of acceptance."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from latentia.inference.mcmc.metric import Metric
from latentia.inference.mcmc.target import Point, Target

_CROSSED = 0.8
_DOUBLINGS = 50
_FEWEST = 5


def first_step_size(target: Target, metric: Metric, point: Point, step: Tensor, generator: torch.Generator) -> Tensor:
    """Steps doubled or halved until a single leapfrog step's acceptance crosses 0.8.

    Args:
        target: The density.
        metric: The scale of the chains.
        point: Where the chains are.
        step: `[G]`, where to begin; consecutive chains form a group.
        generator: Of the momentum.

    Returns:
        `[G]`.

    References:
        Hoffman, Gelman, The No-U-Turn sampler, 2014, arXiv:1111.4246, algorithm 4.
    """
    groups, chains = len(step), len(point.z)
    rising = torch.zeros(groups, dtype=torch.bool, device=step.device)
    done = torch.zeros_like(rising)
    for attempt in range(_DOUBLINGS):
        stride = metric.stride(step.repeat_interleave(chains // groups))
        before = torch.randn(point.z.shape, generator=generator, dtype=point.z.dtype, device=point.z.device)
        momentum = stride.push(before, point.gradient)
        log_prob, gradient = target(stride.move(point.z, momentum))
        momentum = stride.push(momentum, gradient)
        change = log_prob - point.log_prob + (before.square() - momentum.square()).sum(-1) / 2
        accepted = change.nan_to_num(nan=-math.inf).clamp_max(0).exp().reshape(groups, -1).mean(1)
        high = accepted > _CROSSED
        rising = high if attempt == 0 else rising
        done = done | (high != rising)
        if bool(done.all()):
            break
        step = torch.where(done, step, step * torch.where(rising, 2.0, 0.5))
    return step


class DualAveraging:
    r"""Step sizes whose acceptance approaches a target.

    \(\log \epsilon_t = \mu - \frac{\sqrt t}{\gamma} \frac{1}{t + t_0} \sum_s (a^* - a_s)\), and their average with
    weights \(t^{-\kappa}\), which is what is kept.

    Args:
        step: `[G]`, a first guess.
        target_accept: a*, in (0, 1).

    References:
        Hoffman, Gelman, The No-U-Turn sampler, 2014, arXiv:1111.4246, section 3.2; constants as there.
    """

    gamma, t0, kappa = 0.05, 10.0, 0.75

    def __init__(self, step: Tensor, target_accept: float) -> None:
        self.target_accept = target_accept
        self.step = self._first = step
        self._mu = (10 * step).log()
        self._error = torch.zeros_like(step)
        self._average = torch.zeros_like(step)
        self._count = 0

    def update(self, acceptance: Tensor) -> None:
        """Learn from one draw.

        Args:
            acceptance: `[G]`, between 0 and 1.
        """
        self._count += 1
        share = 1 / (self._count + self.t0)
        self._error = (1 - share) * self._error + share * (self.target_accept - acceptance)
        log_step = self._mu - math.sqrt(self._count) / self.gamma * self._error
        weight = self._count**-self.kappa
        self._average = weight * log_step + (1 - weight) * self._average
        self.step = log_step.exp()

    @property
    def final(self) -> Tensor:
        """The averaged step sizes, `[G]`; the first guess where there were too few updates to average."""
        return self._average.exp() if self._count >= _FEWEST else self._first


def windows(warmup: int) -> tuple[int, tuple[int, ...]]:
    """When the metric is learned: a start that is forgotten, windows that double, and an end for the step size alone.

    Args:
        warmup: Draws.

    Returns:
        The first draw that counts, and the draws after which the metric is renewed.

    References:
        Stan Reference Manual, section 'Automatic parameter tuning' (75 draws, windows of 25, 50, ..., 50 draws).

    >>> windows(1000)
    (75, (100, 150, 250, 450, 950))
    """
    if warmup < 20:
        return warmup, ()
    start, end, width = 75, 50, 25
    if start + end + width > warmup:
        # The step size needs some draws of its own however short the warm-up is.
        start, end = int(0.15 * warmup), max(int(0.1 * warmup), min(15, warmup // 2))
        width = warmup - start - end
    ends: list[int] = []
    at = start
    while at < warmup - end:
        # A window that would leave less than its double behind it takes the rest.
        at = at + width if at + 3 * width <= warmup - end else warmup - end
        ends.append(at)
        width *= 2
    return start, tuple(ends)
