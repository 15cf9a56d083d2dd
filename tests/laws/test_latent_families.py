"""What holds for latent variables off the real line, of any family: what goes together, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from latentia import bounds
from latentia.conditionals import (
    BernoulliLatentHead,
    BernoulliPrior,
    BetaHead,
    CategoricalLatentHead,
    CategoricalPrior,
    DirichletHead,
    GammaHead,
    Need,
    RelaxedBernoulliHead,
    RelaxedBernoulliPrior,
    RelaxedCategoricalHead,
    RelaxedCategoricalPrior,
)
from latentia.distributions import factor_means
from latentia.errors import CompatibilityError, ConfigurationError
from latentia.objectives import ELBO, IWAE, Step, require
from latentia.recipes import vae
from tests.ledger import REAL, Instance

SMALL = {"latent_dim": 3, "hidden": (8,), "categories": 4, "components": 3}
DOMAINS = {
    ("gamma",): ("gamma", "vamp"),
    ("beta", "relaxed_bernoulli"): ("beta", "relaxed_bernoulli", "vamp"),
    ("dirichlet", "relaxed_categorical"): ("dirichlet", "relaxed_categorical", "vamp"),
    ("bernoulli",): ("bernoulli", "vamp"),
    ("categorical",): ("categorical", "vamp"),
}
PAIRS = [(q, p) for posteriors, priors in DOMAINS.items() for q in posteriors for p in priors]
HEADS = [
    GammaHead(5, 3),
    BetaHead(5, 3),
    DirichletHead(5, 3),
    RelaxedBernoulliHead(5, 3, 0.2),
    RelaxedCategoricalHead(5, 3, 4, 0.2),
    BernoulliLatentHead(5, 3),
    CategoricalLatentHead(5, 3, 4),
]
each_head = pytest.mark.parametrize("head", HEADS, ids=lambda head: type(head).__name__)


@pytest.mark.parametrize(("posterior", "prior"), PAIRS)
def test_every_prior_goes_with_every_posterior_of_its_domain_and_every_bound(posterior: str, prior: str) -> None:
    options: dict[str, Any] = {**SMALL, "posterior": posterior, "prior": prior}
    model, _ = Instance("vae", REAL, options).build()
    x = torch.randn(4, 7, dtype=torch.float64)
    estimator: Any = "pathwise" if Need.REPARAMETERISED in model.provides else "score_loo"
    for objective in (ELBO(num_samples=3, estimator=estimator), IWAE(3, estimator=estimator)):
        require(model, objective)
        model.zero_grad()
        objective(model, x, Step()).loss.backward()
        assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())
    model.float()
    trace = model.trace(torch.randn(64, 7), num_samples=20)
    assert trace.log_w.isfinite().all()
    assert (bounds.iwae(trace).mean() > bounds.elbo(trace).mean() - 0.5).all()


def test_hard_variables_refuse_a_path_and_say_what_would_fit() -> None:
    for posterior in ("bernoulli", "categorical"):
        model, _ = vae(REAL, posterior=posterior, **SMALL)  # type: ignore[arg-type] # plain strings for brevity
        for objective in (ELBO(), IWAE(5)):
            with pytest.raises(CompatibilityError, match=r"reparameterised.*relaxed_bernoulli.*score_loo"):
                require(model, objective)
        require(model, ELBO(num_samples=2, estimator="score_loo"))


@pytest.mark.parametrize(
    ("posterior", "prior", "message"),
    [
        ("gamma", "standard", "takes the prior gamma"),
        ("beta", "gamma", "takes the prior beta or relaxed_bernoulli"),
        ("dirichlet", "beta", "takes the prior dirichlet"),
        ("categorical", "standard", "takes the prior categorical"),
        ("relaxed_categorical", "categorical", "relaxed_categorical"),
        ("bernoulli", "beta", "takes the prior bernoulli"),
        ("diagonal", "gamma", "takes the prior standard"),
    ],
)
def test_a_prior_on_another_domain_is_refused_and_told_what_fits(posterior: str, prior: str, message: str) -> None:
    with pytest.raises(CompatibilityError, match=message):
        vae(REAL, posterior=posterior, prior=prior, **SMALL)  # type: ignore[arg-type] # plain strings for brevity


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"posterior": "gamma", "concentration": 0.0}, "concentration is 0"),
        ({"posterior": "beta", "concentration": float("nan")}, "concentration is nan"),
        ({"posterior": "dirichlet", "concentration": -1.0}, "concentration is -1"),
        ({"posterior": "relaxed_bernoulli", "relaxation": 0.0}, "relaxation is 0"),
        ({"posterior": "relaxed_categorical", "relaxation": float("inf")}, "relaxation is inf"),
        ({"posterior": "categorical", "categories": 1}, "at least two"),
    ],
)
def test_options_that_a_family_cannot_have_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        vae(REAL, **{**SMALL, **options})


@each_head
def test_parameters_stay_bounded_and_their_gradients_alive_far_out(head: nn.Module) -> None:
    torch.manual_seed(0)
    for size in (1.0, 1e3, 1e6):
        given = size * torch.randn(6, 5)
        q = head(given)
        z = q.rsample(torch.Size([50])) if q.has_rsample else q.sample(torch.Size([50]))
        assert z.isfinite().all()
        log_q = q.log_prob(z)
        assert log_q.isfinite().all()
        centre: Tensor = factor_means(q, torch.Size([6]))
        assert q.support.check(centre).all()
        head.zero_grad()
        (log_q.sum() + z.sum()).backward()
        for parameter in head.parameters():
            assert parameter.grad is not None
            assert parameter.grad.isfinite().all()
            assert parameter.grad.count_nonzero()


def test_a_learned_prior_learns_and_starts_fair() -> None:
    priors = (
        BernoulliPrior(3, learned=True),
        CategoricalPrior(3, 4, learned=True),
        RelaxedBernoulliPrior(3, 0.5, learned=True),
        RelaxedCategoricalPrior((3, 4), 0.5, learned=True),
    )
    for prior in priors:
        assert not prior.logits.any()
        z = prior(torch.empty(0)).sample()
        log_p = prior(torch.empty(0)).log_prob(z)
        (gradient,) = torch.autograd.grad(log_p, list(prior.parameters()))
        assert gradient.count_nonzero()


def test_the_temperature_of_a_relaxed_prior_is_its_own() -> None:
    model, _ = Instance("concrete", REAL, {"latent_dim": 3, "hidden": (8,), "prior_relaxation": 0.5}).build()
    prior, posterior = model.latents.groups[0].p, model.latents.groups[0].q  # type: ignore[attr-defined] # a LatentGroup
    assert (prior.temperature, posterior.temperature) == (0.5, 0.67)
    model, _ = Instance("concrete", REAL, {"latent_dim": 3, "hidden": (8,), "relaxation": 0.4}).build()
    assert abs(model.latents.groups[0].p.temperature - 0.3) < 1e-12  # type: ignore[attr-defined] # a LatentGroup
    with pytest.raises(ConfigurationError, match="relaxed prior"):
        Instance("concrete", REAL, {"latent_dim": 3, "hidden": (8,), "prior": "beta", "prior_relaxation": 0.5}).build()
    with pytest.raises(ConfigurationError, match="prior_relaxation is 0"):
        Instance("concrete", REAL, {"latent_dim": 3, "hidden": (8,), "prior_relaxation": 0.0}).build()
