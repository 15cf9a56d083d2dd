"""Oracle 19: the gaps of inference on an exact model, where the best diagonal q is known in closed form."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from latentia.data import Resident
from latentia.data_model import DataModel
from latentia.errors import CompatibilityError, ConfigurationError
from latentia.evaluation.inference_gaps import GapRows, gap_rows, inference_gaps
from latentia.evaluation.local_posterior import optimised
from latentia.inference.linear_gaussian import LinearGaussian as Library
from latentia.recipes import vae
from tests.evaluation.test_streaming import _AsIs
from tests.exact.linear_gaussian import LinearGaussian, diagonal_posterior
from tests.exact.mutants import killed
from tests.ledger import BINARY, REAL, Instance, spec

EXACT = LinearGaussian.random(5, 3, 0.5, seed=4)
X = EXACT.sample(16)


def model_of(exact: bool = False) -> DataModel:
    """The model with its exact posterior, or with a diagonal q that is the posterior of another model."""
    other = LinearGaussian.random(5, 3, 1.0, orthogonal=True, seed=5)
    vae_ = (
        Library(EXACT.weight, EXACT.mean, EXACT.s2).vae() if exact else EXACT.vae(diagonal_posterior(other, exact=True))
    )
    data = replace(spec((5,), "real"), dtype="float64")
    return DataModel(vae_, data, _AsIs(data, "real"))


def closed_form() -> float:
    """(sum ln P_ii - ln|P|) / 2 for the precision P of the posterior."""
    precision = torch.eye(3, dtype=torch.float64) + EXACT.weight.T @ EXACT.weight / EXACT.s2
    return float((precision.diagonal().log().sum() - torch.logdet(precision)) / 2)


def leaves_what_is_known(rows: GapRows) -> None:
    """An approximation gap of the closed form for every row, within 0.02 nats in the mean."""
    truth = EXACT.marginal.log_prob(X)
    approximation = (truth - rows.best_elbo).mean()
    assert abs(float(approximation) - closed_form()) < 0.02
    assert float(rows.amortisation.min()) > -0.1
    torch.testing.assert_close(rows.total, rows.approximation + rows.amortisation)


@pytest.fixture(scope="module")
def rows() -> GapRows:
    return gap_rows(model_of(), Resident(X), num_samples=20_000, steps=400, elbo_samples=4000)


def test_19_the_best_diagonal_posterior_leaves_the_closed_form(rows: GapRows) -> None:
    assert closed_form() > 0.2
    leaves_what_is_known(rows)
    assert rows.family == "diagonal normal"
    torch.testing.assert_close(rows.log_likelihood, EXACT.marginal.log_prob(X), rtol=0, atol=0.2)
    with killed():  # the encoder's own q in place of the best
        leaves_what_is_known(replace(rows, best_elbo=rows.elbo))
    with killed():  # the evidence itself in place of the best bound
        leaves_what_is_known(replace(rows, best_elbo=EXACT.marginal.log_prob(X)))
    with killed():  # a search that was hardly begun
        leaves_what_is_known(gap_rows(model_of(), Resident(X), num_samples=100, steps=3, elbo_samples=500))


def test_19_mutant_with_the_variances_of_the_marginals() -> None:
    """The diagonal of P^-1 in place of 1 / P_ii: the moment-matching q is not the best one."""
    covariance = EXACT.posterior(X).covariance_matrix[0]
    precision = covariance.inverse()
    loss = (precision.diagonal() * covariance.diagonal()).sum() - 3
    wrong = 0.5 * float(loss + torch.logdet(covariance) - covariance.diagonal().log().sum())
    assert wrong > closed_form() + 0.1


def test_19_gaps_are_not_negative_and_the_exact_posterior_has_none() -> None:
    data = gap_rows(model_of(exact=True), Resident(X), num_samples=2000, steps=300, elbo_samples=4000)
    assert data.family == "features"
    for gap in (data.total, data.approximation, data.amortisation):
        assert abs(float(gap.mean())) < 0.02


def test_the_search_ends_at_the_known_means_and_scales() -> None:
    found = optimised(model_of().vae.requires_grad_(False), X, steps=400).trace(1).draw.q[0]
    precision = torch.eye(3, dtype=torch.float64) + EXACT.weight.T @ EXACT.weight / EXACT.s2
    torch.testing.assert_close(found.mean, EXACT.posterior(X).mean, rtol=0, atol=0.05)
    torch.testing.assert_close(found.stddev, precision.diagonal().rsqrt().expand(16, 3), rtol=0.15, atol=0)


def test_a_summary_with_errors_and_a_word_on_what_to_mend() -> None:
    model = DataModel(vae(REAL, latent_dim=2, hidden=(8,))[0], REAL)
    source = Resident(torch.randn(30, 7, generator=torch.Generator().manual_seed(0)))
    before = [parameter.clone() for parameter in model.parameters()]
    state = torch.get_rng_state()
    found = inference_gaps(model, source, num_rows=10, num_samples=500, steps=20, seed=3)
    assert found == inference_gaps(model, source, num_rows=10, num_samples=500, steps=20, seed=3)
    assert torch.equal(state, torch.get_rng_state())
    assert all(torch.equal(a, b) and b.grad is None for a, b in zip(before, model.parameters(), strict=True))
    assert (found.num_examples, found.seed, found.num_samples, found.reference) == (10, 3, 500, "iwae")
    assert found.total == pytest.approx(found.approximation + found.amortisation)
    assert found.total_se is not None
    assert found.verdict
    assert set(found.to_dict()) >= {"approximation", "approximation_se", "verdict"}


@pytest.mark.slow
def test_annealing_and_importance_sampling_are_references_alike() -> None:
    source = Resident(X[:4])
    annealed = inference_gaps(model_of(), source, reference="ais", steps=300)
    assert annealed.num_samples is None
    plain = inference_gaps(model_of(), source, steps=300, num_samples=20_000)
    assert annealed.log_likelihood == pytest.approx(plain.log_likelihood, abs=0.1)


@pytest.mark.parametrize("posterior", ["full", "iaf"])
def test_other_families_are_searched_through_their_features(posterior: str) -> None:
    model_, _ = Instance("vae", REAL, {"latent_dim": 2, "hidden": (8,), "posterior": posterior}).build()
    x = Instance("vae", REAL).batch(3)
    torch.manual_seed(0)
    found = optimised(model_.requires_grad_(False), x, steps=100)
    assert found.family == "features"
    from latentia import bounds

    with torch.no_grad():
        better = bounds.elbo(found.trace(2000)) - bounds.elbo(model_.trace(x, num_samples=2000))
    assert float(better.min()) > 0


def test_models_without_gradients_are_refused() -> None:
    model = DataModel(Instance("vimco", BINARY, {"latent_dim": 3, "hidden": (8,)}).build()[0], BINARY)
    rows = Resident(torch.zeros(2, *BINARY.shape))
    with pytest.raises(CompatibilityError, match="not differentiable"):
        inference_gaps(model, rows)
    plain = DataModel(Instance("autoencoder", REAL, {"latent_dim": 3, "hidden": (8,)}).build()[0], REAL)
    with pytest.raises(CompatibilityError, match="no likelihood"):
        inference_gaps(plain, Resident(torch.zeros(2, 7)))
    with pytest.raises(ConfigurationError, match="steps"):
        inference_gaps(model_of(), Resident(torch.zeros(2, 5)), steps=0)
