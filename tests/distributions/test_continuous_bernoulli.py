"""Oracles 8 and 10 for the continuous Bernoulli; what torch's own and plain cross-entropy get wrong is caught."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.distributions import ContinuousBernoulli as TorchsOwn
from torch.nn.functional import binary_cross_entropy_with_logits

from latentia.distributions import ContinuousBernoulli
from tests.exact.mutants import killed, z_score
from tests.exact.quadrature import F64, unit_interval

SIZES = torch.tensor([0.0, 1e-30, 1e-6, 1e-3, 3.9e-3, 0.1, 0.999, 1.0, 1.001, 3.0, 10.0, 20.0, 40.0, 300.0, 1e4])
LOGITS = torch.cat([SIZES, -SIZES]).to(F64)
X, WEIGHTS = unit_interval()
Score = Callable[[Tensor, Tensor], Tensor]


def ours(logits: Tensor, x: Tensor) -> Tensor:
    return ContinuousBernoulli(logits).log_prob(x)


def torchs(logits: Tensor, x: Tensor) -> Tensor:
    score: Tensor = TorchsOwn(logits=logits, validate_args=False).log_prob(x)
    return score


def cross_entropy(logits: Tensor, x: Tensor) -> Tensor:
    """The pervasive error: a Bernoulli's probability of grey values."""
    all_logits, all_x = torch.broadcast_tensors(logits, x)
    return -binary_cross_entropy_with_logits(all_logits, all_x, reduction="none")


def density_integrates_to_one(score: Score) -> None:
    total = (score(LOGITS, X[:, None]).exp() * WEIGHTS[:, None]).sum(0)
    assert (total - 1).abs().max() < 1e-10


def test_8_the_density_integrates_to_one() -> None:
    density_integrates_to_one(ours)


@pytest.mark.parametrize("mutant", [torchs, cross_entropy])
def test_8_mutants(mutant: Score) -> None:
    with killed():
        density_integrates_to_one(mutant)


def float32_is_exact(score: Score) -> None:
    x = torch.tensor([0.0, 0.25, 0.5, 1.0])[:, None]
    logits = LOGITS.float().requires_grad_()
    exact = ours(logits.detach().double(), x.double())
    narrow = score(logits, x)
    assert ((narrow - exact).abs() < 3e-7 * (1 + exact.abs())).all()
    (gradient,) = torch.autograd.grad(narrow.sum(), logits)
    expected = (x.double() - ContinuousBernoulli(logits.detach().double()).mean).sum(0)
    assert (gradient - expected).abs().max() < 1e-6


def test_float32_is_as_exact_as_it_can_be_and_so_is_its_gradient() -> None:
    float32_is_exact(ours)
    with killed():
        float32_is_exact(torchs)


def test_moments_are_integrals() -> None:
    d = ContinuousBernoulli(LOGITS)
    mass = d.log_prob(X[:, None]).exp() * WEIGHTS[:, None]
    mean = (mass * X[:, None]).sum(0)
    torch.testing.assert_close(d.mean, mean, rtol=1e-11, atol=1e-11)
    torch.testing.assert_close(d.variance, (mass * (X[:, None] - d.mean).square()).sum(0), rtol=1e-8, atol=1e-14)
    low, high = d.mean[len(SIZES) :], d.mean[: len(SIZES)]
    torch.testing.assert_close(low, 1 - high, rtol=0, atol=1e-15)


def test_10_samples_follow_the_density() -> None:
    torch.manual_seed(0)
    logits = torch.tensor([-30.0, -2.0, -1e-4, 0.0, 0.7, 5.0, 80.0], dtype=F64)
    d = ContinuousBernoulli(logits)
    x = d.sample((50_000,))
    assert x.min() >= 0
    assert x.max() <= 1
    for i, t in enumerate(logits.tolist()):
        assert abs(z_score(x[:, i], float(d.mean[i]))) < 5
        assert abs(z_score((x[:, i] - d.mean[i]).square(), float(d.variance[i]))) < 5
        # The distribution function at the mean, (e^(tx) - 1) / (e^t - 1).
        below = float(torch.expm1(t * d.mean[i]) / torch.expm1(logits[i])) if t else 0.5
        assert abs(z_score((x[:, i] < d.mean[i]).double(), below)) < 5


def test_shapes_and_not_a_number() -> None:
    d = ContinuousBernoulli(torch.zeros(3, 1)).expand((3, 4))
    assert d.sample((2,)).shape == (2, 3, 4)
    assert d.log_prob(torch.rand(3, 4)).shape == d.mean.shape == d.variance.shape == (3, 4)
    assert d.support.check(torch.tensor(0.5))
    assert ContinuousBernoulli(torch.tensor(torch.nan)).log_prob(torch.tensor(0.5)).isnan()
