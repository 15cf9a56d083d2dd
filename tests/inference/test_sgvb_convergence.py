"""When the optimisation stops: on noise alone, and not on a drift, which it tells apart by the standard error."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn

from latentia.errors import ConfigurationError, NonFiniteError
from latentia.inference.sgvb import NoiseFloor, Schedule
from latentia.inference.sgvb.convergence import Rise
from latentia.inference.sgvb.optimise import climb
from tests.exact.linear_gaussian import F64
from tests.exact.mutants import killed

WINDOW, RUNS = 100, 200


def windows_until_stopped(
    floor_class: type[NoiseFloor], drift: float, seed: int, most: int = 6, *, wander: float = 0.0
) -> int | None:
    """How many windows a series of unit noise, autocorrelated by `wander`, with a drift a step takes to be stopped."""
    noise = torch.randn(most * WINDOW, generator=torch.Generator().manual_seed(seed), dtype=F64).tolist()
    floor, level = floor_class(WINDOW), 0.0
    for step, each in enumerate(noise):
        level = wander * level + each
        floor.add(drift * step + level)
        if floor.reached:
            return (step + 1) // WINDOW
    return None


def stops_on_noise(floor_class: type[NoiseFloor], *, wander: float = 0.0) -> None:
    """A rise above one standard error comes by chance in 16 of 100, or somewhat more for ten blocks."""
    ended = [windows_until_stopped(floor_class, 0.0, seed, wander=wander) for seed in range(RUNS)]
    assert None not in ended
    assert sum(each == 2 for each in ended) > 0.7 * RUNS


def goes_on_in_a_drift(floor_class: type[NoiseFloor]) -> None:
    """A drift of six standard errors of a difference of two windows."""
    drift = 6 * math.sqrt(2 / WINDOW) / WINDOW
    stopped = sum(windows_until_stopped(floor_class, drift, seed) is not None for seed in range(RUNS))
    assert stopped <= 0.02 * RUNS


def test_a_plateau_of_noise_is_a_plateau() -> None:
    stops_on_noise(NoiseFloor)
    stops_on_noise(NoiseFloor, wander=0.7)


def test_a_drift_is_none() -> None:
    goes_on_in_a_drift(NoiseFloor)


def test_mutants_of_the_rule_are_rejected() -> None:
    class Deviation(NoiseFloor):
        """The standard deviation of a step for the standard error of a mean."""

        @property
        def reached(self) -> bool:
            return self.last is not None and self.last.change <= self.last.error * math.sqrt(self.window)

    class Strict(NoiseFloor):
        """Any change at all goes on."""

        @property
        def reached(self) -> bool:
            return self.last is not None and abs(self.last.change) <= 1e-3

    with killed():
        goes_on_in_a_drift(Deviation)
    with killed():
        stops_on_noise(Strict)


def test_a_rise_in_numbers() -> None:
    floor = NoiseFloor(10)
    for value in [1.0] * 10 + [2.0, 4.0] * 5:
        floor.add(value)
    # Without the lowest and the highest of ten, whose variance is 10 / 9: Yuen's error of a trimmed mean.
    assert floor.last is not None
    assert (floor.last.before, floor.last.after) == (1.0, 3.0)
    assert abs(floor.last.error - math.sqrt(10 / 9 * 9 / (8 * 7))) < 1e-12
    assert Rise(1.0, 3.0, 0.1).change == 2.0
    assert not floor.reached
    floor.restart()
    assert floor.last is None
    assert not floor.reached


def test_one_wild_step_decides_nothing() -> None:
    noise = torch.randn(2 * WINDOW, generator=torch.Generator().manual_seed(0), dtype=F64)
    calm, wild = NoiseFloor(WINDOW), NoiseFloor(WINDOW)
    for step, value in enumerate((noise + torch.arange(2 * WINDOW) / 20).tolist()):
        calm.add(value)
        wild.add(-1e9 if step == 17 else value)
    assert calm.last is not None
    assert wild.last is not None
    assert not calm.reached
    assert not wild.reached
    assert abs(wild.last.change - calm.last.change) < 0.5


def test_one_wild_gradient_does_not_stop_the_climb() -> None:
    """Adam alone would divide by its size for a thousand steps after it, and get nowhere."""

    def end(factor: float) -> float:
        at = nn.Parameter(torch.zeros(1, dtype=F64))
        steps = iter(range(10_000))

        def estimate() -> tuple[Tensor, float]:
            value = -((at - 5.0) ** 2).sum() * (factor if next(steps) == 5 else 1.0)
            return -value, float(value.detach())

        climb([at], estimate, Schedule(max_steps=200))
        return float(at.detach())

    assert abs(end(1.0) - 5.0) < 0.2
    assert abs(end(1e8) - 5.0) < 1.0


def quadratic(noise: float, start: float = 3.0) -> tuple[list[nn.Parameter], object]:
    at = nn.Parameter(torch.tensor([start], dtype=F64))
    generator = torch.Generator().manual_seed(0)

    def estimate() -> tuple[Tensor, float]:
        value = -((at - 1.0 + noise * torch.randn((), generator=generator, dtype=F64)) ** 2).sum()
        return -value, float(value.detach())

    return [at], estimate


def test_the_reason_is_given_in_words() -> None:
    parameters, estimate = quadratic(0.5)
    ended = climb(parameters, estimate, Schedule(window=100))  # type: ignore[arg-type]
    assert ended.converged
    assert ended.reason.startswith(f"noise floor reached after {len(ended.path)} steps: the mean ELBO of the last 100")
    assert "standard error" in ended.reason
    assert abs(float(parameters[0].detach()) - 1.0) < 0.05

    parameters, estimate = quadratic(0.5, start=1000.0)
    ended = climb(parameters, estimate, Schedule(window=100, max_steps=350))  # type: ignore[arg-type]
    assert not ended.converged
    assert ended.reason.startswith("stopped at the maximum of 350 steps, not converged")
    assert len(ended.path) == 350
    ended = climb(parameters, estimate, Schedule(window=100, max_steps=50))  # type: ignore[arg-type]
    assert "before windows of 100" in ended.reason


def test_an_elbo_that_falls_has_not_converged() -> None:
    at = nn.Parameter(torch.zeros(1, dtype=F64))
    steps = iter(range(10_000))

    def estimate() -> tuple[Tensor, float]:
        return (at * 0).sum(), -float(next(steps))

    ended = climb([at], estimate, Schedule(window=100, cuts=0))
    assert not ended.converged
    assert "because the ELBO falls" in ended.reason


def test_the_mean_over_the_last_window_wanders_less_than_its_steps() -> None:
    """Over runs from many seeds: the error of the end point, against that of any one step at the same step size."""
    ends, steps = [], []
    for seed in range(20):
        at = nn.Parameter(torch.ones(1, dtype=F64))
        generator = torch.Generator().manual_seed(seed)
        seen: list[float] = []

        def estimate(
            at: nn.Parameter = at, generator: torch.Generator = generator, seen: list[float] = seen
        ) -> tuple[Tensor, float]:
            seen.append(float(at.detach()))
            value = ((at - 1.0 + torch.randn((), generator=generator, dtype=F64)) ** 2).sum()
            return value, -float(value.detach())

        climb([at], estimate, Schedule(window=100, cuts=0))
        ends.append((float(at.detach()) - 1) ** 2)
        steps.append((seen[-1] - 1) ** 2)
    assert sum(ends) < 0.7 * sum(steps)


def test_what_is_not_finite_stops_at_once() -> None:
    at = nn.Parameter(torch.zeros(1))
    with pytest.raises(NonFiniteError, match="the gradient of the ELBO is not finite at step 1"):
        climb([at], lambda: (at.abs().sqrt().sum(), 0.0), Schedule())
    with pytest.raises(NonFiniteError, match=r"the ELBO \(nan\) is not finite at step 1"):
        climb([at], lambda: (at.sum(), math.nan), Schedule())
    assert float(at.detach()) == 0


def test_schedules_that_cannot_be_followed() -> None:
    with pytest.raises(ConfigurationError, match="expected step > 0"):
        Schedule(step=0.0)
    with pytest.raises(ConfigurationError, match="multiple of 10"):
        NoiseFloor(15)
