"""One draw of Hamiltonian Monte Carlo: a momentum, leapfrog steps, and a test that keeps the target exact."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from latentia.inference.mcmc.metric import Metric
from latentia.inference.mcmc.target import Point, Target

DIVERGENT = -1000.0
"""A trajectory whose log-density with momentum falls by more than this has left the numerical solution (as in Stan)."""
JITTER = 0.2
"""Steps of HMC are longer or shorter by up to this share, chain by chain."""


@dataclass(frozen=True, slots=True)
class Move:
    """What one draw did, for each chain.

    Attributes:
        point: Where the chains are now.
        energy: The Hamiltonian there, `[C]`: minus the log-density, plus the kinetic energy.
        acceptance: `[C]`, the probability of acceptance, averaged over the trajectory.
        divergent: `[C]`, whether the numerical solution was lost.
        leapfrogs: `[C]`, gradients that counted.
        depth: `[C]`, doublings of the trajectory; 0 for HMC.
    """

    point: Point
    energy: Tensor
    acceptance: Tensor
    divergent: Tensor
    leapfrogs: Tensor
    depth: Tensor


Kernel = Callable[[Target, Metric, Tensor, Point, torch.Generator], Move]
"""A draw that leaves the target invariant: target, metric, step sizes `[C]`, where the chains are, noise."""


def leapfrog(
    target: Target, metric: Metric, step: Tensor, point: Point, momentum: Tensor, num_steps: int
) -> tuple[Point, Tensor]:
    r"""Leapfrog steps: half a push, a move, half a push.

    It keeps the volume, is undone by the same number of steps from the end with the momentum reversed, and its error
    in energy over a given time is \(O(\epsilon^2)\).

    Args:
        target: The density.
        metric: The scale.
        step: Step sizes `[C]`.
        point: Where the chains are.
        momentum: `[C, D]`, in the metric's coordinates.
        num_steps: How many.

    Returns:
        The point and momentum at the end.

    References:
        Neal, MCMC using Hamiltonian dynamics, 2011, arXiv:1206.1901.
    """
    stride = metric.stride(step)
    z, log_prob, gradient = point.z, point.log_prob, point.gradient
    for _ in range(num_steps):
        momentum = stride.push(momentum, gradient)
        z = stride.move(z, momentum)
        log_prob, gradient = target(z)
        momentum = stride.push(momentum, gradient)
    return Point(z, log_prob, gradient), momentum


def joint_density(log_prob: Tensor, momentum: Tensor) -> Tensor:
    """Minus the Hamiltonian, `[C]`.

    Args:
        log_prob: `[C]`.
        momentum: `[C, D]`, in the metric's coordinates.

    Returns:
        `[C]`, in nats.
    """
    return torch.add(log_prob, torch.linalg.vecdot(momentum, momentum), alpha=-0.5)


def change_of(joint: Tensor, before: Tensor) -> Tensor:
    """By how much the joint density changed; minus infinity where it is no number, so that nothing goes there.

    Args:
        joint: `[C]`.
        before: `[C]`.

    Returns:
        `[C]`.
    """
    return (joint - before).nan_to_num_(nan=-math.inf, posinf=-math.inf, neginf=-math.inf)


def hmc(num_steps: int) -> Kernel:
    """A draw by leapfrog steps and a Metropolis test.

    The number of steps is drawn anew each time between half of `num_steps` and all of it, so that a length that is half
    a period of some dimension, after which only its sign has changed, is not taken for ever.

    Args:
        num_steps: The most leapfrog steps, 1 or more.

    Returns:
        The kernel.

    References:
        Duane, Kennedy, Pendleton, Roweth, Hybrid Monte Carlo, 1987, doi:10.1016/0370-2693(87)91197-X.
    """

    def draw(target: Target, metric: Metric, step: Tensor, start: Point, generator: torch.Generator) -> Move:
        z = start.z
        momentum = torch.randn(z.shape, generator=generator, dtype=z.dtype, device=z.device)
        uniform = torch.rand((2, len(z)), generator=generator, dtype=z.dtype, device=z.device)
        before = joint_density(start.log_prob, momentum)
        jittered = step * (1 + JITTER * (2 * uniform[0] - 1))
        steps = int(torch.randint((num_steps + 1) // 2, num_steps + 1, (), generator=generator, device=z.device))
        end, momentum = leapfrog(target, metric, jittered, start, momentum, steps)
        joint = joint_density(end.log_prob, momentum)
        change = change_of(joint, before)
        accepted = uniform[1].log() < change
        return Move(
            start.moved(accepted, end),
            -torch.where(accepted, joint, before),
            change.clamp_max(0).exp(),
            change < DIVERGENT,
            torch.full_like(accepted, steps, dtype=torch.long),
            torch.zeros_like(accepted, dtype=torch.long),
        )

    return draw
