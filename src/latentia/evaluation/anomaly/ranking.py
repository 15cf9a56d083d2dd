"""How well scores rank anomalies above normal rows: area under the ROC curve and average precision, with errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from latentia.errors import DataError
from latentia.evaluation.ranks import midranks

Array = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

_CHUNK = 2**23
"""Numbers of the bootstrap in memory at a time."""


def auroc(scores: Array, anomalous: Flags) -> tuple[Array, Array]:
    r"""The area under the ROC curve of each score, and DeLong's covariance of the areas.

    \(A = P(s_+ > s_-) + \frac12 P(s_+ = s_-)\) over pairs of an anomaly and a normal row, from midranks. With the
    placements \(V_i\) of the m anomalies and \(W_j\) of the n normal rows the covariance is
    \(S_V / m + S_W / n\), so that two scores of the same rows can be compared by their difference.

    Args:
        scores: `[S, N]`, the higher the stranger.
        anomalous: `[N]`.

    Returns:
        `[S]` and `[S, S]`; the covariance is NaN where a class has one row alone.

    Raises:
        DataError: Only one class, a shape that does not fit, or NaN among the scores.

    References:
        DeLong, DeLong, Clarke-Pearson, Comparing the areas under two or more correlated receiver operating
        characteristic curves, Biometrics 44, 1988. Sun, Xu, Fast implementation of DeLong's algorithm, IEEE Signal
        Processing Letters 21, 2014.

    >>> areas, _ = auroc(np.array([[0.1, 0.4, 0.35, 0.8]]), np.array([False, False, True, True]))
    >>> areas.tolist()
    [0.75]
    """
    check(scores, anomalous)
    ranks = midranks(scores)
    m, n = int(anomalous.sum()), int((~anomalous).sum())
    above = (ranks[:, anomalous] - midranks(scores[:, anomalous])) / n
    below = 1 - (ranks[:, ~anomalous] - midranks(scores[:, ~anomalous])) / m
    return above.mean(1), _covariance(above) / m + _covariance(below) / n


def _covariance(values: Array) -> Array:
    if values.shape[1] < 2:
        return np.full((len(values), len(values)), np.nan)
    return np.atleast_2d(np.cov(values))


def average_precision(scores: Array, anomalous: Flags, weights: npt.NDArray[Any] | None = None) -> Array:
    r"""Average precision, \(\sum_t (R_t - R_{t-1}) P_t\) over the thresholds t that occur; equal scores are one.

    Args:
        scores: `[N]`, the higher the stranger.
        anomalous: `[N]`.
        weights: `[R, N]`, how often each row counts in each of R resamples; once where not given.

    Returns:
        `[R]`, or `[1]`.

    Raises:
        DataError: As in `auroc`.
    """
    check(scores[None], anomalous)
    order = np.argsort(-scores, kind="stable")
    ordered = scores[order]
    threshold = np.append(ordered[1:] != ordered[:-1], True)
    counts = np.ones((1, len(scores))) if weights is None else weights[:, order]
    hits = np.cumsum(counts * anomalous[order], 1)[:, threshold]
    taken = np.cumsum(counts, 1)[:, threshold]
    steps = np.diff(hits, axis=1, prepend=0.0)
    return np.asarray((steps * hits / np.maximum(taken, 1)).sum(1) / hits[:, -1])


def precision_error(scores: Array, anomalous: Flags, *, resamples: int = 200, seed: int = 0) -> Array:
    """Standard error of the average precision of each score, by a bootstrap within each class.

    All scores see the same resamples.

    Args:
        scores: `[S, N]`.
        anomalous: `[N]`.
        resamples: Of the bootstrap.
        seed: Of the bootstrap.

    Returns:
        `[S]`.
    """
    generator = np.random.default_rng(seed)
    found: list[Array] = []
    portion = max(1, _CHUNK // scores.shape[1])
    for start in range(0, resamples, portion):
        size = min(portion, resamples - start)
        weights = np.zeros((size, scores.shape[1]))
        for chosen in (anomalous, ~anomalous):
            count = int(chosen.sum())
            weights[:, chosen] = generator.multinomial(count, np.full(count, 1 / count), size)
        found.append(np.stack([average_precision(each, anomalous, weights) for each in scores]))
    return np.asarray(np.concatenate(found, axis=1).std(1, ddof=1))


def check(scores: Array, anomalous: Flags) -> None:
    """Refuse what cannot be ranked.

    Args:
        scores: `[S, N]`.
        anomalous: `[N]`.

    Raises:
        DataError: Shapes that differ, NaN, or only one class.
    """
    if scores.shape[1:] != anomalous.shape:
        raise DataError(f"{len(anomalous)} labels for {scores.shape[-1]} rows; give one label a row")
    if np.isnan(scores).any():
        raise DataError(f"the score of row {int(np.argwhere(np.isnan(scores))[0, 1])} is not a number; leave it out")
    if anomalous.all() or not anomalous.any():
        what = "an anomaly" if anomalous.all() else "a normal row"
        raise DataError(f"every row is labelled {what}; a ranking needs rows of both kinds")
