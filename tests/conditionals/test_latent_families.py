"""Heads and priors of the sphere, of correlated Gaussians and of Laplace latent variables."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.distributions import Distribution, MultivariateNormal

from latentia.conditionals import (
    DiagonalLaplace,
    FullNormal,
    LaplacePrior,
    LowRankNormal,
    Need,
    UniformSpherePrior,
    VonMisesFisherHead,
)
from latentia.distributions import FactorNormal, VonMisesFisher
from latentia.errors import ConfigurationError

HEADS: dict[str, Callable[[int, int], nn.Module]] = {
    "full": FullNormal,
    "low_rank": lambda features, dim: LowRankNormal(features, dim, 2),
    "laplace": DiagonalLaplace,
    "sphere": VonMisesFisherHead,
}
every = pytest.mark.parametrize("name", HEADS)


def given(head: nn.Module, features: Tensor) -> Distribution:
    distribution: Distribution = head(features)
    return distribution


@every
def test_a_head_maps_features_of_any_lead_to_a_distribution(name: str) -> None:
    head = HEADS[name](6, 4)
    q = given(head, torch.randn(2, 3, 6))
    assert q.batch_shape == (2, 3)
    assert q.event_shape == head.event_shape == (4,)
    assert q.rsample(torch.Size([5])).shape == (5, 2, 3, 4)
    assert (Need.FACTORISED in head.provides) == (name == "laplace")  # type: ignore[operator]
    assert (head.domain == "sphere") == (name == "sphere")


@every
def test_an_outlier_keeps_a_finite_density_and_a_gradient(name: str) -> None:
    torch.manual_seed(0)
    head = HEADS[name](6, 4)
    features = (1e4 * torch.randn(8, 6)).requires_grad_()
    q = given(head, features)
    z = q.rsample()
    total = q.log_prob(z).sum() + q.entropy().sum() + z.sum()
    assert total.isfinite()
    total.backward()
    assert features.grad is not None
    assert features.grad.isfinite().all()
    assert features.grad.count_nonzero() == features.numel()


@every
def test_half_precision_features_give_single_precision_distributions(name: str) -> None:
    head = HEADS[name](6, 4).to(torch.bfloat16)
    q = given(head, torch.randn(3, 6, dtype=torch.bfloat16))
    assert q.rsample().dtype == q.log_prob(q.sample()).dtype == torch.float32


def test_a_full_covariance_is_what_the_linear_map_says() -> None:
    head = FullNormal(1, 3).double()
    with torch.no_grad():
        head.linear.weight.zero_()
        head.linear.bias.copy_(torch.tensor([1.0, 2.0, 3.0, 0.0, 0.5, -0.5, 7.0, 8.0, 9.0]))
    q = given(head, torch.zeros(1, dtype=torch.float64))
    assert isinstance(q, MultivariateNormal)
    assert q.mean.tolist() == [1.0, 2.0, 3.0]
    diagonal = [math.exp(b / (1 + (b / 8) ** 2) ** 0.5) for b in (0.0, 0.5, -0.5)]
    a, b, c = diagonal
    expected = [[a, 0.0, 0.0], [7.0 * b, b, 0.0], [8.0 * c, 9.0 * c, c]]
    torch.testing.assert_close(q.scale_tril, torch.tensor(expected, dtype=torch.float64))


def test_a_full_covariance_starts_as_the_diagonal_one() -> None:
    q = given(FullNormal(6, 4), torch.randn(5, 6))
    assert isinstance(q, MultivariateNormal)
    assert q.scale_tril.count_nonzero() == 5 * 4


def test_a_rank_that_is_none_is_refused() -> None:
    for rank in (0, 5):
        with pytest.raises(ConfigurationError, match=f"rank is {rank}.*from 1 to 4"):
            LowRankNormal(6, 4, rank)
    assert isinstance(given(LowRankNormal(6, 4, 4), torch.zeros(1, 6)), FactorNormal)


@pytest.mark.parametrize("dim", [2, 3, 40, 200])
def test_a_sphere_starts_between_uniform_and_certain(dim: int) -> None:
    torch.manual_seed(0)
    q = given(VonMisesFisherHead(20, dim), torch.zeros(50, 20))
    assert isinstance(q, VonMisesFisher)
    kept = q.mean.detach().norm(dim=-1)
    assert ((kept > 0.3) & (kept < 0.9)).all()


def test_a_sphere_keeps_some_concentration_where_the_kl_has_won() -> None:
    for dim in (3, 200):
        head = VonMisesFisherHead(2, dim)
        with torch.no_grad():
            head.linear.weight.zero_()
            head.linear.bias[-1] = -1e6
        q = given(head, torch.zeros(1, 2))
        assert isinstance(q, VonMisesFisher)
        torch.testing.assert_close(float(q.concentration.detach()), dim / 10, rtol=1e-4, atol=0)
        assert 0 < float(q.kl_to_uniform().detach()) < 0.006 * dim


def test_a_sphere_of_one_coordinate_is_refused() -> None:
    for part in (lambda: VonMisesFisherHead(3, 1), lambda: UniformSpherePrior(1)):
        with pytest.raises(ConfigurationError, match="at least 2"):
            part()


def test_priors_are_normalised_and_have_unit_spread() -> None:
    p = given(LaplacePrior(3).double(), torch.empty(0))
    torch.testing.assert_close(p.variance, torch.ones(3, dtype=torch.float64))
    torch.testing.assert_close(p.mean, torch.zeros(3, dtype=torch.float64))
    sphere = given(UniformSpherePrior(3).double(), torch.empty(0))
    assert sphere.sample().dtype == torch.float64
    torch.testing.assert_close(float(sphere.log_prob(sphere.sample())), -math.log(4 * math.pi))
