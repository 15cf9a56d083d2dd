"""What any score of a VAE has to beat: an isolation forest and the reconstruction error of PCA, on the same rows."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from latentia.evaluation.anomaly.ranking import Array
from latentia.evaluation.plain_features import principal_components

NAMES = ("isolation_forest", "pca_reconstruction")


def baseline_scores(train: Array, rows: Array, *, components: int, seed: int = 0) -> Mapping[str, Array]:
    """Score rows by methods that need no network; the higher the stranger.

    Args:
        train: Normal rows, `[M, F]`, standardised.
        rows: `[N, F]` on the same scale.
        components: Of PCA; at most F - 1, as with all of them nothing is lost.
        seed: Of the forest.

    Returns:
        Name to `[N]`.

    References:
        Liu, Ting, Zhou, Isolation forest, ICDM 2008, doi:10.1109/ICDM.2008.17.
    """
    from sklearn.ensemble import IsolationForest

    forest = IsolationForest(random_state=seed).fit(train)
    return {
        "isolation_forest": -np.asarray(forest.score_samples(rows), np.float64),
        "pca_reconstruction": pca_error(train, rows, components),
    }


def pca_error(train: Array, rows: Array, components: int) -> Array:
    """Mean squared distance of rows from the subspace of the leading principal components of others.

    Args:
        train: `[M, F]`.
        rows: `[N, F]`.
        components: How many; at most F - 1.

    Returns:
        `[N]`.
    """
    mean, directions = principal_components(train, max(1, min(components, train.shape[1] - 1)))
    centred = rows - mean
    left = centred - centred @ directions.T @ directions
    return np.asarray(np.square(left, dtype=np.float64).mean(1))
