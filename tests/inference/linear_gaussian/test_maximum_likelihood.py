"""Oracle 3: the greatest likelihood of probabilistic PCA, in closed form and by EM, also with entries missing."""

from __future__ import annotations

import math
from functools import cache

import pytest
import torch
from torch import Tensor

from latentia.errors import ConfigurationError, DataError
from latentia.inference.linear_gaussian import (
    LinearGaussian,
    active_dimensions,
    expectation_maximisation,
    fit_by_eigendecomposition,
    fit_by_em,
    sample_eigenvalues,
)
from latentia.inference.linear_gaussian.expectation_maximisation import Step, complete_step, missing_step
from tests.exact.linear_gaussian import F64
from tests.exact.mutants import killed
from tests.inference.linear_gaussian.test_model import dense_log_prob, model_of

K = 2


@cache
def data() -> Tensor:
    return model_of(6, 3, 0.5, seed=4).sample(300, torch.Generator().manual_seed(0))


def reaches_the_maximum(model: LinearGaussian, tolerance: float) -> None:
    values = torch.linalg.eigvalsh(data().T.cov(correction=0)).flip(0)
    d, s2 = len(values), float(values[K:].mean())
    best = -(d * math.log(2 * math.pi) + float(values[:K].log().sum()) + (d - K) * math.log(s2) + d) / 2
    assert abs(float(dense_log_prob(model, data()).mean()) - best) < tolerance
    assert abs(model.variance - s2) < math.sqrt(tolerance)


def test_3_the_eigendecomposition_reaches_the_maximum() -> None:
    reaches_the_maximum(fit_by_eigendecomposition(data(), K), 1e-12)


def test_3_mutants() -> None:
    model = fit_by_eigendecomposition(data(), K)
    n = len(data())
    with killed():  # the covariance over N - 1
        reaches_the_maximum(LinearGaussian(model.weights, model.mean, model.variance * n / (n - 1)), 1e-12)
    with killed():  # loadings that keep the noise's share
        longer = model.weights * (1 + model.variance / model.weights.square().sum(0)).sqrt()
        reaches_the_maximum(LinearGaussian(longer, model.mean, model.variance), 1e-12)


def test_3_em_reaches_the_same_maximum() -> None:
    fit = fit_by_em(data(), K, tolerance=1e-14)
    assert fit.ascent.converged
    reaches_the_maximum(fit.model, 1e-11)
    exact = fit_by_eigendecomposition(data(), K)
    torch.testing.assert_close(
        fit.model.weights @ fit.model.weights.T, exact.weights @ exact.weights.T, rtol=0, atol=1e-4
    )


def test_the_loadings_are_orthogonal_and_in_order() -> None:
    weights = fit_by_eigendecomposition(data(), 3).weights
    gram = weights.T @ weights
    torch.testing.assert_close(gram, gram.diagonal().diag(), rtol=0, atol=1e-12)
    assert (gram.diagonal().diff() < 0).all()
    assert (weights.gather(0, weights.abs().argmax(0, keepdim=True)) > 0).all()


def with_holes(share: float = 0.25) -> Tensor:
    x = data().clone()
    x[torch.rand(x.shape, generator=torch.Generator().manual_seed(1)) < share] = math.nan
    return x


def observed_log_likelihood(weights: Tensor, mean: Tensor, variance: Tensor, x: Tensor) -> Tensor:
    """Row by row, over the entries that are there, with dense matrices."""
    total = torch.zeros((), dtype=F64)
    for row in x:
        seen = ~row.isnan()
        w, centred = weights[seen], (row - mean)[seen]
        if len(w):
            covariance = w @ w.T + variance * torch.eye(len(w), dtype=F64)
            squared = centred @ torch.linalg.solve(covariance, centred)
            total = total - (len(w) * math.log(2 * math.pi) + torch.logdet(covariance) + squared) / 2
    return total


def test_the_log_likelihood_of_em_is_that_of_the_observed_entries() -> None:
    x, model = with_holes(), model_of(6, K, 0.7)
    _, log_likelihood = missing_step(x.nan_to_num(0.0), ~x.isnan())(model)
    expected = observed_log_likelihood(model.weights, model.mean, torch.tensor(model.variance, dtype=F64), x)
    assert abs(log_likelihood - float(expected)) < 1e-9


def stationary(model: LinearGaussian, x: Tensor) -> None:
    parameters = [model.weights.clone(), model.mean.clone(), torch.tensor(model.variance, dtype=F64)]
    for parameter in parameters:
        parameter.requires_grad_(True)
    weights, mean, variance = parameters
    observed_log_likelihood(weights, mean, variance, x).backward()
    for parameter in parameters:
        assert parameter.grad is not None
        assert parameter.grad.abs().max() < 2e-2  # nats summed over 300 rows


