"""Oracle 11: every estimator has the gradient of the exact bound as its mean; and 13: sticking the landing."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from latentia.errors import CompatibilityError
from latentia.names import EstimatorName
from latentia.objectives import ELBO, IWAE, Baseline, Importance, Step, estimators
from latentia.objectives.score import learning_signals
from latentia.objectives.weighting import Weighting
from tests.exact.gradients import (
    X,
    binary_model,
    draws_of,
    enumerated,
    gaussian_model,
    integrated,
    unbiased,
    weights_of,
)
from tests.exact.linear_gaussian import F64, LinearGaussian, cubature_trace, diagonal_posterior
from tests.exact.mutants import killed

ALL: tuple[EstimatorName, ...] = ("pathwise", "stl", "dreg", "score", "score_loo", "score_learned", "vimco")
SCORE = ALL[3:]
EVIDENCE = torch.tensor([0.4, -0.3, -0.2, 0.1], dtype=F64)
"""Means and log-scales of two dimensions."""
ONE = torch.tensor([0.5, -0.3], dtype=F64)
COINS = torch.tensor([0.4, -0.9], dtype=F64)


def baseline(estimator: EstimatorName) -> Baseline | None:
    torch.manual_seed(2)
    return Baseline((3,)) if estimator == "score_learned" else None


def elbo_loss(evidence: Tensor, beta: float = 1.0) -> Tensor:
    """Minus the exact ELBO: the likelihood is quadratic in z, so the cubature is its expectation."""
    trace = cubature_trace(gaussian_model(evidence), X)
    return -(trace.log_px.mean(0) - beta * trace.kl.sum(0).mean(0)).sum()


def by_differences(evidence: Tensor, beta: float, step: float = 1e-5) -> Tensor:
    rows = torch.eye(len(evidence), dtype=F64) * step
    with torch.no_grad():
        return torch.stack([(elbo_loss(evidence + r, beta) - elbo_loss(evidence - r, beta)) / (2 * step) for r in rows])


def agrees_on_the_elbo(estimator: EstimatorName, beta: float = 1.5, repeats: int = 40_000) -> None:
    objective = ELBO(beta=beta, num_samples=3, estimator=estimator, baseline=baseline(estimator))
    unbiased(draws_of(objective, gaussian_model, EVIDENCE, repeats), by_differences(EVIDENCE, beta))


@pytest.mark.parametrize("estimator", ALL)
def test_11_pathwise_score_function_and_finite_differences_agree_on_an_exact_elbo(estimator: EstimatorName) -> None:
    agrees_on_the_elbo(estimator)


def test_11_mutants_on_the_elbo(monkeypatch: pytest.MonkeyPatch) -> None:
    with killed():  # a beta that the gradient does not feel
        unbiased(draws_of(ELBO(num_samples=3), gaussian_model, EVIDENCE, 40_000), by_differences(EVIDENCE, 1.5))
    with monkeypatch.context() as patch:  # the decoder learns alone
        patch.setattr(estimators, "learning_signals", lambda *given: torch.zeros_like(given[2]))
        with killed():
            agrees_on_the_elbo("score_loo")
    monkeypatch.setattr(estimators, "learning_signals", with_itself)
    with killed():
        agrees_on_the_elbo("score_loo")


def with_itself(estimator: EstimatorName, weighting: Weighting, log_w: Tensor, log_r: Tensor, level: object) -> Tensor:
    """A baseline of all samples, the one itself among them: too small by 1/K."""
    return (log_w - log_w.mean(0)).detach() / len(log_w)


RELATIVES = (
    Importance(2),
    Importance(2, elbo_share=0.3),
    Importance(2, alpha=0.5),
    Importance(2, alpha=-0.7),
    Importance(2, alpha=2.0, elbo_share=0.1),
)


def agrees_on_two_samples(plain: Importance, estimator: EstimatorName, repeats: int = 40_000) -> None:
    objective = Importance(
        2, alpha=plain.alpha, elbo_share=plain.elbo_share, estimator=estimator, baseline=baseline(estimator)
    )
    unbiased(draws_of(objective, gaussian_model, ONE, repeats), integrated(weights_of(plain), ONE))


@pytest.mark.parametrize("plain", RELATIVES, ids=repr)
@pytest.mark.parametrize("estimator", ["pathwise", "dreg", "score_loo", "score_learned", "vimco"])
def test_11_every_estimator_agrees_with_quadrature_on_bounds_of_two_samples(
    plain: Importance, estimator: EstimatorName
) -> None:
    agrees_on_two_samples(plain, estimator)


def test_11_the_quadrature_has_converged() -> None:
    for plain in RELATIVES:
        few, many = (integrated(weights_of(plain), ONE, nodes) for nodes in (100, 140))
        torch.testing.assert_close(few, many, rtol=0, atol=1e-4)


def test_11_mutants_on_two_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    with killed():  # sticking the landing where it is biased
        objective = Importance(2, estimator="stl", allow_bias=True)
        unbiased(draws_of(objective, gaussian_model, ONE, 40_000), integrated(weights_of(Importance(2)), ONE))
    with killed():  # the weights of another alpha
        unbiased(
            draws_of(Importance(2, estimator="dreg"), gaussian_model, ONE, 40_000),
            integrated(weights_of(Importance(2, alpha=0.5)), ONE),
        )

    def whole(estimator: EstimatorName, weighting: Weighting, log_w: Tensor, log_r: Tensor, level: object) -> Tensor:
        """Each sample's own log-weight in place of the bound."""
        return log_w.detach()

    monkeypatch.setattr(estimators, "learning_signals", whole)
    with killed():
        agrees_on_two_samples(Importance(2), "score_loo")


