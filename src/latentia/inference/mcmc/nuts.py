r"""The No-U-Turn sampler without recursion, all chains in step.

A trajectory is doubled forwards or backwards in time until it turns back on itself. Every chain that is still going is
at the same leaf of the same doubling, so that depth and leaf are plain numbers and only the decisions are masks. The
U-turns inside a new half are found with one remembered momentum for each level of its binary tree.

References:
    Hoffman, Gelman, The No-U-Turn sampler, 2014, arXiv:1111.4246; Betancourt, A conceptual introduction to Hamiltonian
    Monte Carlo, 2017, arXiv:1701.02434, appendix A; Phan, Pradhan, Jankowiak, Composable effects for flexible and
    accelerated probabilistic programming in NumPyro, 2019, arXiv:1912.11554, appendix A.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from latentia.inference.mcmc.hamiltonian import DIVERGENT, Kernel, Move, change_of, joint_density
from latentia.inference.mcmc.metric import Metric, Stride
from latentia.inference.mcmc.target import Point, Target

_Phase = tuple[Tensor, Tensor, Tensor]
"""Position, momentum and gradient, `[C, D]` each."""


def turning(first: Tensor, last: Tensor, total: Tensor) -> Tensor:
    """Whether a trajectory has begun to come back: the end's momentum points against the way that was made.

    Args:
        first: Momentum at one end, `[C, D]`.
        last: Momentum at the other end.
        total: The sum of all its momenta, a measure of the way; half of both ends is taken off.

    Returns:
        `[C]`.
    """
    way = torch.sub(total, first + last, alpha=0.5)
    return torch.minimum(torch.linalg.vecdot(first, way), torch.linalg.vecdot(last, way)) <= 0


def levels(leaf: int) -> tuple[int, int]:
    """Which remembered momenta begin the subtrees that an odd leaf ends, or where an even leaf's is kept.

    Args:
        leaf: Counted from 0.

    Returns:
        The lowest and highest level; for an even leaf the highest is its place.

    >>> [levels(leaf) for leaf in (1, 3, 5, 7)]
    [(0, 0), (0, 1), (1, 1), (0, 2)]
    """
    top = (leaf >> 1).bit_count()
    ends = (~leaf & (leaf + 1)).bit_length() - 1  # trailing ones
    return top - ends + 1, top


@dataclass(slots=True)
class _Half:
    """A new half of a trajectory.

    Attributes:
        end: Where it ends.
        chosen: One of its points, drawn in proportion to their densities.
        joint: The joint density there, `[C]`.
        log_weight: The log of the sum of the densities, `[C]`, relative to the start.
        total: The sum of its momenta, `[C, D]`.
        whole: `[C]`: neither a U-turn nor a divergence inside.
        divergent: `[C]`.
        accepted: `[C]`, summed probabilities of acceptance of its leaves.
        leaves: `[C]`, how many counted.
    """

    end: _Phase
    chosen: Point
    joint: Tensor
    log_weight: Tensor
    total: Tensor
    whole: Tensor
    divergent: Tensor
    accepted: Tensor
    leaves: Tensor


def _grow(
    target: Target, stride: Stride, begin: _Phase, before: Tensor, alive: Tensor, log_u: Tensor, kept: Point
) -> _Half:
    """Leapfrog steps from one end of the trajectory, as many as there are rows in `log_u`."""
    z, momentum, gradient = begin
    chosen, chosen_joint = kept, before
    log_weight = torch.full_like(before, -math.inf)
    total = torch.zeros_like(momentum)
    divergent, whole = torch.zeros_like(alive), alive
    accepted, leaves = torch.zeros_like(before), torch.zeros_like(before)
    remembered: list[tuple[Tensor, Tensor]] = [(total, total)] * (len(log_u).bit_length())
    for leaf in range(len(log_u)):
        momentum = stride.push(momentum, gradient)
        z = stride.move(z, momentum)
        log_prob, gradient = target(z)
        momentum = stride.push(momentum, gradient)
        joint = joint_density(log_prob, momentum)
        change = change_of(joint, before)
        accepted = torch.addcmul(accepted, change.clamp_max(0).exp(), whole.to(change.dtype))
        leaves = leaves + whole
        # Multinomial sampling within the half: the new leaf is taken with its share of the weight so far.
        log_weight = torch.logaddexp(log_weight, change)
        taken = log_u[leaf] < change - log_weight
        chosen = chosen.moved(taken, Point(z, log_prob, gradient))
        chosen_joint = torch.where(taken, joint, chosen_joint)
        lost = change < DIVERGENT
        divergent = divergent | (lost & whole)
        stop = lost
        total = total + momentum
        low, top = levels(leaf)
        if leaf % 2 == 0:
            remembered[top] = momentum, total
        else:
            for level in range(top, low - 1, -1):
                first, up_to = remembered[level]
                stop = stop | turning(first, momentum, total - up_to + first)
        whole = whole & ~stop
        if leaf % 2 == 1 and not bool(whole.any()):
            break
    end = z, momentum, gradient
    return _Half(end, chosen, chosen_joint, log_weight, total, whole, divergent, accepted, leaves)


def _either(which: Tensor, one: _Phase, other: _Phase) -> _Phase:
    z, momentum, gradient = (torch.where(which[:, None], a, b) for a, b in zip(one, other, strict=True))
    return z, momentum, gradient


def nuts(max_tree_depth: int) -> Kernel:
    """A draw by a trajectory that is doubled until it turns.

    Args:
        max_tree_depth: At most 2 to this power leapfrog steps a draw.

    Returns:
        The kernel.
    """

    def draw(target: Target, metric: Metric, step: Tensor, start: Point, generator: torch.Generator) -> Move:
        def uniform(*shape: int) -> Tensor:
            return torch.rand(shape, generator=generator, dtype=step.dtype, device=step.device)

        chains = len(step)
        momentum = torch.randn(start.z.shape, generator=generator, dtype=step.dtype, device=step.device)
        before = joint_density(start.log_prob, momentum)
        left = right = (start.z, momentum, start.gradient)
        point, joint, total = start, before, momentum
        log_weight, accepted, leaves = (torch.zeros_like(before) for _ in range(3))
        alive = torch.ones_like(before, dtype=torch.bool)
        divergent, depth = torch.zeros_like(alive), torch.zeros_like(alive, dtype=torch.long)
        for doubling in range(max_tree_depth):
            coins = uniform(2, chains)
            forward = coins[0] < 0.5
            # A chain that has stopped takes steps of length 0: it costs nothing and cannot run away.
            signed = torch.where(forward, step, -step) * alive
            log_u = uniform(1 << doubling, chains).log()
            begin = _either(forward, right, left)
            half = _grow(target, metric.stride(signed), begin, before, alive, log_u, point)
            accepted, leaves = accepted + half.accepted, leaves + half.leaves
            divergent, depth = divergent | half.divergent, depth + alive
            # Biased progressive sampling: the new half is preferred, so that draws lie far from the start.
            taken = half.whole & (coins[1].log() < half.log_weight - log_weight)
            point, joint = point.moved(taken, half.chosen), torch.where(taken, half.joint, joint)
            log_weight = torch.logaddexp(log_weight, half.log_weight)
            total = total + half.total
            left, right = _either(forward, left, half.end), _either(forward, half.end, right)
            # A half that is not whole ends its chain, so what was added for it above is never used again.
            alive = half.whole & ~turning(left[1], right[1], total)
            if not bool(alive.any()):
                break
        return Move(point, -joint, accepted / leaves.clamp_min(1), divergent, leaves.long(), depth)

    return draw
