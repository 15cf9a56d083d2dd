"""Stochastic ascent of the ELBO: Adam, a step size that decays in stages, and a stop at the noise floor."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from latentia.errors import ConfigurationError, NonFiniteError
from latentia.inference.sgvb.convergence import NoiseFloor, Rise

Step = Callable[[], tuple[Tensor, float]]
"""One estimate: the loss to differentiate, and the estimate of the ELBO in nats."""
FALL = 5.0
"""Standard errors by which the ELBO must fall to be called falling."""
WILD, MEMORY = 10.0, 0.1
"""A gradient so many times larger than usual is shortened to that; the share of the last one in what is usual."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long to climb, and by what steps.

    Attributes:
        step: Step size of Adam at the start, in units of the unconstrained parameters.
        decay: What the step size is multiplied by when the ELBO no longer rises.
        cuts: How often at the most.
        window: Steps whose ELBO is averaged and compared.
        tolerance: Nats; a rise below it counts as none.
        max_steps: Steps at the most.
    """

    step: float = 0.05
    decay: float = 0.25
    cuts: int = 3
    window: int = 200
    tolerance: float = 1e-6
    max_steps: int = 20_000

    def __post_init__(self) -> None:
        if not (self.step > 0 and 0 < self.decay < 1 and self.cuts >= 0 and self.max_steps >= 1):
            raise ConfigurationError(
                f"{self} cannot be followed; expected step > 0, decay between 0 and 1, cuts >= 0, max_steps >= 1"
            )


@dataclass(frozen=True, slots=True)
class Stopped:
    """How an optimisation ended.

    Attributes:
        path: The ELBO's estimate at every step, `[T]`, in nats.
        converged: Whether the noise floor was reached.
        reason: Why it stopped, in words.
    """

    path: Tensor
    converged: bool
    reason: str


def climb(parameters: list[nn.Parameter], estimate: Step, schedule: Schedule) -> Stopped:
    """Raise the ELBO until it no longer rises above its own noise, at any step size of the schedule.

    Once a window of steps is no better than the one before, the step size decays, because a part of what is missing
    from the optimum is the wandering that steps of this size cause. It ends when a smaller step does not help either,
    or after the last of them. The parameters are left at their mean over the last window, which halves the wandering
    once more.

    Args:
        parameters: What to optimise, in place.
        estimate: Called once a step.
        schedule: Step sizes and limits.

    Returns:
        The path and the reason.

    Raises:
        NonFiniteError: An ELBO or a gradient is NaN or infinite; the parameters are then as the last good step left
            them.
    """
    optimiser = torch.optim.Adam(parameters, lr=schedule.step)
    floor = NoiseFloor(schedule.window, schedule.tolerance)
    path: list[float] = []
    average = [torch.zeros_like(each) for each in parameters]
    before: Rise | None = None
    usual: float | None = None
    size, cuts = schedule.step, 0
    while len(path) < schedule.max_steps:
        loss, elbo = estimate()
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        usual = _tame(elbo, parameters, len(path), size, usual)
        optimiser.step()
        path.append(elbo)
        with torch.no_grad():
            for mean, each in zip(average, parameters, strict=True):
                mean.lerp_(each, 1 / (floor.filled + 1))
        rise = floor.add(elbo)
        if rise is None or not floor.reached:
            continue
        helped = before is None or rise.after - before.after > max(
            math.hypot(rise.error, before.error), schedule.tolerance
        )
        if cuts == schedule.cuts or not helped:
            for mean, each in zip(average, parameters, strict=True):
                each.data.copy_(mean)
            return _at_the_floor(path, schedule.window, rise, before, size)
        before, cuts, size = rise, cuts + 1, size * schedule.decay
        for group in optimiser.param_groups:
            group["lr"] = size
        floor.restart()
    return Stopped(torch.tensor(path), False, _exhausted(len(path), schedule.window, floor.last))


def _tame(elbo: float, parameters: list[nn.Parameter], done: int, size: float, usual: float | None) -> float:
    """Check the gradient, and shorten one that is far larger than usual.

    Adam's scales forget a wild gradient only after a thousand steps, in which it would hardly move.

    Returns:
        The running mean of the gradient's largest entry.
    """
    gradients = [each.grad for each in parameters if each.grad is not None and each.grad.numel()]
    largest = float(torch.stack([each.abs().max() for each in gradients]).max()) if gradients else 0.0
    if not (math.isfinite(elbo) and math.isfinite(largest)):
        what = "the gradient of the ELBO" if math.isfinite(elbo) else f"the ELBO ({elbo})"
        raise NonFiniteError(
            f"{what} is not finite at step {done + 1}, with step size {size:g}: take a smaller step, more samples or a "
            "narrower start (init_scale), or look for a logarithm, root or quotient at the edge of a support in the "
            "log-joint"
        )
    if usual is None:
        return largest
    limit = WILD * usual
    if 0 < limit < largest:
        for each in gradients:
            each.mul_(limit / largest)
        largest = limit
    return usual + MEMORY * (largest - usual)


def _at_the_floor(path: list[float], window: int, rise: Rise, before: Rise | None, size: float) -> Stopped:
    """Converged, unless the ELBO did not stand still but fell."""
    falls = [(rise.change, rise.error)]
    if before is not None:
        falls.append((rise.after - before.after, math.hypot(rise.error, before.error)))
    fell = any(change < -FALL * error for change, error in falls)
    floor = (
        f"the mean ELBO of the last {window} steps, {rise.after:.6g}, differs by {rise.change:+.2g} from that of the "
        f"{window} before, and the standard error of that is {rise.error:.2g}"
    )
    cut = f"; the last cut of the step size, to {size:.2g}, changed it by {falls[-1][0]:+.2g}" if before else ""
    if fell:
        reason = (
            f"stopped after {len(path)} steps, not converged, because the ELBO falls: {floor}{cut}; take a smaller step"
        )
    else:
        reason = f"noise floor reached after {len(path)} steps: {floor}{cut}"
    return Stopped(torch.tensor(path), not fell, reason)


def _exhausted(steps: int, window: int, rise: Rise | None) -> str:
    if rise is None:
        return f"stopped at the maximum of {steps} steps, before windows of {window} could be compared; raise max_steps"
    return (
        f"stopped at the maximum of {steps} steps, not converged: the mean ELBO last changed by {rise.change:+.2g} in "
        f"{window} steps, with a standard error of {rise.error:.2g}; raise max_steps"
    )
