"""The two simple predictors of a probe, scored row by row so that differences have standard errors."""

from __future__ import annotations

import math
import warnings
from typing import Any, Literal

import numpy as np

from latentia.evaluation.plain_features import Array

Predictor = Literal["linear", "neighbours"]
Task = Literal["classes", "numbers"]

_ITERATIONS = 500


def scored_rows(
    predictor: Predictor, task: Task, train: Array, labels: Array, test: Array, truth: Array, neighbours: int
) -> Array:
    """Fit a predictor and score each test row; the mean over rows is the score.

    Args:
        predictor: `linear` or `neighbours`.
        task: `classes` or `numbers`.
        train: `[N, F]`.
        labels: `[N]`.
        test: `[M, F]`.
        truth: `[M]`.
        neighbours: k.

    Returns:
        `[M]`; see `correctness` and `explained`.
    """
    fitted = _estimator(predictor, task, neighbours)
    with warnings.catch_warnings():
        # A regression that stops a little short of its optimum is a probe all the same.
        warnings.simplefilter("ignore")
        fitted.fit(train, labels)
    predicted = np.asarray(fitted.predict(test))
    return correctness(predicted, truth) if task == "classes" else explained(predicted, truth)


def _estimator(predictor: Predictor, task: Task, neighbours: int) -> Any:
    from sklearn.linear_model import LogisticRegression, RidgeCV
    from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

    if predictor == "linear":
        return LogisticRegression(max_iter=_ITERATIONS) if task == "classes" else RidgeCV(alphas=np.logspace(-4, 4, 17))
    return (KNeighborsClassifier if task == "classes" else KNeighborsRegressor)(neighbours)


def correctness(predicted: Array, truth: Array) -> Array:
    """1 where the class is right, 0 where it is wrong: their mean is the accuracy.

    Args:
        predicted: `[M]`.
        truth: `[M]`.

    Returns:
        `[M]`.

    >>> correctness(np.array([1, 2, 2]), np.array([1, 2, 3])).tolist()
    [1.0, 1.0, 0.0]
    """
    return np.asarray(predicted == truth, dtype=np.float64)


def explained(predicted: Array, truth: Array) -> Array:
    r"""Contributions whose mean is \(R^2 = 1 - u / v\), and whose spread gives its standard error.

    With the squared errors \(e_i^2\) of mean u and the squared deviations \(d_i^2\) of the truth from its mean, of
    mean v, row i contributes \(R^2 - (e_i^2 - \frac{u}{v} d_i^2) / v\): the first-order influence of one row.

    Args:
        predicted: `[M]`.
        truth: `[M]`, not all equal.

    Returns:
        `[M]`.

    >>> float(explained(np.array([1.0, 2.0, 4.0]), np.array([1.0, 2.0, 3.0])).mean())
    0.5
    """
    errors, deviations = np.square(predicted - truth), np.square(truth - truth.mean())
    u, v = errors.mean(), deviations.mean()
    return np.asarray(1 - u / v - (errors - u / v * deviations) / v)


def mean_and_error(values: Array) -> tuple[float, float]:
    """The mean of independent values and its standard error.

    Args:
        values: `[M]`, at least two.

    Returns:
        Both.
    """
    return float(values.mean()), float(values.std(ddof=1)) / math.sqrt(len(values))