def test_em_with_missing_entries_ends_where_the_gradient_vanishes() -> None:
    x = with_holes()
    fit = fit_by_em(x, K, tolerance=1e-12, max_sweeps=3000)
    assert fit.ascent.converged
    stationary(fit.model, x)
    with killed():  # as if holes were zeros about the mean
        stationary(fit_by_em(torch.where(x.isnan(), x.nanmean(0), x), K).model, x)


def test_both_steps_are_one_on_complete_data() -> None:
    x = data()
    model = LinearGaussian(model_of(6, K).weights, x.mean(0), 0.8)
    quick, first = complete_step(x - x.mean(0))(model)
    general, second = missing_step(x, torch.ones_like(x, dtype=torch.bool))(model)
    assert abs(first - second) < 1e-9
    # The general step moves the mean together with W; started at the sample mean it moves it as little as E z does.
    assert abs(quick.variance - general.variance) < 0.05


def test_a_wrong_step_is_caught_by_the_falling_likelihood(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(centred: Tensor) -> Step:
        step = complete_step(centred)

        def transposed(model: LinearGaussian) -> tuple[LinearGaussian, float]:
            new, log_likelihood = step(model)
            return LinearGaussian(new.weights.flip(1) * 0.7, new.mean, new.variance), log_likelihood

        return transposed

    monkeypatch.setattr(expectation_maximisation, "complete_step", wrong)
    with killed():
        fit_by_em(data(), K)


def test_a_row_without_entries_says_nothing() -> None:
    x = with_holes()
    more = torch.cat([x, torch.full_like(x[:3], math.nan)])
    first, second = (fit_by_em(each, K, max_sweeps=30, tolerance=0.0) for each in (x, more))
    torch.testing.assert_close(first.model.weights, second.model.weights, rtol=0, atol=1e-9)
    assert abs(first.ascent.path[-1] - second.ascent.path[-1]) < 1e-8


def test_offsets_and_scales_do_not_matter() -> None:
    here, there = (fit_by_eigendecomposition(x, K) for x in (data(), data() * 1e-3 + 1e6))
    torch.testing.assert_close(there.weights, here.weights * 1e-3, rtol=1e-4, atol=1e-9)


def test_5_the_law_of_collapse_counts_eigenvalues_strictly_above() -> None:
    assert [active_dimensions([5.0, 3.0, 1.6, 0.5], beta, 0.5) for beta in (0.5, 1.0, 3.2, 8.0, 20.0)] == [
        4,
        3,
        2,
        1,
        0,
    ]
    assert active_dimensions(sample_eigenvalues(data()), 1.0, fit_by_eigendecomposition(data(), 3).variance) >= 3
    for beta, variance in ((0.0, 1.0), (1.0, -1.0), (math.inf, 1.0)):
        with pytest.raises(ConfigurationError, match="finite number above zero"):
            active_dimensions([1.0], beta, variance)


@pytest.mark.parametrize("fit", [fit_by_eigendecomposition, fit_by_em], ids=lambda fit: fit.__name__)
def test_what_cannot_be_fitted_is_refused(fit: object) -> None:
    assert callable(fit)
    x = data()
    plane = x[:, :2] @ torch.tensor([[1.0, 2.0, 3.0], [0.5, -1.0, 0.0]], dtype=F64)
    for bad, dim, message in (
        (x, 0, "0 latent dimensions for 6"),
        (x, 6, "possible are between 1 and 5"),
        (x[:, :1], 1, "a second column is needed"),
        (x[:1], 1, "at least 2 are needed"),
        (x[:, 0], 1, "a matrix"),
        (plane, 2, "no noise is left"),
        (torch.ones(9, 3), 1, "no noise is left"),
        (x[:2], 2, "no noise is left"),
        (x / 0.0, 1, "finite numbers are expected"),
    ):
        with pytest.raises((ConfigurationError, DataError), match=message):
            fit(bad, dim)


def test_em_refuses_a_column_without_entries_and_rules_without_sense() -> None:
    x = with_holes()
    x[:, 2] = math.nan
    with pytest.raises(DataError, match="column 2 of x has no entry"):
        fit_by_em(x, K)
    with pytest.raises(ConfigurationError, match="at least one sweep"):
        fit_by_em(data(), K, max_sweeps=0)
    with pytest.raises(ConfigurationError, match="tolerance is nan"):
        fit_by_em(data(), K, tolerance=math.nan)
    with pytest.raises(DataError, match="x is nan at row"):
        fit_by_eigendecomposition(with_holes(), K)
