"""Stochastic gradient variational Bayes as it is used: guides, draws, predictions, seeds and refusals."""

from __future__ import annotations

import math
from typing import Any, get_args

import pytest
import torch
from torch import Tensor
from torch.distributions import Beta, Binomial, Normal, constraints

from latentia.errors import CompatibilityError, ConfigurationError, DataError, NonFiniteError
from latentia.inference.parameters import Parameter, Parameters, Values
from latentia.inference.sgvb import Approximation, GuideName, LogJoint, MiniBatches, Schedule, fit, guide_named
from latentia.inference.sgvb.approximation import balanced_noise
from tests.exact.linear_gaussian import F64
from tests.exact.mutants import z_score
from tests.inference.conjugate import GaussianMean

SHORT = Schedule(max_steps=30, window=10)
LOCATION = Parameters({"a": (), "s": Parameter((2,), constraints.positive)})


def gaussian(x: Tensor, loc: Tensor | float, scale: Tensor | float) -> Tensor:
    log_p: Tensor = Normal(loc, scale).log_prob(x)
    return log_p


def log_joint(theta: Values, x: Tensor) -> Tensor:
    return gaussian(theta["a"], 0.0, 1.0) - theta["s"].sum() + gaussian(x, theta["a"], theta["s"]).sum()


X = torch.tensor([[0.3, 1.0], [-0.4, 2.0], [0.9, -1.0]], dtype=F64)
TARGET = LogJoint(LOCATION, log_joint, X)


@pytest.mark.parametrize("name", get_args(GuideName))
@pytest.mark.parametrize("size", [1, 3])
def test_guides_start_as_independent_gaussians_and_score_their_own_draws(name: str, size: int) -> None:
    loc, scale = torch.linspace(-1, 1, size, dtype=F64), torch.linspace(0.5, 2, size, dtype=F64)
    guide = guide_named(name, loc, scale)
    noise = torch.randn(50, size, generator=torch.Generator().manual_seed(0), dtype=F64)
    theta, log_q = guide.push(noise)
    torch.testing.assert_close(theta, loc + scale * noise)
    torch.testing.assert_close(log_q, Normal(loc, scale).log_prob(theta).sum(-1))
    with torch.no_grad():
        for each in guide.parameters():
            each.add_(0.1)
    theta, log_q = guide.push(noise)
    torch.testing.assert_close(guide().log_prob(theta.clone()), log_q)
    assert guide().sample((4,)).shape == (4, size)
    entropy = guide.entropy()
    assert (entropy is None) == (not guide.gaussian)
    if entropy is not None:
        theta, log_q = guide.push(balanced_noise(4 * size + 4, size, torch.Generator().manual_seed(1)))
        torch.testing.assert_close(-log_q.mean(), entropy)
        half_log_det = guide.moments()[1].slogdet()[1] / 2
        torch.testing.assert_close(half_log_det + size / 2 * (1 + math.log(2 * math.pi)), entropy)
    else:
        with pytest.raises(CompatibilityError, match="not known in closed form"):
            guide.moments()


def test_a_beta_posterior_on_the_unit_interval() -> None:
    """7 of 10 with a uniform prior: Beta(8, 4), approximated by a Gaussian in the log-odds."""

    def joint(theta: Values, heads: Tensor) -> Tensor:
        log_p: Tensor = Binomial(10, theta["p"]).log_prob(heads)
        return log_p

    q = fit(LogJoint(Parameters({"p": Parameter((), constraints.unit_interval)}), joint, torch.tensor(7.0, dtype=F64)))
    exact = Beta(8.0, 4.0)
    assert q.converged
    assert abs(float(q.mean["p"]) - float(exact.mean)) < 0.02
    assert abs(float(q.std["p"]) - float(exact.stddev)) < 0.02
    assert abs(q.log_evidence - math.log(1 / 11)) < 0.02  # uniform over 0..10 heads
    assert q.elbo < math.log(1 / 11) + 5 * q.elbo_error
    assert q.effective > 0.95  # the bulk agrees
    assert q.k_hat > 0.5  # but log-odds have exponential tails, and w = exp(u^2 / 2 - c u) then has the shape 1
    assert "effective 9" in q.verdict
    assert "p: 0.6" in str(q)


