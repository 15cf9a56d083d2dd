"""Oracle 23: coordinate ascent for a Gaussian mixture, held to scikit-learn's fixed point and to what is exact."""

from __future__ import annotations

import math
import warnings
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import BayesianGaussianMixture
from torch import Tensor

from latentia.errors import ConfigurationError, DataError
from latentia.inference.ascent import assert_risen
from latentia.inference.cavi import (
    DirichletGaussWishart,
    fit_mixture,
    mixture,
    mixture_bound,
    mixture_prior,
    responsibilities,
    update,
)
from latentia.inference.cavi.mixture_start import starting_moments
from latentia.inference.cavi.mixture_sweep import Moments, expectation, posterior
from tests.exact.mutants import killed
from tests.inference.cavi.conjugate import F64, blobs, log_evidence, log_marginal

PARTS = ("concentration", "mean", "mean_precision", "freedom", "inverse_scale")


@cache
def peer() -> tuple[Tensor, DirichletGaussWishart, Tensor]:
    """Data, scikit-learn's converged posterior in our terms, and its responsibilities.

    Its `covariances_` are W^-1 / nu, and its degrees of freedom and mean precisions are Bishop's.
    """
    x = blobs(400, 3, 4, apart=2.0)
    model = BayesianGaussianMixture(
        n_components=5,
        weight_concentration_prior_type="dirichlet_distribution",
        weight_concentration_prior=0.7,
        mean_precision_prior=0.4,
        degrees_of_freedom_prior=4.5,
        reg_covar=0.0,
        tol=1e-13,
        max_iter=20_000,
        random_state=0,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(x.numpy())
    freedom = torch.from_numpy(model.degrees_of_freedom_)
    q = DirichletGaussWishart(
        torch.from_numpy(model.weight_concentration_),
        torch.from_numpy(model.means_),
        torch.from_numpy(model.mean_precision_),
        freedom,
        torch.from_numpy(model.covariances_) * freedom[:, None, None],
    )
    return x, q, torch.from_numpy(model.predict_proba(x.numpy()))


def prior_of_peer(x: Tensor, freedom: float = 4.5, mean_precision: float = 0.4) -> DirichletGaussWishart:
    return mixture_prior(x, 5, concentration=0.7, mean_precision=mean_precision, freedom=freedom)


def is_a_fixed_point(prior: DirichletGaussWishart, q: DirichletGaussWishart) -> None:
    x, _, shares = peer()
    after, _ = update(x, q, prior)
    for part in PARTS:
        torch.testing.assert_close(getattr(after, part), getattr(q, part), rtol=1e-6, atol=1e-6, msg=part)
    torch.testing.assert_close(responsibilities(x, q), shares, rtol=0, atol=1e-8)


def test_23_scikit_learns_posterior_is_a_fixed_point() -> None:
    x, q, _ = peer()
    is_a_fixed_point(prior_of_peer(x), q)


def test_23_mutants() -> None:
    x, q, _ = peer()
    with killed():
        is_a_fixed_point(prior_of_peer(x, freedom=5.5), q)
    with killed():
        is_a_fixed_point(prior_of_peer(x, mean_precision=1.0), q)
    with killed():  # W where W^-1 / nu is meant
        is_a_fixed_point(prior_of_peer(x), replace(q, inverse_scale=q.inverse_scale / q.freedom[:, None, None]))


def test_23_ours_is_as_high_as_theirs() -> None:
    x, q, _ = peer()
    _, theirs = update(x, q, prior_of_peer(x))
    fit = fit_mixture(x, 5, prior=prior_of_peer(x), restarts=8, tolerance=1e-10)
    assert fit.ascent.path[-1] > theirs - 1e-4


def test_one_component_is_exact() -> None:
    # Without a choice of component, q(mu, Lambda) is the posterior and the bound is the evidence.
    x = blobs(30, 3, 2)
    prior = mixture_prior(x, 1, freedom=5.0, mean_precision=0.3)
    fit = fit_mixture(x, 1, prior=prior)
    assert abs(fit.ascent.path[-1] - log_marginal(x, prior)) < 1e-10
    with killed():
        assert abs(fit.ascent.path[-1] - log_marginal(x, replace(prior, freedom=prior.freedom + 1))) < 1e-10


def stays_below_the_evidence(offset: float) -> None:
    for seed in range(6):
        x = blobs(6, 2, 2, seed=seed)
        prior = mixture_prior(x, 2, concentration=1.0, freedom=3.0)
        bound = fit_mixture(x, 2, prior=prior, seed=seed).ascent.path[-1] + offset
        evidence = log_evidence(x, prior)
        # q keeps to one labelling of the components where the posterior has both: about log 2 is lost, and little more.
        assert bound < evidence
        assert bound > evidence - 3


def test_the_bound_is_below_the_evidence_by_every_assignment() -> None:
    stays_below_the_evidence(0.0)
    with killed():
        stays_below_the_evidence(3.0)
    with killed():  # a term of log 2 pi for every row
        stays_below_the_evidence(-6 / 2 * math.log(2 * math.pi))


def test_the_seven_terms_add_up_to_the_bound_of_the_sweeps() -> None:
    x = blobs(80)
    fit = fit_mixture(x, 4, max_sweeps=5)
    terms = mixture_bound(x, fit.posterior, fit.prior, fit.responsibilities(x))
    assert abs(terms.total - fit.ascent.path[-1]) < 1e-9
    # The best responsibilities are the best: any others lower the bound.
    generator = torch.Generator().manual_seed(0)
    others = (fit.responsibilities(x).log() + 0.1 * torch.randn(80, 4, generator=generator, dtype=F64)).softmax(1)
    assert mixture_bound(x, fit.posterior, fit.prior, others).total < terms.total - 1e-6


def without_between(prior: DirichletGaussWishart, moments: Moments) -> DirichletGaussWishart:
    return replace(posterior(prior, moments), inverse_scale=prior.inverse_scale + moments.scatter)


def with_half_the_counts(prior: DirichletGaussWishart, moments: Moments) -> DirichletGaussWishart:
    return replace(posterior(prior, moments), freedom=prior.freedom + moments.counts / 2)


def with_plain_means(prior: DirichletGaussWishart, moments: Moments) -> DirichletGaussWishart:
    return replace(posterior(prior, moments), mean=moments.means)


def test_a_wrong_update_is_caught_by_the_falling_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    x = blobs(60, apart=1.0)
    prior = mixture_prior(x, 3, mean=[20.0, 20.0], mean_precision=20.0)
    best = fit_mixture(x, 3, prior=prior)

    def rises() -> None:
        q, before = best.posterior, -math.inf
        for _ in range(4):
            q, bound = update(x, q, prior)
            assert_risen(max(before, -1e300), bound)
            before = bound

    rises()
    for wrong in (without_between, with_half_the_counts, with_plain_means):
        monkeypatch.setattr(mixture, "posterior", wrong)
        with killed():
            rises()


@settings(max_examples=30, deadline=None)
@given(
    n=st.integers(6, 40), d=st.integers(1, 4), k=st.integers(1, 6), restarts=st.integers(1, 4),
    seed=st.integers(0, 10**6), log_scale=st.floats(-6, 6), offset=st.floats(-1e4, 1e4),
)  # fmt: skip
def test_the_bound_rises_whatever_the_data(
    n: int, d: int, k: int, restarts: int, seed: int, log_scale: float, offset: float
) -> None:
    x = 10**log_scale * (blobs(n, d, 2, seed=seed) + offset)
    fit = fit_mixture(x, k, restarts=restarts, seed=seed)  # asserts it at every sweep
    assert len(fit.bounds) == restarts
    assert fit.ascent.path[-1] == max(fit.bounds)
    assert float(fit.posterior.concentration.sum()) == pytest.approx(n + 1, rel=1e-9)
    torch.testing.assert_close(fit.responsibilities(x).sum(1), torch.ones(n, dtype=F64))


def test_restarts_side_by_side_do_not_feel_one_another() -> None:
    x = blobs(200, centres=5, apart=1.5)
    columns, prior = (x - x.mean(0)).T.contiguous(), mixture_prior(x - x.mean(0), 4)
    starts = posterior(prior, starting_moments(x - x.mean(0), 4, 3, torch.Generator().manual_seed(0)))
    together, moments = expectation(columns, starts)
    for r in range(3):
        alone, own = expectation(columns, starts[r][None])
        assert float(alone[0]) == pytest.approx(float(together[r]), abs=1e-9)
        torch.testing.assert_close(own.scatter[0], moments.scatter[r], rtol=0, atol=1e-9)
    fit = fit_mixture(blobs(60, centres=5, apart=1.0), 6, restarts=6)
    assert len({round(bound, 3) for bound in fit.bounds}) > 1  # there was something to choose from
    assert fit.ascent.path[-1] == max(fit.bounds)


def test_offsets_and_units_do_not_matter() -> None:
    x = blobs(150)
    here = fit_mixture(x, 3)
    there = fit_mixture(x * 1e-3 + 1e4, 3)
    torch.testing.assert_close(there.posterior.mean, here.posterior.mean * 1e-3 + 1e4, rtol=0, atol=1e-6)
    jacobian = -x.numel() * math.log(1e-3)
    assert there.ascent.path[-1] == pytest.approx(here.ascent.path[-1] + jacobian, rel=1e-6)


def test_superfluous_components_lose_their_weight() -> None:
    fit = fit_mixture(blobs(300, apart=8.0), 8, restarts=4)
    weights = fit.posterior.concentration / fit.posterior.concentration.sum()
    assert int((weights > 0.02).sum()) == 3
    assert (weights.diff() <= 0).all()


def test_more_chunks_than_one_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    from latentia.inference.cavi import mixture_start, mixture_sweep

    x = blobs(500)
    whole = fit_mixture(x, 3)
    for module in (mixture_start, mixture_sweep):
        monkeypatch.setattr(module, "CHUNK", 64)
    parts = fit_mixture(x, 3)
    assert parts.ascent.path[-1] == pytest.approx(whole.ascent.path[-1], abs=1e-8)
    torch.testing.assert_close(parts.responsibilities(x), whole.responsibilities(x), rtol=0, atol=1e-9)


def test_equal_rows_are_a_cluster_like_any_other() -> None:
    x = torch.cat([torch.zeros(20, 1), torch.ones(20, 1)]).to(F64)
    fit = fit_mixture(x, 5, restarts=3)
    assert fit.responsibilities(x).isfinite().all()


def test_what_cannot_be_fitted_is_refused() -> None:
    x = blobs(20)
    line = torch.stack([x[:, 0], 2 * x[:, 0]], 1)
    constant = torch.stack([x[:, 0], torch.full((20,), 1e9, dtype=F64)], 1)
    for bad, message in (
        (x[:1], "at least 2 are needed"),
        (x[:, 0], "a matrix"),
        (line, "linearly dependent"),
        (constant, "column 1 of x is constant"),
        (x[:2], "linearly dependent"),
        (torch.where(x > 0, x, math.nan), "x is nan at row"),
    ):
        with pytest.raises(DataError, match=message):
            fit_mixture(bad, 2)
    fits: list[tuple[dict[str, Any], str]] = [
        ({"components": 0}, "components is 0"),
        ({"components": 2, "restarts": 0}, "restarts is 0"),
        ({"components": 2, "prior": mixture_prior(x, 3)}, r"\(3, 2\); x and components ask for \(2, 2\)"),
        ({"components": 2, "max_sweeps": 0}, "at least one sweep"),
    ]
    for options, message in fits:
        with pytest.raises(ConfigurationError, match=message):
            fit_mixture(x, **options)
    priors: list[tuple[dict[str, Any], str]] = [
        ({"freedom": 1.0}, "freedom is 1"),
        ({"concentration": 0.0}, "concentration is 0"),
        ({"mean_precision": math.inf}, "mean_precision is inf"),
        ({"inverse_scale": -torch.eye(2)}, "positive definite"),
        ({"inverse_scale": torch.tensor([[1.0, 0.5], [0.0, 1.0]])}, "symmetric"),
    ]
    for options, message in priors:
        with pytest.raises(ConfigurationError, match=message):
            mixture_prior(x, 2, **options)
    with pytest.raises(DataError, match=r"3 column\(s\) where 2"):
        fit_mixture(x, 2).responsibilities(blobs(5, 3))
    fit_mixture(constant, 2, prior=mixture_prior(constant, 2, inverse_scale=torch.eye(2)))
