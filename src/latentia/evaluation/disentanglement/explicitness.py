"""Explicitness: whether every value of every factor can be told from the codes by a linear classifier."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from latentia.errors import DataError
from latentia.evaluation.disentanglement.divided import HELD_OUT, divided
from latentia.evaluation.disentanglement.inputs import Numbers, as_codes, as_factors
from latentia.evaluation.ranks import midranks

_STEPS = 1000


@dataclass(frozen=True, slots=True, eq=False)
class Explicitness:
    """Explicitness of a representation.

    Attributes:
        score: The mean over factors.
        per_factor: `[F]`, the mean over the values of each.
    """

    score: float
    per_factor: Numbers


def explicitness(codes: Any, factors: Any, *, held_out: float = HELD_OUT, seed: int = 0) -> Explicitness:
    r"""The mean over factors and their values of the area under the ROC curve of one-against-rest logistic regression.

    Args:
        codes: `[N, d]`.
        factors: `[N, F]`, whole numbers.
        held_out: Share of the rows that the classifiers are judged by.
        seed: Of the division.

    Returns:
        Between 0 and 1: one half is chance, as in the paper, which does not rescale it. Values that are missing
        from either part are left out.

    Raises:
        DataError: Codes or factors that cannot be used, or too few rows.

    References:
        Ridgeway, Mozer, Learning deep disentangled embeddings with the F-statistic loss, 2018, arXiv:1802.05312,
        section 3.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.multiclass import OneVsRestClassifier

    z = as_codes(codes)
    parts = divided(z, as_factors(factors, len(z)), held_out, seed)
    per_factor = []
    for j in range(parts.factors.shape[1]):
        model = OneVsRestClassifier(LogisticRegression(max_iter=_STEPS)).fit(parts.codes, parts.factors[:, j])
        scores = np.asarray(model.decision_function(parts.test_codes)).reshape(len(parts.test_codes), -1)
        classes = model.classes_[-scores.shape[1] :]  # of two classes, the second one's alone
        found = areas(scores, parts.test_factors[:, j, None] == classes)
        known = found[~np.isnan(found)]
        if len(known) == 0:
            raise DataError(f"factor {j} (counted from 0) has one value in the rows held out; give more rows")
        per_factor.append(known.mean())
    return Explicitness(float(np.mean(per_factor)), np.array(per_factor))


def areas(scores: Numbers, positive: np.ndarray[Any, np.dtype[np.bool_]]) -> Numbers:
    r"""Areas under ROC curves, all at once: the chance that a positive scores above a negative, ties counting a half.

    Args:
        scores: `[N, C]`.
        positive: `[N, C]`.

    Returns:
        `[C]`; NaN for a column without positives or without negatives.

    >>> areas(np.array([[0.1], [0.4], [0.4], [0.9]]), np.array([[False], [True], [False], [True]])).tolist()
    [0.875]
    """
    yes = positive.sum(0)
    no = len(positive) - yes
    above = (midranks(scores.T).T * positive).sum(0) - yes * (yes + 1) / 2
    return np.asarray(np.where(yes * no > 0, above / np.where(yes * no > 0, yes * no, 1), np.nan))
