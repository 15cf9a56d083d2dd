"""Predictors of a factor from codes that say how important each code was to them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from latentia.errors import ConfigurationError
from latentia.evaluation.disentanglement.inputs import Numbers, Whole

Predictor = Literal["forest", "boosted", "lasso"]
TREES, DEPTH = 10, 12
"""Of a random forest."""
PENALTY = 0.02
"""Weight of the lasso's penalty on coefficients, for codes and factors of unit variance."""


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """A predictor of one factor.

    Attributes:
        importance: `[d]`, not negative.
        score: On rows held out: 1 - RMSE in standard deviations of the factor, or the accuracy for categories.
    """

    importance: Numbers
    score: float


Fitter = Callable[[Numbers, Whole, Numbers, Whole, bool, int], Fit]


def forest(codes: Numbers, factor: Whole, test_codes: Numbers, test: Whole, categorical: bool, seed: int) -> Fit:
    """A random forest; every split may use every code, so that a perfect code is always found.

    Args:
        codes: `[N, d]` to learn from.
        factor: `[N]`.
        test_codes: `[M, d]`.
        test: `[M]`.
        categorical: Whether the values have no order.
        seed: Of the trees.

    Returns:
        Mean decrease of impurity, summing to 1, and the score.
    """
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    kind = RandomForestClassifier if categorical else RandomForestRegressor
    model = kind(n_estimators=TREES, max_depth=DEPTH, max_features=None, random_state=seed)
    return _trees(model, codes, factor, test_codes, test, categorical)


def boosted(codes: Numbers, factor: Whole, test_codes: Numbers, test: Whole, categorical: bool, seed: int) -> Fit:
    """Gradient boosted trees with scikit-learn's defaults.

    Args:
        codes: `[N, d]` to learn from.
        factor: `[N]`.
        test_codes: `[M, d]`.
        test: `[M]`.
        categorical: Whether the values have no order.
        seed: Of the trees.

    Returns:
        Mean decrease of impurity, summing to 1, and the score.
    """
    from sklearn.ensemble import GradientBoostingClassifier, GradientBoostingRegressor

    kind = GradientBoostingClassifier if categorical else GradientBoostingRegressor
    return _trees(kind(random_state=seed), codes, factor, test_codes, test, categorical)


def _trees(model: Any, codes: Numbers, factor: Whole, test_codes: Numbers, test: Whole, categorical: bool) -> Fit:
    model.fit(codes, factor)
    told = model.predict(test_codes)
    score = float((told == test).mean()) if categorical else _determined(told, test, factor)
    return Fit(np.asarray(model.feature_importances_, dtype=np.float64), score)


def lasso(codes: Numbers, factor: Whole, test_codes: Numbers, test: Whole, categorical: bool, seed: int) -> Fit:
    """Linear regression with a penalty on the coefficients' magnitudes; categories are predicted by their indicators.

    Args:
        codes: `[N, d]` to learn from, of unit variance.
        factor: `[N]`.
        test_codes: `[M, d]`.
        test: `[M]`.
        categorical: Whether the values have no order.
        seed: Without effect.

    Returns:
        Magnitudes of the coefficients, those of all indicators summed, and the score.
    """
    from sklearn.linear_model import Lasso

    classes = np.unique(factor)
    targets = (factor[:, None] == classes).astype(float) if categorical else factor[:, None].astype(float)
    centre, scale = targets.mean(0), targets.std(0)
    model = Lasso(alpha=PENALTY).fit(codes, (targets - centre) / scale)
    told = model.predict(test_codes).reshape(len(test_codes), -1) * scale + centre
    importance = np.abs(model.coef_).reshape(-1, codes.shape[1]).sum(0)
    if categorical:
        return Fit(importance, float((classes[told.argmax(1)] == test).mean()))
    return Fit(importance, _determined(told[:, 0], test, factor))


def _determined(told: Numbers, test: Whole, factor: Whole) -> float:
    spread = test.std() or factor.std()
    return 1 - float(np.sqrt(((told - test) ** 2).mean()) / spread)


_PREDICTORS: dict[str, Fitter] = {"forest": forest, "boosted": boosted, "lasso": lasso}


def predictor_named(name: str) -> Fitter:
    """A predictor by its name.

    Args:
        name: `forest`, `boosted` or `lasso`.

    Returns:
        A function of codes and one factor.

    Raises:
        ConfigurationError: Another name.
    """
    if name not in _PREDICTORS:
        raise ConfigurationError(f"predictor {name!r} is unknown; one of {', '.join(_PREDICTORS)}")
    return _PREDICTORS[name]
