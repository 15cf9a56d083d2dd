"""Densities of codes against what they should be: scikit-learn's, the aggregate posterior's, and cooled ones."""

from __future__ import annotations

from typing import cast, get_args

import torch

from latentia.conditionals import PointMassHead
from latentia.latents import LatentGroup
from latentia.names import DensityName
from latentia.operate import fit_density, with_prior
from latentia.operate.density import draw_codes
from tests.exact.mutants import killed
from tests.operate.test_density import density, model_of, rows


def mixture_is_that_of_scikit_learn(shift: float) -> None:
    from sklearn.mixture import GaussianMixture

    model = model_of()
    codes = draw_codes(model, rows())
    loc, scale = codes.mean(0), codes.std(0, correction=0)
    standard = ((codes - loc) / scale).numpy()
    peer = GaussianMixture(3, reg_covar=1e-6, max_iter=200, random_state=0).fit(standard)
    expected = torch.from_numpy(peer.score_samples(standard)) - scale.log().sum() + shift
    fitted = density(fit_density(model, rows(), components=3))
    torch.testing.assert_close(fitted.log_prob(codes.float()).double(), expected, rtol=0, atol=1e-3)


def test_the_mixture_is_that_of_scikit_learn_on_standardised_codes() -> None:
    mixture_is_that_of_scikit_learn(0.0)


def test_mutant_of_the_mixture() -> None:
    scale = draw_codes(model_of(), rows()).std(0, correction=0)
    with killed():  # the change of variables forgotten
        mixture_is_that_of_scikit_learn(float(scale.log().sum()))


def test_one_component_is_the_gaussian() -> None:
    model = model_of()
    one = density(fit_density(model, rows(), "mixture", components=1))
    gaussian = density(fit_density(model, rows(), "gaussian"))
    z = draw_codes(model, rows()).float()
    torch.testing.assert_close(one.log_prob(z), gaussian.log_prob(z), rtol=1e-4, atol=1e-3)


def spread_of_a_vae(*, draws: bool) -> None:
    """The aggregate posterior has the variance of the means and, beside it, the mean variance of the posteriors."""
    model = model_of("vae")
    fitted = density(fit_density(model, rows(4000), "gaussian"))
    with torch.no_grad():
        q = model.trace(rows(4000)).draw.q[0]
        expected = q.mean.var(0) + draws * q.variance.mean(0)
    torch.testing.assert_close(fitted.variance, expected, rtol=0.1, atol=0)


def test_what_is_fitted_is_the_aggregate_posterior_and_not_its_means() -> None:
    spread_of_a_vae(draws=True)


def test_mutant_of_the_aggregate_posterior() -> None:
    with killed():
        spread_of_a_vae(draws=False)


def test_cold_draws_are_closer_together() -> None:
    model = model_of()
    for kind in get_args(DensityName):
        able = with_prior(model, fit_density(model, rows(), kind, components=1))
        assert able.sample(3, temperature=0.0).std(0).max() < 1e-5
        if kind != "flow":  # whose image of a narrow base may be two clusters still
            assert able.sample(200, temperature=0.1).std(0).sum() < 0.5 * able.sample(200).std(0).sum()


def test_a_code_without_spread_has_a_density_too() -> None:
    model = model_of()
    group = cast(LatentGroup, model.vae.latents.groups[0])
    with torch.no_grad():
        cast(PointMassHead, group.q).linear.weight[0] = 0.0
    for kind in get_args(DensityName):
        fitted = density(fit_density(model, rows(), kind, components=2))
        assert fitted.log_prob(draw_codes(model, rows()).float()).isfinite().all()
