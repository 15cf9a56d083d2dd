"""Oracles 8 and 10 for noise on the real line: Laplace and Student's t beside the Gaussian."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.distributions import Distribution, Laplace, Normal
from torch.distributions import StudentT as TorchsOwn

from latentia.distributions import StudentT, additive_noise, bernoulli, normal, observed
from latentia.distributions.student_t import log_gamma_half_step
from tests.exact.mutants import killed, z_score
from tests.exact.quadrature import F64, whole_line

LOC = torch.tensor([-40.0, 0.0, 0.3, 7.0], dtype=F64)[:, None]
SCALE = torch.tensor([3e-4, 0.2, 5.0], dtype=F64)


def student(df: float) -> Callable[[Tensor, Tensor], Distribution]:
    return lambda loc, scale: StudentT(torch.tensor(df, dtype=loc.dtype), loc, scale)


FAMILIES: dict[str, Callable[[Tensor, Tensor], Distribution]] = {
    "normal": lambda loc, scale: Normal(loc, scale, validate_args=False),
    "laplace": lambda loc, scale: Laplace(loc, scale, validate_args=False),
    **{f"student_t {df}": student(df) for df in (2.02, 3.0, 8.0, 150.0)},
}
families = pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)


def integrates_to_one(family: Callable[[Tensor, Tensor], Distribution]) -> None:
    x, weights = whole_line(*torch.broadcast_tensors(LOC, SCALE))
    total = (family(LOC, SCALE).log_prob(x).exp() * weights).sum(0)
    assert (total - 1).abs().max() < 1e-10


@families
def test_8_densities_integrate_to_one(family: Callable[[Tensor, Tensor], Distribution]) -> None:
    integrates_to_one(family)


class _Mutant(StudentT):
    """The scale left out of the normaliser."""

    def log_prob(self, value: Tensor) -> Tensor:
        return super().log_prob(value) + self.scale.log()


def test_8_mutant() -> None:
    with killed():
        integrates_to_one(lambda loc, scale: _Mutant(torch.tensor(5.0, dtype=F64), loc, scale))


@pytest.mark.parametrize("family", [FAMILIES["laplace"], student(8.0), student(150.0)])
def test_moments_are_integrals(family: Callable[[Tensor, Tensor], Distribution]) -> None:
    d = family(*torch.broadcast_tensors(LOC, SCALE))
    x, weights = whole_line(d.mean, SCALE.expand_as(d.mean))
    mass = d.log_prob(x).exp() * weights
    torch.testing.assert_close((mass * x).sum(0), d.mean, rtol=1e-9, atol=1e-9)
    torch.testing.assert_close((mass * (x - d.mean).square()).sum(0), d.variance, rtol=1e-8, atol=0)


def test_student_t_agrees_with_torch_and_keeps_float32() -> None:
    df = torch.tensor([2.02, 5.0, 40.0, 150.0, 1e4])
    x = torch.linspace(-30, 30, 61)[:, None]
    exact = StudentT(df.double(), torch.zeros(5, dtype=F64), torch.full((5,), 0.7, dtype=F64)).log_prob(x.double())
    reference = TorchsOwn(df.double(), torch.zeros(5, dtype=F64), torch.full((5,), 0.7, dtype=F64)).log_prob(x.double())
    torch.testing.assert_close(exact, reference, rtol=1e-11, atol=1e-11)

    def keeps_float32(d: Distribution) -> None:
        # At the centre, where the normaliser is all there is: an error there is counted once for every pixel.
        error = (d.log_prob(torch.zeros(())) - exact[30]).abs()
        assert (error < 3e-7).all()

    keeps_float32(StudentT(df, torch.zeros(5), torch.full((5,), 0.7)))
    with killed():
        keeps_float32(TorchsOwn(df, torch.zeros(5), torch.full((5,), 0.7), validate_args=False))


def test_the_step_of_log_gamma_is_that_of_lgamma() -> None:
    a = torch.logspace(-3, 6, 200, dtype=F64)
    expected = torch.lgamma(a + 0.5) - torch.lgamma(a)
    torch.testing.assert_close(log_gamma_half_step(a)[a < 10], expected[a < 10], rtol=0, atol=1e-14)
    torch.testing.assert_close(log_gamma_half_step(a), expected, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("family", [FAMILIES["laplace"], student(3.0), student(30.0)])
def test_10_samples_follow_the_density(family: Callable[[Tensor, Tensor], Distribution]) -> None:
    torch.manual_seed(0)
    loc, scale = torch.tensor([0.5], dtype=F64), torch.tensor([2.0], dtype=F64)
    d = family(loc, scale)
    x = d.sample((60_000,))
    for threshold in loc + scale * torch.linspace(-3, 3, 9, dtype=F64):
        points, weights = whole_line(threshold[None], scale)
        mass = d.log_prob(points).exp() * weights
        below = float(mass[: len(mass) // 2].sum())
        assert abs(z_score((x < threshold).double(), below)) < 5


def test_not_a_number_reaches_the_loss_and_shapes_expand() -> None:
    nan = torch.tensor(torch.nan)
    assert StudentT(nan, torch.zeros(2), torch.ones(2)).log_prob(torch.zeros(2)).isnan().all()
    d = StudentT(torch.tensor(5.0), torch.zeros(3, 1), torch.ones(3, 1)).expand((3, 4))
    assert d.sample((2,)).shape == (2, 3, 4)
    assert d.log_prob(torch.zeros(3, 4)).shape == (3, 4)


def test_noise_is_told_from_probabilities() -> None:
    for family in FAMILIES.values():
        base = family(torch.zeros(3), torch.ones(3))
        px = torch.distributions.Independent(base, 1, validate_args=False)
        assert additive_noise(px) is base
        noise = additive_noise(observed(px))
        assert noise is not None
        torch.testing.assert_close(noise.stddev, base.stddev)
    assert additive_noise(bernoulli(torch.zeros(3))) is None
    assert additive_noise(Normal(0.0, 1.0)) is None
    assert additive_noise(normal(torch.zeros(3), torch.ones(3))) is not None
