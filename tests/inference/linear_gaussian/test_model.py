"""Oracles 1 and 2 on the library's own linear-Gaussian model, and the closed forms that follow from it."""

from __future__ import annotations

import math
from typing import Any, cast

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.distributions import MultivariateNormal, kl_divergence

from latentia import bounds
from latentia.errors import ConfigurationError, DataError
from latentia.inference.linear_gaussian import FixedCovariance, LinearGaussian
from latentia.latents import LatentGroup
from tests.exact.linear_gaussian import F64, cubature_trace
from tests.exact.mutants import killed, z_score


def model_of(d: int = 5, k: int = 2, variance: float = 0.3, seed: int = 0) -> LinearGaussian:
    generator = torch.Generator().manual_seed(seed)
    weights = torch.randn(d, k, generator=generator, dtype=F64)
    return LinearGaussian(weights, torch.randn(d, generator=generator, dtype=F64), variance)


def rows(model: LinearGaussian, n: int = 20) -> Tensor:
    return model.sample(n, torch.Generator().manual_seed(1))


def dense_log_prob(model: LinearGaussian, x: Tensor, power: float = 1.0) -> Tensor:
    """The textbook's density, with the whole covariance inverted; `power` of sigma^2 is there to be got wrong."""
    d = len(model.mean)
    covariance = model.weights @ model.weights.T + model.variance**power * torch.eye(d, dtype=F64)
    centred = x - model.mean
    squared = (centred @ torch.linalg.inv(covariance) * centred).sum(1)
    total: Tensor = d * math.log(2 * math.pi) + torch.linalg.slogdet(covariance).logabsdet + squared
    return -total / 2


def likelihood_is_dense(power: float) -> None:
    model = model_of()
    x = rows(model)
    torch.testing.assert_close(model.log_prob(x), dense_log_prob(model, x, power), rtol=0, atol=1e-12)


def test_1_the_log_likelihood_is_that_of_the_dense_marginal() -> None:
    likelihood_is_dense(1.0)
    with killed():  # sigma for sigma^2
        likelihood_is_dense(0.5)


def elbo_is_exact(model: LinearGaussian, vae: Any) -> None:
    x = rows(model)
    expected = dense_log_prob(model, x)
    torch.testing.assert_close(bounds.elbo(cubature_trace(vae, x)), expected, rtol=0, atol=1e-12)
    trace = vae.trace(x, num_samples=3)
    torch.testing.assert_close(trace.log_w, expected.expand(3, -1), rtol=0, atol=1e-12)


def test_1_the_elbo_of_the_composition_is_the_log_likelihood() -> None:
    model = model_of()
    elbo_is_exact(model, model.vae())


def with_posterior(model: LinearGaussian, factor: Tensor) -> Any:
    vae = model.vae()
    group = cast(LatentGroup, vae.latents.groups[0])
    group.q = FixedCovariance(factor)
    return vae


def test_1_mutants() -> None:
    model = model_of()
    exact = model.posterior(rows(model, 1)).scale_tril[0]
    elbo_is_exact(model, with_posterior(model, exact))
    with killed():  # a standard deviation where the variance belongs
        elbo_is_exact(model, with_posterior(model, exact @ exact.T))
    with killed():  # the correlations forgotten
        elbo_is_exact(model, with_posterior(model, exact.diagonal().diag()))
    with killed():  # the encoder forgets to take the mean away
        vae = model.vae()
        with torch.no_grad():
            cast(nn.Linear, vae.encoder).bias.zero_()
        elbo_is_exact(model, vae)


def gap_is_kl(factor_of_kl: float) -> None:
    model = model_of(6, 3)
    x = rows(model)
    generator = torch.Generator().manual_seed(5)
    wrong = torch.randn(3, 3, generator=generator, dtype=F64).tril(-1) + torch.eye(3, dtype=F64) / 2
    vae = with_posterior(model, wrong)
    gap = model.log_prob(x) - bounds.elbo(cubature_trace(vae, x))
    q = MultivariateNormal(vae.encoder(x), scale_tril=wrong)
    torch.testing.assert_close(gap, factor_of_kl * kl_divergence(q, model.posterior(x)), rtol=0, atol=1e-11)


def test_2_the_gap_of_a_wrong_covariance_is_its_kl_to_the_posterior() -> None:
    gap_is_kl(1.0)
    with killed():
        gap_is_kl(0.5)


