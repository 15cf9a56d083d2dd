"""Errors that published implementations have made: each is stated, and shown not to be ours."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from latentia import bounds
from latentia.errors import CompatibilityError
from latentia.latents import Trace
from latentia.model import VAE
from latentia.names import EstimatorName
from latentia.objectives import ELBO, IWAE, Baseline, Step
from latentia.recipes import recipe_named
from tests.exact.linear_gaussian import ExactPosterior, LinearGaussian
from tests.exact.mutants import killed
from tests.ledger import REAL, Instance

K = 10
Bound = Callable[[Trace], Tensor]


def small() -> tuple[VAE, Tensor]:
    instance = Instance("iwae", REAL, {"latent_dim": 3, "hidden": (8,)})
    return instance.build()[0], instance.batch()


def trace_of(num_samples: int = K) -> Trace:
    model, x = small()
    torch.manual_seed(0)
    return model.trace(x, num_samples=num_samples)


def reports_the_log_of_the_mean_weight(bound: Bound) -> None:
    trace = trace_of()
    torch.testing.assert_close(bound(trace), trace.log_w.exp().mean(0).log(), rtol=0, atol=1e-10)


def normalised_sum(trace: Trace) -> Tensor:
    """The surrogate whose gradient is right, reported as if it were the bound."""
    return (trace.log_w.softmax(0).detach() * trace.log_w).sum(0)


def test_iwae_reports_the_log_mean_weight_and_not_the_sum_of_normalised_weights_times_log_w() -> None:
    # The latter is the former plus log K less the entropy of the normalised weights: too good by up to log K.
    reports_the_log_of_the_mean_weight(bounds.iwae)
    with killed():
        reports_the_log_of_the_mean_weight(normalised_sum)
    trace = trace_of()
    excess = normalised_sum(trace) - bounds.iwae(trace)
    assert ((excess > 0) & (excess <= math.log(K))).all()
    assert excess.max() > 1
    model, x = small()
    torch.manual_seed(0)
    loss = IWAE(K)(model, x, Step())
    torch.testing.assert_close(loss.terms["bound"], bounds.iwae(trace))
    torch.testing.assert_close(loss.loss, -bounds.iwae(trace).mean())


def prefers_the_better_sample(weights: Callable[[Tensor], Tensor]) -> None:
    """The decoder's gradient is that of log p(x, z_k), each in proportion to its weight."""
    model, x = small()
    decoder = list(model.likelihood.parameters())
    torch.manual_seed(0)
    ours = torch.autograd.grad(IWAE(K)(model, x, Step()).loss, decoder)
    torch.manual_seed(0)
    trace = model.trace(x, num_samples=K)
    theirs = torch.autograd.grad(-(weights(trace.log_w.detach()) * trace.log_px).sum(0).mean(), decoder)
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b)


def test_the_softmax_is_over_log_weights_and_not_over_losses() -> None:
    prefers_the_better_sample(lambda log_w: torch.softmax(log_w, 0))
    with killed():  # the worst sample counts most
        prefers_the_better_sample(lambda log_w: torch.softmax(-log_w, 0))


def has_no_noise_at_the_exact_posterior(log_w: Bound) -> None:
    model = LinearGaussian.random()
    x = model.sample(20)
    trace = model.vae(ExactPosterior(model)).trace(x, num_samples=K)
    bound = log_w(trace).logsumexp(0) - math.log(K)
    torch.testing.assert_close(bound, model.marginal.log_prob(x), rtol=0, atol=1e-9)
    torch.testing.assert_close(bound, bounds.iwae(trace), rtol=0, atol=1e-9)


def test_each_importance_sample_has_its_own_density_ratio_and_not_a_shared_closed_form_kl() -> None:
    has_no_noise_at_the_exact_posterior(lambda trace: trace.log_w)
    with killed():
        has_no_noise_at_the_exact_posterior(lambda trace: trace.log_px - trace.kl.sum(0))


ESTIMATORS: tuple[EstimatorName, ...] = ("pathwise", "stl", "dreg", "score", "score_loo", "score_learned", "vimco")


def objective_at(beta: float, estimator: EstimatorName) -> ELBO:
    torch.manual_seed(1)
    baseline = Baseline((7,)) if estimator == "score_learned" else None
    return ELBO(beta=beta, num_samples=2, estimator=estimator, baseline=baseline)


def beta_is_felt(estimator: EstimatorName, *, two: float = 2.0) -> None:
    """beta = 2 adds one KL to the loss, and changes the encoder's gradient, not only the number."""
    model, x = small()
    encoder = list(model.encoder.parameters())
    losses, gradients = [], []
    for beta in (1.0, two):
        torch.manual_seed(3)
        loss = objective_at(beta, estimator)(model, x, Step())
        losses.append(loss)
        gradients.append(torch.cat([g.flatten() for g in torch.autograd.grad(loss.loss, encoder)]))
    torch.testing.assert_close(losses[1].loss - losses[0].loss, losses[0].terms["kl"].mean(), rtol=0, atol=1e-10)
    torch.testing.assert_close(losses[0].terms["elbo"], losses[1].terms["elbo"], rtol=0, atol=0)
    assert (gradients[1] - gradients[0]).norm() > 0.01 * gradients[0].norm()


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_beta_has_an_effect_whatever_the_estimator(estimator: EstimatorName) -> None:
    beta_is_felt(estimator)
    with killed():
        beta_is_felt(estimator, two=1.0)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_the_warm_up_of_the_kl_is_beta_whatever_the_estimator(estimator: EstimatorName) -> None:
    model, x = small()
    parameters = list(model.parameters())
    results = []
    for beta, warm_up in ((0.5, 1.0), (2.0, 0.25)):
        torch.manual_seed(3)
        loss = objective_at(beta, estimator)(model, x, Step(kl_weight=warm_up)).loss
        results.append([loss.detach(), *torch.autograd.grad(loss, parameters)])
    for a, b in zip(*results, strict=True):
        torch.testing.assert_close(a, b)


def test_sticking_the_landing_with_several_samples_is_never_silently_biased() -> None:
    with pytest.raises(CompatibilityError, match="biased"):
        IWAE(K, estimator="stl")
    with pytest.raises(CompatibilityError, match="biased"):
        recipe_named("iwae")(REAL, estimator="stl", latent_dim=2)
    IWAE(1, estimator="stl")
    assert IWAE(K, estimator="stl", allow_bias=True).allow_bias
