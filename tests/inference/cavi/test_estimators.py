"""The estimators: scikit-learn's kind, they say what the functions say, and their samples follow their densities."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import BayesianRidge
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from latentia.errors import ConfigurationError, DataError
from latentia.inference.cavi.estimators import (
    VariationalGaussian,
    VariationalGaussianMixture,
    VariationalLinearRegression,
)
from tests.exact.mutants import killed, z_score
from tests.inference.cavi.conjugate import blobs
from tests.inference.cavi.test_regression import data

X = blobs(120).numpy()
DESIGN, TARGET = (each.numpy() + 3.0 for each in data())


def instances() -> list[tuple[Any, tuple[Any, ...]]]:
    return [
        (VariationalGaussianMixture(3, n_init=2), (X,)),
        (VariationalLinearRegression(), (DESIGN, TARGET)),
        (VariationalLinearRegression(coupled=True), (DESIGN, TARGET)),
        (VariationalLinearRegression(noise_precision=4.0), (DESIGN, TARGET)),
        (VariationalGaussian(), (X[:, :1],)),
    ]


@pytest.mark.parametrize(("estimator", "given"), instances(), ids=lambda value: str(value)[:40])
def test_they_are_scikit_learns_kind(estimator: Any, given: tuple[Any, ...]) -> None:
    copy = clone(estimator).set_params(tol=1e-3)
    assert copy.get_params()["tol"] == 1e-3
    assert clone(estimator).get_params() == estimator.get_params()
    before = dict(estimator.get_params())
    assert estimator.fit(*given) is estimator
    assert estimator.get_params() == before
    assert estimator.converged_
    assert estimator.n_iter_ == len(estimator.lower_bounds_)
    assert estimator.n_features_in_ == given[0].shape[1]
    again = clone(estimator).fit(*given)
    assert again.lower_bound_ == estimator.lower_bound_
    lists = clone(estimator).fit(*(each.tolist() for each in given))
    assert lists.lower_bound_ == estimator.lower_bound_
    assert np.isfinite(estimator.score(*given))
    assert estimator.score_samples(*given).shape == (len(given[0]),)


@pytest.mark.parametrize(("estimator", "given"), instances(), ids=lambda value: str(value)[:40])
def test_misuse_is_refused(estimator: Any, given: tuple[Any, ...]) -> None:
    with pytest.raises(ConfigurationError, match="call fit first"):
        clone(estimator).score_samples(*given)
    wide = np.column_stack([given[0], given[0]])
    with pytest.raises(DataError, match=r"column\(s\) where"):
        clone(estimator).fit(*given).score_samples(wide, *given[1:])
    holes = np.where(given[0] > 1, np.nan, given[0])
    with pytest.raises(DataError, match="X is nan at row"):
        clone(estimator).fit(holes, *given[1:])
    with pytest.warns(ConvergenceWarning, match="still rising after 1 sweeps"):
        clone(estimator).set_params(max_iter=1).fit(*given)


def test_a_mixture_says_what_the_function_says() -> None:
    model = VariationalGaussianMixture(3).fit(X)
    shares = model.predict_proba(X)
    np.testing.assert_allclose(shares.sum(1), 1.0)
    np.testing.assert_array_equal(model.predict(X), shares.argmax(1))
    np.testing.assert_array_equal(clone(model).fit_predict(X), model.predict(X))
    assert model.weights_.sum() == pytest.approx(1.0)
    expected = model.fit_.posterior_predictive().log_prob(torch.from_numpy(X)).numpy()
    np.testing.assert_allclose(model.score_samples(X), expected)
    assert model.score(X) == pytest.approx(expected.mean())
    assert model.predict(X[:0]).shape == (0,)


def test_the_regression_is_bayesian_ridge_with_an_intercept() -> None:
    ours = VariationalLinearRegression(tol=1e-14, max_iter=10_000).fit(DESIGN, TARGET)
    theirs = BayesianRidge(tol=1e-12, max_iter=10_000).fit(DESIGN, TARGET)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=1e-7)
    assert ours.intercept_ == pytest.approx(theirs.intercept_, rel=1e-7)
    assert ours.noise_precision_ == pytest.approx(theirs.alpha_, rel=1e-7)
    assert ours.weight_precision_ == pytest.approx(theirs.lambda_, rel=1e-7)
    np.testing.assert_allclose(ours.covariance_, theirs.sigma_, rtol=1e-6, atol=1e-12)
    np.testing.assert_allclose(ours.predict(DESIGN), theirs.predict(DESIGN), rtol=1e-7)
    # Theirs plugs the noise's precision in; ours integrates over it: the standard deviation is a little greater.
    own, its = (model.predict(DESIGN, return_std=True)[1] for model in (ours, theirs))
    assert ((own > its) & (own < 1.02 * its)).all()


def test_samples_of_a_mixture_follow_its_density() -> None:
    # Weights of its own draws against another density have mean one only if samples and density belong together.
    model = VariationalGaussianMixture(3).fit(X)
    draws, labels = model.sample(40_000, random_state=3)
    again, _ = model.sample(40_000, random_state=3)
    np.testing.assert_array_equal(draws, again)
    centre, spread = torch.from_numpy(X).mean(0), 0.7 * torch.from_numpy(X).std(0)
    other = torch.distributions.Normal(centre, spread).log_prob(torch.from_numpy(draws)).sum(1)

    def belongs(log_density: Any) -> None:
        assert abs(z_score((other - torch.as_tensor(log_density)).exp(), 1.0)) < 5

    belongs(model.score_samples(draws))
    with killed():
        belongs(np.asarray(model.score_samples(draws)) + 0.2)
    for k, weight in enumerate(model.weights_):
        assert abs(z_score(torch.from_numpy(labels == k).double(), float(weight))) < 5


@pytest.mark.parametrize("options", [{}, {"coupled": True}, {"noise_precision": 4.0}], ids=str)
def test_samples_of_a_regression_follow_its_density(options: dict[str, Any]) -> None:
    model = VariationalLinearRegression(**options).fit(DESIGN, TARGET)
    rows = DESIGN[:2]
    draws = model.sample(rows, 20_000, random_state=1)
    assert draws.shape == (20_000, 2)
    np.testing.assert_array_equal(draws, model.sample(rows, 20_000, random_state=1))
    mean, deviation = model.predict(rows, return_std=True)
    for column in range(2):
        centred = torch.from_numpy(draws[:, column]) - mean[column]
        assert abs(z_score(centred, 0.0)) < 5
        assert abs(z_score(centred.square(), float(deviation[column]) ** 2)) < 5  # 5% would be seen
        with killed():
            assert abs(z_score(centred.square(), 1.1 * float(deviation[column]) ** 2)) < 5


def test_samples_of_a_gaussian_follow_its_density() -> None:
    model = VariationalGaussian().fit(X[:, :1])
    draws = torch.from_numpy(model.sample(40_000, random_state=2))
    variance = float(model.fit_.posterior_predictive().variance)
    assert abs(z_score((draws[:, 0] - model.mean_).square(), variance)) < 5
    with killed():
        assert abs(z_score((draws[:, 0] - model.mean_).square(), 1.1 * variance)) < 5


def test_they_work_inside_scikit_learns_tools() -> None:
    scores = cross_val_score(make_pipeline(StandardScaler(), VariationalLinearRegression()), DESIGN, TARGET, cv=3)
    assert (scores > 0.8).all()
    search = GridSearchCV(VariationalGaussianMixture(tol=1e-5), {"n_components": [1, 3]}, cv=3).fit(X)
    assert search.best_params_ == {"n_components": 3}


def test_what_cannot_be_fitted_is_refused() -> None:
    flat = np.column_stack([DESIGN, np.ones(len(DESIGN))])
    with pytest.raises(DataError, match="column 5 of x is constant"):
        VariationalLinearRegression().fit(flat, TARGET)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        VariationalLinearRegression(fit_intercept=False).fit(flat, TARGET)
    with pytest.raises(DataError, match="t is 7 in every row"):
        VariationalLinearRegression().fit(DESIGN, np.full(len(DESIGN), 7.0))
    with pytest.raises(ConfigurationError, match="0 samples"):
        VariationalGaussianMixture().fit(X).sample(0)
    with pytest.raises(DataError, match=r"2 column\(s\) where 1"):
        VariationalGaussian().fit(X)
    with pytest.raises(DataError, match="not an array of real numbers"):
        VariationalGaussianMixture().fit([["a"], ["b"]])