def mean_log_weight(log_w: Tensor, log_r: Tensor) -> Tensor:
    return log_w.mean(0)


@pytest.mark.parametrize("estimator", SCORE)
def test_11_the_score_function_agrees_with_enumeration_of_binary_codes_on_the_elbo(estimator: EstimatorName) -> None:
    objective = ELBO(num_samples=3, estimator=estimator, baseline=baseline(estimator))
    truth = enumerated(mean_log_weight, 1, COINS)
    unbiased(draws_of(objective, binary_model, COINS, 60_000), truth)


@pytest.mark.parametrize("estimator", SCORE)
@pytest.mark.parametrize("groups", [1, 2])
def test_11_the_score_function_agrees_with_enumeration_of_binary_codes_on_iwae(
    estimator: EstimatorName, groups: int
) -> None:
    objective = Importance(2 * groups, groups=groups, estimator=estimator, baseline=baseline(estimator))
    truth = enumerated(weights_of(Importance(2)), 2, COINS)
    unbiased(draws_of(objective, binary_model, COINS, 60_000), truth, detectable=0.2)


def test_11_mutants_on_binary_codes(monkeypatch: pytest.MonkeyPatch) -> None:
    truth = enumerated(weights_of(IWAE(2)), 2, COINS)
    with killed():  # the bound of one sample is another
        unbiased(draws_of(IWAE(1, estimator="score"), binary_model, COINS, 60_000), truth)

    def half(*arguments: object, **options: object) -> Tensor:
        return learning_signals(*arguments, **options) / 2  # type: ignore[arg-type] # handed on

    monkeypatch.setattr(estimators, "learning_signals", half)
    with killed():
        unbiased(draws_of(IWAE(2, estimator="vimco"), binary_model, COINS, 60_000), truth)


def test_baselines_lower_the_variance_in_their_order() -> None:
    noise = {
        name: draws_of(IWAE(5, estimator=name), binary_model, COINS, 20_000).var(0).sum()
        for name in ("score", "score_loo", "vimco")
    }
    assert noise["score_loo"] < noise["score"] / 4
    assert noise["vimco"] < noise["score"] / 4


def lands(objective: ELBO | Importance) -> None:
    """No gradient at all, draw by draw, at the exact posterior."""
    model = LinearGaussian.random(orthogonal=True)
    vae = model.vae(diagonal_posterior(model, exact=True))
    x = model.sample(5)
    posterior = [p for name, p in vae.named_parameters() if ".q." in name]
    for seed in range(5):
        torch.manual_seed(seed)
        loss = objective(vae, x, Step()).loss
        for gradient in torch.autograd.grad(loss, posterior):
            assert gradient.abs().max() < 1e-11


def test_13_sticking_the_landing_has_no_noise_at_the_exact_posterior() -> None:
    lands(ELBO(estimator="stl"))
    lands(ELBO(estimator="stl", num_samples=3))
    lands(IWAE(1, estimator="stl"))
    lands(IWAE(7, estimator="dreg"))  # the doubly reparameterised gradient lands too, for any K


def test_13_mutants(monkeypatch: pytest.MonkeyPatch) -> None:
    with killed():
        lands(ELBO(estimator="pathwise"))
    with killed():
        lands(IWAE(7))
    monkeypatch.setattr(estimators, "frozen", lambda module, function, *inputs: function(*inputs))
    with killed():  # the posterior's parameters left free
        lands(ELBO(estimator="stl"))


def test_13_sticking_the_landing_with_several_samples_is_refused_where_it_is_biased() -> None:
    for options in ({}, {"alpha": 0.5}, {"elbo_share": 0.9}, {"groups": 5}):
        with pytest.raises(CompatibilityError, match=r"biased.*choose dreg"):
            Importance(10, estimator="stl", **options)
        Importance(10, estimator="stl", allow_bias=True, **options)
    for unharmed in ({"alpha": 1.0}, {"elbo_share": 1.0}, {"groups": 10}):
        Importance(10, estimator="stl", **unharmed)
