"""The dynamics of the Hamiltonian posterior: volume, energy, reversibility, and a known matrix."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from latentia.distributions.hamiltonian import leapfrog, quadratic_cooling
from tests.exact.linear_gaussian import F64
from tests.exact.mutants import killed
from tests.exact.test_hamiltonian import ROOT_BETA


def _force(z: Tensor) -> Tensor:
    """Of a target without symmetry: log p = -sum(z^4/4 + z_i z_{i+1}/2 + sin z)."""
    return -(z**3) - (z.roll(1, -1) + z.roll(-1, -1)) / 2 - z.cos()


def volume_is_as_stated(log_det: Callable[[int], Tensor]) -> None:
    d, steps = 3, 4
    cooling = quadratic_cooling(ROOT_BETA, steps)
    step = torch.tensor([0.1, 0.2, 0.3], dtype=F64)

    def move(both: Tensor) -> Tensor:
        return torch.cat(leapfrog(_force, both[:d], both[d:], step, cooling))

    start = torch.randn(2 * d, dtype=F64, generator=torch.Generator().manual_seed(0))
    jacobian = torch.autograd.functional.jacobian(move, start)
    torch.testing.assert_close(torch.linalg.slogdet(jacobian).logabsdet, log_det(d), rtol=0, atol=1e-10)


def test_21_the_dynamics_change_volume_by_the_tempering_alone() -> None:
    volume_is_as_stated(lambda d: d * ROOT_BETA.log())  # (D/2) log beta_0


def test_21_mutants() -> None:
    with killed():
        volume_is_as_stated(lambda d: torch.zeros((), dtype=F64))
    with killed():
        volume_is_as_stated(lambda d: d / 2 * ROOT_BETA.log())


Integrator = Callable[[Tensor, Tensor, Tensor, int], tuple[Tensor, Tensor]]


def _leapfrog(z: Tensor, momentum: Tensor, step: Tensor, steps: int) -> tuple[Tensor, Tensor]:
    return leapfrog(_force, z, momentum, step, [torch.ones((), dtype=F64)] * steps)


def _euler(z: Tensor, momentum: Tensor, step: Tensor, steps: int) -> tuple[Tensor, Tensor]:
    for _ in range(steps):
        momentum = momentum + step * _force(z)
        z = z + step * momentum
    return z, momentum


def conserves_energy_to_second_order(integrate: Integrator) -> None:
    generator = torch.Generator().manual_seed(0)
    z, momentum = torch.randn(2, 50, 3, generator=generator, dtype=F64)

    def energy(at: Tensor, moving: Tensor) -> Tensor:
        potential = at**4 / 4 + at * at.roll(1, -1) / 2 + at.sin()
        return (potential + moving.square() / 2).sum(-1)

    def error(steps: int) -> float:
        step = torch.tensor(0.5 / steps, dtype=F64)
        return float((energy(*integrate(z, momentum, step, steps)) - energy(z, momentum)).abs().mean())

    assert error(40) / error(80) == pytest.approx(4.0, rel=0.05)


def test_the_energy_error_falls_with_the_square_of_the_step() -> None:
    conserves_energy_to_second_order(_leapfrog)


def test_a_mutant_of_first_order() -> None:
    with killed():
        conserves_energy_to_second_order(_euler)


def test_the_dynamics_run_backwards() -> None:
    generator = torch.Generator().manual_seed(0)
    z, momentum = torch.randn(2, 50, 3, generator=generator, dtype=F64)
    step = torch.tensor(0.1, dtype=F64)
    there, moving = _leapfrog(z, momentum, step, 7)
    back, left = _leapfrog(there, -moving, step, 7)
    torch.testing.assert_close(back, z, rtol=0, atol=1e-12)
    torch.testing.assert_close(left, -momentum, rtol=0, atol=1e-12)


def test_on_a_gaussian_the_dynamics_are_a_known_matrix() -> None:
    precision, eps, steps = 2.0, 0.3, 5
    one = torch.tensor(
        [
            [1 - eps**2 * precision / 2, eps],
            [-eps * precision * (1 - eps**2 * precision / 4), 1 - eps**2 * precision / 2],
        ],
        dtype=F64,
    )
    start = torch.tensor([0.7, -1.1], dtype=F64)
    step, still = torch.tensor(eps, dtype=F64), [torch.ones((), dtype=F64)] * steps
    moved = torch.cat(leapfrog(lambda z: -precision * z, start[:1], start[1:], step, still))
    torch.testing.assert_close(moved, torch.linalg.matrix_power(one, steps) @ start, rtol=0, atol=1e-14)