def test_seeds_reproduce_and_differ() -> None:
    a, b, other = (fit(TARGET, schedule=SHORT, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(a.path, b.path)
    assert torch.equal(a.log_weights, b.log_weights)
    assert not torch.equal(a.path, other.path)
    assert torch.equal(a.sample(5, seed=3)["s"], b.sample(5, seed=3)["s"])
    assert not torch.equal(a.sample(5, seed=3)["s"], a.sample(5, seed=4)["s"])
    batches = MiniBatches(
        LOCATION, lambda t: -t["s"].sum(), lambda t, x: Normal(t["a"], t["s"]).log_prob(x).sum(-1), X, 2
    )
    assert torch.equal(fit(batches, schedule=SHORT).path, fit(batches, schedule=SHORT).path)


def test_torch_is_left_as_it_was() -> None:
    state, validate = torch.get_rng_state(), torch.distributions.Distribution._validate_args
    fit(TARGET, guide="iaf", schedule=Schedule(step=0.001, max_steps=30))
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.distributions.Distribution._validate_args is validate


def some_posterior() -> Approximation:
    return fit(GaussianMean.random().whole, guide="full_rank", estimator="stl")


def test_the_posterior_predictive_of_a_gaussian() -> None:
    """Draws, and the log-density of new rows, which is N(mean, posterior + noise)."""
    model, q = GaussianMean.random(), some_posterior()
    covariance = torch.linalg.inv(model.precision) + model.noise
    exact = torch.distributions.MultivariateNormal(model.mean, covariance)
    new = model.x[:3] * 0.5
    found = q.log_predictive(lambda theta: model.log_likelihood(theta, new), 4000)
    # The weight of one draw varies by less than its mean, so the error of 4,000 is below 0.02; 0.1 would show.
    torch.testing.assert_close(found, exact.log_prob(new), rtol=0, atol=0.1)
    factor = torch.linalg.cholesky(model.noise)
    noise = torch.randn(20_000, 3, generator=torch.Generator().manual_seed(5), dtype=F64)
    draws = q.predict(lambda theta: theta["mean"] + noise @ factor.T, 20_000)
    assert all(abs(z_score(column, float(m))) < 5 for column, m in zip(draws.T, model.mean, strict=True))
    spread = (draws - model.mean).square()
    assert all(abs(z_score(column, float(v))) < 5 for column, v in zip(spread.T, covariance.diagonal(), strict=True))
    with pytest.raises(CompatibilityError, match="one log-density a row"):
        q.log_predictive(lambda theta: model.log_likelihood(theta, new).sum(), 2)


def test_a_log_joint_that_cannot_be_vectorised_is_called_in_a_loop() -> None:
    def branching(theta: Values, x: Tensor) -> Tensor:
        return log_joint(theta, x) if theta["a"] > -100 else -theta["a"].square()

    looped = LogJoint(LOCATION, branching, X)
    a, b = fit(looped, schedule=SHORT), fit(TARGET, schedule=SHORT)
    torch.testing.assert_close(a.path, b.path)


def test_a_start_and_a_guide_of_ones_own() -> None:
    start = {"a": torch.tensor(2.0, dtype=F64), "s": torch.tensor([1.0, 3.0], dtype=F64)}
    q = fit(TARGET, start=start, init_scale=1e-4, schedule=Schedule(step=1e-9, max_steps=1))
    for name, value in start.items():
        torch.testing.assert_close(q.mean[name], value, rtol=0, atol=1e-3)
    guide = guide_named("full_rank", torch.zeros(3, dtype=F64), torch.ones(3, dtype=F64))
    assert fit(TARGET, guide=guide, schedule=SHORT).guide is guide
    with pytest.raises(CompatibilityError, match="the guide has 3 dimensions; the parameters w have 2"):
        fit(LogJoint(Parameters({"w": (2,)}), lambda t, _: t["w"].sum(), X), guide=guide)


def test_k_hat_warns_where_the_guide_is_far_too_narrow() -> None:
    """A Cauchy has tails that no Gaussian covers."""
    wide = LogJoint(Parameters({"w": (3,)}), lambda t, _: -torch.log1p(t["w"].square()).sum())
    q = fit(wide, dtype=F64, final_samples=4000)
    assert q.k_hat > 0.7
    assert q.verdict.startswith("do not trust")


def nothing(theta: Values, _: Any) -> Tensor:
    return theta["a"].square()


@pytest.mark.parametrize(
    ("log_joint", "error", "message"),
    [
        (lambda t, x: t["sigma"].sum(), CompatibilityError, r"asked for 'sigma'.*the parameters are a, s"),
        (lambda t, x: t["s"], CompatibilityError, r"returned a tensor of shape \(2,\); expected one number"),
        (lambda t, x: 3.0, CompatibilityError, "returned float; expected one number as a tensor"),
        (lambda t, x: t["a"] * math.nan, NonFiniteError, r"is nan at the start \(a = \[0.0\]"),
        (lambda t, x: t["a"].log(), NonFiniteError, "is -inf at the start"),
        (lambda t, x: (t["a"] + 0.02).log(), NonFiniteError, "is not finite at step 1"),
    ],
)
def test_log_joints_that_do_not_work_are_refused_in_words(log_joint: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        fit(LogJoint(LOCATION, log_joint, X), schedule=SHORT)


def test_batches_that_do_not_work_are_refused_in_words() -> None:
    def prior(theta: Values) -> Tensor:
        return -theta["a"].square()

    def likelihood(theta: Values, x: Tensor) -> Tensor:
        return gaussian(x, theta["a"], 1.0)

    with pytest.raises(
        CompatibilityError, match=r"returned a tensor of shape \(3, 2\); expected one number a row, \(3,\)"
    ):
        fit(MiniBatches(LOCATION, prior, likelihood, X), schedule=SHORT)
    with pytest.raises(CompatibilityError, match="not over rows"):
        fit(MiniBatches(LOCATION, prior, lambda t, x: likelihood(t, x).sum(), X), schedule=SHORT)
    with pytest.raises(DataError, match="2 and 3 rows"):
        MiniBatches(LOCATION, prior, likelihood, (X, X[:2]))
    with pytest.raises(DataError, match="0 rows"):
        MiniBatches(LOCATION, prior, likelihood, X[:0])
    with pytest.raises(ConfigurationError, match="batch_size is 0"):
        MiniBatches(LOCATION, prior, likelihood, X, 0)


def test_options_out_of_range() -> None:
    options: list[tuple[dict[str, Any], str]] = [
        ({"guide": "gaussian"}, "there is no guide 'gaussian'; there are mean_field"),
        ({"estimator": "reinforce"}, "there is no estimator 'reinforce'"),
        ({"estimator": "score_loo", "num_samples": 1}, "takes 2 or more, or choose score"),
        ({"num_samples": 0}, "num_samples is 0"),
        ({"init_scale": 0.0}, "init_scale is 0.0"),
        ({"final_samples": 0}, "final_samples 0"),
    ]
    for option, message in options:
        with pytest.raises(ConfigurationError, match=message):
            fit(TARGET, **option)
    with pytest.raises(CompatibilityError, match="give a value for each"):
        fit(TARGET, start={"a": torch.zeros(())})
    with pytest.raises(ConfigurationError, match="one draw or more"):
        fit(TARGET, schedule=SHORT).sample(0)


def test_mappings_and_sequences_of_rows_are_batched_alike() -> None:
    x, y = X.unbind(-1)

    def prior(theta: Values) -> Tensor:
        return -theta["a"].square() - theta["s"].sum()

    def of_mapping(theta: Values, rows: dict[str, Tensor]) -> Tensor:
        return gaussian(rows["y"], theta["a"] * rows["x"], theta["s"][0])

    def of_pair(theta: Values, rows: tuple[Tensor, Tensor]) -> Tensor:
        return gaussian(rows[1], theta["a"] * rows[0], theta["s"][0])

    by_name = fit(MiniBatches(LOCATION, prior, of_mapping, {"x": x, "y": y}, 2), schedule=SHORT)
    by_place = fit(MiniBatches(LOCATION, prior, of_pair, (x, y), 2), schedule=SHORT)
    assert torch.equal(by_name.path, by_place.path)
