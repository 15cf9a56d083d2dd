"""Disentanglement, completeness and informativeness."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from latentia.errors import DataError
from latentia.evaluation.disentanglement.divided import HELD_OUT, divided
from latentia.evaluation.disentanglement.importance import Predictor, predictor_named
from latentia.evaluation.disentanglement.inputs import Numbers, as_codes, as_factors
from latentia.evaluation.disentanglement.sap import which_categorical


@dataclass(frozen=True, slots=True, eq=False)
class DCI:
    """The three scores, and what they are made of.

    Attributes:
        disentanglement: Mean over codes, weighted by their importance: does each code matter to one factor only?
        completeness: Mean over factors: is each factor predicted from one code only?
        informativeness: Mean over factors: how well are they predicted on rows held out?
        per_code: `[d]`, disentanglement of each code.
        per_factor: `[F]`, completeness of each factor.
        predicted: `[F]`, informativeness of each factor.
        importance: `[d, F]`, R: how much each code matters to the prediction of each factor.
    """

    disentanglement: float
    completeness: float
    informativeness: float
    per_code: Numbers
    per_factor: Numbers
    predicted: Numbers
    importance: Numbers


def dci(
    codes: Any,
    factors: Any,
    *,
    predictor: Predictor = "forest",
    categorical: Sequence[bool] | None = None,
    held_out: float = HELD_OUT,
    seed: int = 0,
) -> DCI:
    r"""\(D_i = 1 - H_F(P_{i\cdot})\), \(C_j = 1 - H_d(\tilde P_{\cdot j})\), and how well factors are predicted.

    A predictor of each factor from all codes says how important each code is, R. P are its rows divided by their sums,
    \(\tilde P\) its columns; entropies have the base that makes the largest one 1. D is the mean of the \(D_i\)
    weighted by \(\sum_j R_{ij}\), C the plain mean of the \(C_j\). Informativeness is 1 less the root mean squared
    error in units of the factor's standard deviation where the values are ordered, and the accuracy where they are
    categories.

    Args:
        codes: `[N, d]`, d of two or more.
        factors: `[N, F]`, whole numbers, F of two or more.
        predictor: `forest` (random forest) or `lasso`, both in the paper, or `boosted` (gradient boosted trees): with
            all factors marked categorical the choice of published tables. It needs a tree for each category and
            stage, which is slow for factors of many values.
        categorical: For each factor whether its values have no order; by default all are ordered.
        held_out: Share of the rows that predictions are judged by.
        seed: Of the division and of the trees.

    Returns:
        The scores; all but informativeness lie between 0 and 1.

    Raises:
        DataError: Codes or factors that cannot be used; a single code or factor.
        ConfigurationError: An unknown predictor, or not one truth value for each factor.

    References:
        Eastwood, Williams, A framework for the quantitative evaluation of disentangled representations, 2018,
        International Conference on Learning Representations; Locatello and others, 2019, arXiv:1811.12359, for boosted
        trees.
    """
    fit = predictor_named(predictor)
    z = as_codes(codes)
    v = as_factors(factors, len(z))
    kinds = which_categorical(categorical, v.shape[1])
    parts = divided(z, v, held_out, seed)
    fits = [
        fit(parts.codes, parts.factors[:, j], parts.test_codes, parts.test_factors[:, j], bool(kinds[j]), seed)
        for j in range(v.shape[1])
    ]
    return dci_of(np.stack([each.importance for each in fits], axis=1), np.array([each.score for each in fits]))


def dci_of(importance: Numbers, predicted: Numbers) -> DCI:
    """The scores of a table of importances.

    Args:
        importance: R, `[d, F]`, not negative.
        predicted: `[F]`, how well each factor is predicted.

    Returns:
        The scores; where nothing matters to anything, disentanglement and completeness are 0.

    Raises:
        DataError: A single code or factor.
    """
    per_code, per_factor = disentanglement_per_code(importance), completeness_per_factor(importance)
    total = importance.sum()
    weights = importance.sum(1) / (total if total > 0 else 1.0)
    return DCI(
        float((weights * per_code).sum()),
        float(per_factor.mean()),
        float(predicted.mean()),
        per_code,
        per_factor,
        predicted,
        importance,
    )


def disentanglement_per_code(importance: Numbers) -> Numbers:
    r"""\(1 + \sum_j P_{ij} \log_F P_{ij}\) for each code i.

    Args:
        importance: R, `[d, F]`, not negative.

    Returns:
        `[d]`; 0 for a code that matters to nothing.

    Raises:
        DataError: A single factor.

    >>> disentanglement_per_code(np.array([[2.0, 0.0], [1.0, 1.0]])).tolist()
    [1.0, 0.0]
    """
    return _concentration(importance, "factor")


def completeness_per_factor(importance: Numbers) -> Numbers:
    r"""\(1 + \sum_i \tilde P_{ij} \log_d \tilde P_{ij}\) for each factor j.

    Args:
        importance: R, `[d, F]`, not negative.

    Returns:
        `[F]`; 0 for a factor to which nothing matters.

    Raises:
        DataError: A single code.

    >>> completeness_per_factor(np.array([[2.0, 1.0], [0.0, 1.0]])).tolist()
    [1.0, 0.0]
    """
    return _concentration(importance.T, "code")


def _concentration(rows: Numbers, what: str) -> Numbers:
    """One less the entropy of each row, in units of the largest possible one."""
    if rows.shape[1] < 2:
        raise DataError(f"this score compares {what}s, but there is only one {what}; give two or more")
    sums = rows.sum(1, keepdims=True)
    p = rows / np.where(sums > 0, sums, 1.0)
    negative_entropy = (p * np.log(np.where(p > 0, p, 1.0))).sum(1)
    concentration = np.clip(1 + negative_entropy / np.log(rows.shape[1]), 0.0, 1.0)
    return np.asarray(np.where(sums[:, 0] > 0, concentration, 0.0))