def test_the_posterior_is_the_joint_over_the_marginal() -> None:
    model = model_of()
    x, z = rows(model), torch.randn(20, 2, generator=torch.Generator().manual_seed(2), dtype=F64)
    joint = model.prior.log_prob(z) + model.conditional(z).log_prob(x)
    torch.testing.assert_close(model.posterior(x).log_prob(z), joint - dense_log_prob(model, x), rtol=0, atol=1e-12)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 8), st.data(), st.floats(-12, 3), st.integers(0, 10**6))
def test_the_likelihood_by_the_small_matrix_agrees_with_the_marginal(
    d: int, data: st.DataObject, log10_variance: float, seed: int
) -> None:
    model = model_of(d, data.draw(st.integers(1, d)), 10**log10_variance, seed)
    x = rows(model, 4)
    assert model.log_prob(x).isfinite().all()
    if log10_variance > -6:  # below that the dense matrix loses what the small one keeps
        torch.testing.assert_close(model.log_prob(x), model.marginal.log_prob(x), rtol=1e-6, atol=1e-6)


def predictive_is_the_mean_of_conditionals(scale: float) -> None:
    # E_{p(z|x)} p(x'|z) by Monte Carlo; a relative error of 1.5% at 5 standard errors would be seen.
    model = model_of(3, 2)
    x = rows(model, 1)
    new = x[0] + 0.3
    with torch.random.fork_rng():
        torch.manual_seed(0)
        z = model.posterior(x).sample(torch.Size([40_000]))[:, 0]
    densities = model.conditional(z).log_prob(new).exp()
    predictive = model.posterior_predictive(x)
    expected = MultivariateNormal(predictive.mean, scale * predictive.covariance_matrix).log_prob(new).exp()
    assert abs(z_score(densities, float(expected[0]))) < 5


def test_27_the_posterior_predictive_is_the_mean_of_conditionals() -> None:
    predictive_is_the_mean_of_conditionals(1.0)
    with killed():
        predictive_is_the_mean_of_conditionals(0.8)


def test_without_noise_the_reconstruction_is_the_projection() -> None:
    model = model_of(5, 2, 1e-13)
    x = torch.randn(9, 5, generator=torch.Generator().manual_seed(3), dtype=F64)
    basis = torch.linalg.qr(model.weights).Q
    projection = (x - model.mean) @ basis @ basis.T + model.mean
    torch.testing.assert_close(model.reconstruct(x), projection, rtol=0, atol=1e-9)


def test_samples_have_the_moments_of_the_marginal() -> None:
    model = model_of(3, 2)
    x = model.sample(20_000, torch.Generator().manual_seed(4))
    assert torch.equal(x, model.sample(20_000, torch.Generator().manual_seed(4)))
    scores = dense_log_prob(model, x)
    entropy = float(MultivariateNormal(model.mean, model.marginal.covariance_matrix).entropy())
    assert abs(z_score(scores, -entropy)) < 5  # 0.04 nats would be seen
    with killed():
        assert abs(z_score(scores, -entropy + 0.1)) < 5


@pytest.mark.parametrize(
    ("weights", "mean", "variance", "message"),
    [
        (torch.ones(2, 3), torch.zeros(2), 1.0, "3 latent dimensions for 2 observed"),
        (torch.ones(2, 0), torch.zeros(2), 1.0, "no columns"),
        (torch.ones(2, 1), torch.zeros(3), 1.0, "mean has 3 entries where 2"),
        (torch.ones(2, 1), torch.zeros(2), 0.0, "variance is 0"),
        (torch.ones(2, 1), torch.zeros(2), math.nan, "variance is nan"),
        (torch.tensor([[1.0], [math.nan]]), torch.zeros(2), 1.0, "weights is nan at row 1 column 0"),
        (torch.ones(2), torch.zeros(2), 1.0, r"a matrix \[N, D\] is expected: give weights\[:, None\]"),
    ],
)
def test_parameters_that_are_no_model_are_refused(weights: Tensor, mean: Tensor, variance: float, message: str) -> None:
    with pytest.raises((DataError, ConfigurationError), match=message):
        LinearGaussian(weights, mean, variance)


def test_rows_that_do_not_fit_are_refused() -> None:
    with pytest.raises(DataError, match=r"4 column\(s\) where 5"):
        model_of().log_prob(torch.ones(3, 4))
    with pytest.raises(DataError, match="x is inf at row 2 column 0"):
        model_of().posterior([[0.0] * 5, [0.0] * 5, [math.inf] * 5])
    with pytest.raises(DataError, match="not an array of real numbers"):
        model_of().log_prob([["a"] * 5])
    with pytest.raises(DataError, match="complex"):
        model_of().log_prob(torch.ones(2, 5, dtype=torch.complex64))
