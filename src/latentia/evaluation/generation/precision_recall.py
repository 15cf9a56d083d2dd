"""Improved precision and recall: how many samples look like data, and how much of the data is sampled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from latentia.errors import ConfigurationError
from latentia.evaluation.generation.distances import blocks, feature_matrix, neighbour_radii, within


@dataclass(frozen=True, slots=True)
class PrecisionRecall:
    """Two shares between 0 and 1.

    Attributes:
        precision: Samples that lie among the data.
        recall: Data that lie among the samples.
    """

    precision: float
    recall: float


def precision_recall(real: Any, fake: Any, *, k: int = 3) -> PrecisionRecall:
    r"""Share of each set inside the manifold of the other, the union of balls to the k-th nearest neighbours.

    \[ f(\phi, \Phi) = 1[\exists \phi' \in \Phi: |\phi - \phi'| \le |\phi' - NN_k(\phi', \Phi)|], \quad
    \text{precision} = \frac1M \sum_j f(y_j, X), \quad \text{recall} = \frac1N \sum_i f(x_i, Y) \]

    Both depend on the numbers of rows (more rows have smaller balls, but more of them): compare numbers from equally
    many of both sets. One outlier of the data has a ball that takes in anything; density and coverage mend that.

    Args:
        real: Features of data, X, `[N, F]`.
        fake: Features of samples, Y, `[M, F]`.
        k: Which neighbour sets the radius.

    Returns:
        Precision and recall.

    Raises:
        DataError: Not two matrices of the same features with more than k rows each.
        ConfigurationError: k below 1.

    References:
        Kynkäänniemi, Karras, Laine, Lehtinen, Aila, Improved precision and recall metric for assessing generative
        models, 2019, arXiv:1904.06991, equations 1 and 2.

    >>> precision_recall([[0.0], [1.0], [2.0]], [[0.5], [0.6], [9.0]], k=1)
    PrecisionRecall(precision=0.6666666666666666, recall=0.6666666666666666)
    """
    check_neighbours(k)
    x = feature_matrix(real, "features of the data", rows=k + 1)
    y = feature_matrix(fake, "features of the samples", rows=k + 1, columns=x.shape[1])
    of_x, of_y = neighbour_radii(x, k), neighbour_radii(y, k)
    precise = torch.zeros(len(y), dtype=torch.bool)
    recalled = torch.zeros(len(x), dtype=torch.bool)
    for rows, squared in blocks(x, y):
        precise |= within(squared, of_x[rows, None]).any(0)
        recalled[rows] = within(squared, of_y).any(1)
    return PrecisionRecall(float(precise.double().mean()), float(recalled.double().mean()))


def check_neighbours(k: int) -> None:
    """Refuse a k-th neighbour that there cannot be.

    Args:
        k: Which neighbour.

    Raises:
        ConfigurationError: k below 1.
    """
    if k < 1:
        raise ConfigurationError(f"k is {k}: the radius of a ball reaches to the k-th neighbour; give 1 or more")
