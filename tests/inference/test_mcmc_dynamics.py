"""The leapfrog is reversible, keeps the volume and errs to second order; each kernel leaves its target invariant.

Invariance is tested where it holds exactly: chains that start at independent draws of the target must still be
independent draws of it after some moves, with steps so long that the dynamics alone are far off.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

import pytest
import torch
from torch import Tensor

from latentia.inference.mcmc import hamiltonian
from latentia.inference.mcmc import nuts as nuts_module
from latentia.inference.mcmc.hamiltonian import Kernel, hmc, joint_density, leapfrog
from latentia.inference.mcmc.metric import Dense, Diagonal, Metric, unit_metric
from latentia.inference.mcmc.nuts import levels, nuts
from latentia.inference.mcmc.target import Target
from tests.exact.mutants import killed, z_score

F64 = torch.float64


def _noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=F64)


def quartic(z: Tensor) -> Tensor:
    """A density that is no Gaussian and mixes its dimensions."""
    return -z.pow(4).sum(-1) / 4 - z.square().sum(-1) / 2 + 0.3 * (z[:, 0] * z[:, 1]).sin()


def _metrics(chains: int, dims: int) -> list[Metric]:
    root = torch.linalg.cholesky(torch.eye(dims, dtype=F64) + 0.5)
    return [unit_metric(torch.zeros(chains, dims, dtype=F64)), Diagonal(_noise(chains, dims).exp()), Dense(root[None])]


@pytest.mark.parametrize("index", [0, 1, 2])
def test_the_leapfrog_is_reversible(index: int) -> None:
    target, start, momentum = Target(quartic), _noise(5, 3), _noise(5, 3, seed=1)
    metric, step = _metrics(5, 3)[index], torch.full((5,), 0.11, dtype=F64)
    there, end = leapfrog(target, metric, step, target.at(start), momentum, 13)
    back, again = leapfrog(target, metric, step, there, -end, 13)
    torch.testing.assert_close(back.z, start, rtol=0, atol=1e-11)
    torch.testing.assert_close(-again, momentum, rtol=0, atol=1e-11)
    # A negative step is the same way back.
    back, again = leapfrog(target, metric, -step, there, end, 13)
    torch.testing.assert_close(back.z, start, rtol=0, atol=1e-11)


@pytest.mark.parametrize("index", [0, 1, 2])
def test_the_leapfrog_keeps_the_volume(index: int) -> None:
    metric = _metrics(1, 2)[index]

    def force(z: Tensor) -> Tensor:
        return -z.pow(3) - z

    def flow(both: Tensor) -> Tensor:
        stride = metric.stride(torch.full((1,), 0.1, dtype=F64))
        z, momentum = both[None, :2], both[None, 2:]
        for _ in range(4):
            momentum = stride.push(momentum, force(z))
            z = stride.move(z, momentum)
            momentum = stride.push(momentum, force(z))
        return torch.cat([z, momentum], 1)[0]

    jacobian = torch.autograd.functional.jacobian(flow, _noise(4))
    assert abs(float(torch.linalg.slogdet(jacobian).logabsdet)) < 1e-12


def energy_error_is_of_second_order(error_at: Callable[[int], float]) -> None:
    errors = [error_at(steps) for steps in (50, 100, 200)]
    orders = [math.log2(coarse / fine) for coarse, fine in pairwise(errors)]
    assert all(abs(order - 2) < 0.1 for order in orders), orders


def _error(steps: int, *, halves: bool = True) -> float:
    target, point, momentum = Target(quartic), Target(quartic).at(_noise(20, 3)), _noise(20, 3, seed=1)
    before = joint_density(point.log_prob, momentum)
    step = torch.full((20,), 1.5 / steps, dtype=F64)
    if halves:
        point, momentum = leapfrog(target, unit_metric(point.z), step, point, momentum, steps)
    else:  # Euler's symplectic scheme: whole pushes
        for _ in range(steps):
            momentum = momentum + step[:, None] * point.gradient
            point = target.at(point.z + step[:, None] * momentum)
    return float((joint_density(point.log_prob, momentum) - before).abs().mean())


def test_the_energy_error_is_of_second_order() -> None:
    energy_error_is_of_second_order(_error)
    with killed():
        energy_error_is_of_second_order(lambda steps: _error(steps, halves=False))


SCALES = torch.tensor([1.0, 0.6], dtype=F64)


def gaussian(z: Tensor) -> Tensor:
    return -(z / SCALES).square().sum(-1) / 2


def leaves_the_target_invariant(kernel: Kernel, *, step: float, chains: int = 6000, moves: int = 4) -> None:
    """Second and fourth moments of the whitened draws, and the first: an error of 9% in a variance is found."""
    generator = torch.Generator().manual_seed(0)
    target = Target(gaussian)
    point = target.at(_noise(chains, 2) * SCALES)
    for _ in range(moves):
        metric = unit_metric(point.z)
        point = kernel(target, metric, torch.full((chains,), step, dtype=F64), point, generator).point
    y = point.z / SCALES
    for moment, truth in ((y, 0.0), (y.square(), 1.0), (y[:, :1] * y[:, 1:], 0.0), (y.pow(4), 3.0)):
        for column in moment.T:
            assert abs(z_score(column, truth)) < 5, (truth, z_score(column, truth))


def test_hmc_leaves_its_target_invariant(monkeypatch: pytest.MonkeyPatch) -> None:
    leaves_the_target_invariant(hmc(3), step=0.75)
    monkeypatch.setattr(hamiltonian, "change_of", lambda joint, before: torch.zeros_like(joint))
    with killed():  # no Metropolis test
        leaves_the_target_invariant(hmc(3), step=0.75)


@pytest.mark.parametrize("step", [0.3, 0.85])
def test_nuts_leaves_its_target_invariant(step: float) -> None:
    leaves_the_target_invariant(nuts(6), step=step)


def test_nuts_without_the_weights_of_its_leaves_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nuts_module, "change_of", lambda joint, before: torch.zeros_like(joint))
    with killed():
        leaves_the_target_invariant(nuts(6), step=0.85)


def test_nuts_with_the_log_of_half_the_weight_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    exact = hamiltonian.change_of
    monkeypatch.setattr(nuts_module, "change_of", lambda joint, before: exact(joint, before) / 2)
    with killed():
        leaves_the_target_invariant(nuts(6), step=0.85)


def test_levels_are_those_of_a_binary_tree() -> None:
    """Each odd leaf ends the subtrees whose first leaves are remembered at its levels, found here by brute force."""
    place: dict[int, int] = {}
    for leaf in range(64):
        low, top = levels(leaf)
        if leaf % 2 == 0:
            place[top] = leaf
            continue
        sizes = [size for size in (2, 4, 8, 16, 32, 64) if (leaf + 1) % size == 0]
        assert sorted(place[level] for level in range(low, top + 1)) == sorted(leaf + 1 - size for size in sizes)


def test_a_trajectory_is_as_long_as_half_a_period() -> None:
    """On a standard Gaussian, where half a period takes pi: neither the first steps nor a second round."""
    target, generator = Target(lambda z: -z.square().sum(-1) / 2), torch.Generator().manual_seed(0)
    point = target.at(_noise(500, 20))
    move = nuts(10)(target, unit_metric(point.z), torch.full((500,), 0.1, dtype=F64), point, generator)
    times = move.leapfrogs.double() * 0.1
    assert 1.0 < float(times.median()) < 2 * math.pi
    assert int(move.depth.max()) < 7


def test_a_wild_step_is_a_divergence_and_nothing_moves() -> None:
    target, generator = Target(lambda z: -z.pow(4).sum(-1)), torch.Generator().manual_seed(0)
    point = target.at(_noise(10, 2))
    for kernel in (nuts(5), hmc(5)):
        move = kernel(target, unit_metric(point.z), torch.full((10,), 50.0, dtype=F64), point, generator)
        assert bool(move.divergent.all())
        assert torch.equal(move.point.z, point.z)
