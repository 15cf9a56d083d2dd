"""The bound and the predictive distribution of a mixture, against draws from q through torch's own densities."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import torch
from torch import Tensor
from torch.distributions import Categorical, Dirichlet, Distribution, MultivariateNormal, Wishart

from latentia.inference.cavi import DirichletGaussWishart, MixtureFit, fit_mixture, mixture_bound, mixture_prior
from latentia.inference.cavi.mixture_bound import MixtureBound
from tests.exact.mutants import killed, z_score
from tests.inference.cavi.conjugate import F64, blobs, log_marginal

DRAWS = 8000


@cache
def fitted() -> tuple[Tensor, MixtureFit]:
    x = blobs(6, 2, 2)
    return x, fit_mixture(x, 2, prior=mixture_prior(x, 2, concentration=1.5, freedom=4.0))


def densities(beliefs: DirichletGaussWishart) -> tuple[Distribution, Distribution]:
    scale = torch.linalg.inv(beliefs.inverse_scale)
    wishart = Wishart(beliefs.freedom, covariance_matrix=(scale + scale.mT) / 2, validate_args=False)
    return Dirichlet(beliefs.concentration, validate_args=False), wishart


def gauss(beliefs: DirichletGaussWishart, precision: Tensor) -> MultivariateNormal:
    spread = beliefs.mean_precision[:, None, None] * precision
    return MultivariateNormal(beliefs.mean, precision_matrix=spread, validate_args=False)


def wishart_draws(beliefs: DirichletGaussWishart) -> Tensor:
    """Bartlett's decomposition; torch's own sampler takes some valid draws for singular and warns."""
    k, d = beliefs.mean.shape
    freedom = beliefs.freedom[:, None] - torch.arange(d)
    diagonal = (2 * torch._standard_gamma((freedom / 2).expand(DRAWS, k, d).contiguous())).sqrt()
    lower = torch.randn(DRAWS, k, d, d, dtype=F64).tril(-1) + torch.diag_embed(diagonal)
    root: Tensor = torch.linalg.cholesky(torch.linalg.inv(beliefs.inverse_scale)) @ lower
    return root @ root.mT


def draws(q: DirichletGaussWishart) -> tuple[Tensor, Tensor, Tensor]:
    """Weights, means and precisions."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        precision = wishart_draws(q)
        weights: Tensor = densities(q)[0].sample(torch.Size([DRAWS]))
        return weights, gauss(q, precision).sample(), precision


def log_ratios() -> Tensor:
    """Log p(X, Z, pi, mu, Lambda) - log q(...) of every draw; Z is drawn too."""
    x, fit = fitted()
    weights, means, precision = draws(fit.posterior)
    shares = Categorical(probs=fit.responsibilities(x))
    with torch.random.fork_rng():
        torch.manual_seed(1)
        z = shares.sample(torch.Size([DRAWS]))
    index = torch.arange(DRAWS)[:, None]
    log_px = MultivariateNormal(means[index, z], precision_matrix=precision[index, z], validate_args=False).log_prob(x)
    total: Tensor = log_px.sum(1) + (weights.log().gather(1, z) - shares.log_prob(z)).sum(1)
    for sign, beliefs in ((1, fit.prior), (-1, fit.posterior)):
        dirichlet, wishart = densities(beliefs)
        total = total + sign * dirichlet.log_prob(weights)
        total = total + sign * (wishart.log_prob(precision) + gauss(beliefs, precision).log_prob(means)).sum(1)
    return total


def bound_is_the_mean(bound: float) -> None:
    ratios = log_ratios()
    assert ratios.isfinite().all()
    assert abs(z_score(ratios, bound)) < 5


def terms() -> MixtureBound:
    x, fit = fitted()
    return mixture_bound(x, fit.posterior, fit.prior, fit.responsibilities(x))


def test_the_bound_is_the_mean_log_ratio_under_q() -> None:
    assert 5 * float(log_ratios().std()) / DRAWS**0.5 < 0.2  # what an error must exceed to be seen, in nats
    bound_is_the_mean(terms().total)


def test_every_one_of_the_seven_terms_is_needed() -> None:
    whole = terms()
    for name in ("log_px", "log_pz", "log_ppi", "log_pmu", "log_qz", "log_qpi", "log_qmu"):
        if abs(getattr(whole, name)) < 0.2:  # too small here for its absence to be seen
            assert name in {"log_qz", "log_ppi"}
            continue
        with killed():
            bound_is_the_mean(replace(whole, **{name: 0.0}).total)


def predictive_is_the_mean_density(predictive: Distribution) -> None:
    x, fit = fitted()
    weights, means, precision = draws(fit.posterior)
    for x_new in (x[0], x[1] + 0.5, x.mean(0)):
        parts = MultivariateNormal(means, precision_matrix=precision, validate_args=False).log_prob(x_new).exp()
        density = float(predictive.log_prob(x_new).exp())
        estimates = (weights * parts).sum(1)
        assert 5 * float(estimates.std()) / DRAWS**0.5 < 0.1 * density  # an error of a tenth would be seen
        assert abs(z_score(estimates, density)) < 5


def test_27_the_predictive_mixture_of_student_ts_is_the_mean_density_under_q() -> None:
    _, fit = fitted()
    predictive_is_the_mean_density(fit.posterior_predictive())
    q = fit.posterior
    with killed():  # one degree of freedom too many
        predictive_is_the_mean_density(replace(q, freedom=q.freedom + 1).posterior_predictive())
    with killed():  # the plug-in density
        plug_in = MultivariateNormal(q.mean, covariance_matrix=q.inverse_scale / q.freedom[:, None, None])
        weights = Categorical(probs=q.concentration)
        predictive_is_the_mean_density(torch.distributions.MixtureSameFamily(weights, plug_in))


def predicts_by_the_ratio_of_evidences(shift: float) -> None:
    x = blobs(9, 2, 2)
    prior = mixture_prior(x, 1, freedom=3.0)
    q = fit_mixture(x, 1, prior=prior).posterior
    predictive = replace(q, mean_precision=q.mean_precision + shift).posterior_predictive()
    for x_new in torch.tensor([[0.0, 0.0], [-3.0, 1.0], [20.0, -4.0]], dtype=F64):
        exact = log_marginal(torch.cat([x, x_new[None]]), prior) - log_marginal(x, prior)
        assert abs(float(predictive.log_prob(x_new)) - exact) < 1e-10


def test_27_one_component_predicts_by_the_ratio_of_evidences() -> None:
    predicts_by_the_ratio_of_evidences(0.0)
    with killed():
        predicts_by_the_ratio_of_evidences(1.0)
