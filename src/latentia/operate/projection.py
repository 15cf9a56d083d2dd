"""Codes laid out on a plane."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from latentia.operate.activity import Activity


@dataclass(frozen=True, slots=True)
class Projection:
    """Points on a plane, and what its axes are.

    Attributes:
        points: `[N, 2]`; the second column is zero where there is only one latent dimension.
        axes: What the axes mean, such as `z[3]` or `first principal component (41% of the variance)`.
        method: `dimensions` or `pca`.
    """

    points: npt.NDArray[np.float64]
    axes: tuple[str, str]
    method: str


def project(codes: Any, names: Sequence[str], activity: Activity | None = None) -> Projection:
    """Lay codes out on a plane: two active dimensions themselves where no more are active, else principal components.

    Args:
        codes: `[N, L]`.
        names: Names of the L dimensions.
        activity: Of the model; by default every dimension counts as active.

    Returns:
        N points.
    """
    z = np.asarray(torch.as_tensor(codes).cpu(), dtype=np.float64)
    ranking = list(range(z.shape[1])) if activity is None else list(activity.ranking)
    active = z.shape[1] if activity is None else int(activity.active.sum())
    # Components say nothing of fewer than three rows, nor of rows that are all alike.
    if active <= 2 or len(z) < 3 or not z.std(0).any():
        chosen = sorted(ranking[:2])
        points = np.zeros((len(z), 2))
        points[:, : len(chosen)] = z[:, chosen]
        axes = [names[dim] for dim in chosen] + [""] * (2 - len(chosen))
        return Projection(points, (axes[0], axes[1]), "dimensions")
    from sklearn.decomposition import PCA

    pca = PCA(n_components=2, svd_solver="full").fit(z)
    first, second = (100 * float(share) for share in pca.explained_variance_ratio_)
    return Projection(
        np.asarray(pca.transform(z)),
        (f"first principal component ({first:.0f}% of the variance)", f"second ({second:.0f}%)"),
        "pca",
    )
