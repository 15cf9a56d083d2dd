"""Correlated Gaussians and Laplace distributions in networks: gradients, precision, temperature."""

from __future__ import annotations

import math

import torch
from torch.distributions import (
    Independent,
)

from latentia.distributions import FactorNormal, draw, full_normal, temper
from tests.distributions.test_normals import factor, full, laplace_at
from tests.exact.mutants import z_score

F64 = torch.float64


def test_gradients_of_draws_are_those_of_the_covariance() -> None:
    # E[(a.z)^2] has the gradient of a'(S (I + VV') S)a + (a.mu)^2.
    torch.manual_seed(0)
    q = factor(3, 2)
    a = torch.tensor([1.0, -0.5, 0.7], dtype=F64)
    leaves = [t.clone().requires_grad_() for t in (q.loc, q.scale, q.loading)]
    loc, scale, loading = leaves
    u = scale * a
    exact = torch.autograd.grad((a @ loc).square() + u.square().sum() + (u @ loading).square().sum(), leaves)
    many = [t.detach().expand(20_000, *t.shape).clone().requires_grad_() for t in leaves]
    sampled = torch.autograd.grad((FactorNormal(*many).rsample() @ a).square().sum(), many)
    for each, truth in zip(sampled, exact, strict=True):
        for values, value in zip(each.flatten(1).unbind(1), truth.flatten().tolist(), strict=True):
            assert abs(z_score(values, value)) < 5


def test_single_precision_survives_strong_factors() -> None:
    torch.manual_seed(0)
    wide = FactorNormal(
        torch.zeros(200, dtype=F64), torch.ones(200, dtype=F64), 60 * torch.rand(200, 5, dtype=F64) - 30
    )
    narrow = FactorNormal(wide.loc.float(), wide.scale.float(), wide.loading.float())
    z = draw(narrow, torch.Size([50]))
    assert (narrow.log_prob(z) - wide.log_prob(z.double())).abs().max() < 0.02
    assert abs(float(narrow.entropy() - wide.entropy())) < 1e-3


def test_what_is_no_number_reaches_the_loss() -> None:
    for position in range(3):
        parts = [torch.zeros(3), torch.ones(3), torch.ones(3, 2)]
        parts[position] = parts[position] * math.nan
        q = FactorNormal(*parts)
        assert q.log_prob(torch.zeros(3)).isnan()


def test_autocast_narrows_neither_draws_nor_densities() -> None:
    whole, parts = full(4), factor(4, 2)
    for single in (
        full_normal(whole.loc.float(), whole.scale_tril.float()),
        FactorNormal(parts.loc.float(), parts.scale.float(), parts.loading.float()),
    ):
        torch.manual_seed(0)
        plain = single.rsample(torch.Size([3]))
        torch.manual_seed(0)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            z = single.rsample(torch.Size([3]))
            density, entropy = single.log_prob(z), single.entropy()
        torch.testing.assert_close(z, plain, rtol=0, atol=0)
        torch.testing.assert_close(density, single.log_prob(z), rtol=0, atol=0)
        torch.testing.assert_close(entropy, single.entropy(), rtol=0, atol=0)


def test_temperature_scales_a_laplace_distribution() -> None:
    q = laplace_at(0.7, 0.4)
    torch.testing.assert_close(temper(q, 0.5).mean, q.mean)
    torch.testing.assert_close(temper(q, 0.5).stddev, 0.5 * q.stddev)
    assert float(temper(q, 0.0).sample()) == 0.7
    assert isinstance(temper(q, 0.5), Independent)
