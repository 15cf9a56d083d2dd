"""Density and coverage: precision and recall that outliers do not fool, and whose values for equal sets are known."""

from __future__ import annotations

from dataclasses import dataclass
from math import comb
from typing import Any

from latentia.errors import ConfigurationError
from latentia.evaluation.generation.distances import blocks, feature_matrix, neighbour_radii, within
from latentia.evaluation.generation.precision_recall import check_neighbours


@dataclass(frozen=True, slots=True)
class DensityCoverage:
    """How samples lie about the data.

    Attributes:
        density: Balls of data that a sample lies in, in units of k: 1 for samples like the data, and above 1 where
            samples crowd among them.
        coverage: Share of data with a sample nearby.
    """

    density: float
    coverage: float


def density_coverage(real: Any, fake: Any, *, k: int = 5) -> DensityCoverage:
    r"""Count samples in the balls that reach from each data row to its k-th nearest neighbour among the data.

    \[ \text{density} = \frac1{kM} \sum_j \sum_i 1[y_j \in B_i], \quad
    \text{coverage} = \frac1N \sum_i 1[\exists j: y_j \in B_i], \quad B_i = \{y: |y - x_i| \le |x_i - NN_k(x_i, X)|\} \]

    The balls are closed: rows that repeat lie in balls of radius 0.

    Args:
        real: Features of data, X, `[N, F]`.
        fake: Features of samples, Y, `[M, F]`.
        k: Which neighbour sets the radius.

    Returns:
        Density and coverage. Where samples have the distribution of the data, 1 and `expected_coverage` on average.

    Raises:
        DataError: Not two matrices of the same features, or no more than k rows of data.
        ConfigurationError: k below 1.

    References:
        Naeem, Oh, Uh, Choi, Yoo, Reliable fidelity and diversity metrics for generative models, 2020,
        arXiv:2002.09797, equations 4 and 5.

    >>> density_coverage([[0.0], [1.0], [5.0]], [[0.5], [0.6], [9.0]], k=1)
    DensityCoverage(density=1.6666666666666667, coverage=1.0)
    """
    check_neighbours(k)
    x = feature_matrix(real, "features of the data", rows=k + 1)
    y = feature_matrix(fake, "features of the samples", columns=x.shape[1])
    radii = neighbour_radii(x, k)
    inside = covered = 0
    for rows, squared in blocks(x, y):
        hits = within(squared, radii[rows, None]).sum(1)
        inside += int(hits.sum())
        covered += int((hits > 0).sum())
    return DensityCoverage(inside / (k * len(y)), covered / len(x))


def expected_coverage(real: int, fake: int, k: int = 5) -> float:
    r"""Coverage, on average, by samples that have the distribution of the data and no ties.

    \[ E = 1 - \frac{(N-1) \cdots (N-k)}{(M+N-1) \cdots (M+N-k)} = 1 - \binom{N-1}{k} \Big/ \binom{M+N-1}{k} \]

    A ball is empty if the k rows nearest to its centre are all data, and all orders are equally likely.

    Args:
        real: N, rows of data.
        fake: M, samples.
        k: Which neighbour sets the radius.

    Returns:
        Between 0 and 1; about \(1 - 2^{-k}\) for N = M.

    Raises:
        ConfigurationError: k below 1, or no more than k rows of data.

    References:
        Naeem and others, 2020, arXiv:2002.09797, lemma 2.

    >>> expected_coverage(3, 1, 1), expected_coverage(10_000, 10_000)
    (0.333333, 0.968773)
    """
    check_neighbours(k)
    if real <= k or fake < 1:
        raise ConfigurationError(
            f"N = {real} rows of data and M = {fake} samples with k = {k}: give N > k and M of at least 1"
        )
    return 1 - comb(real - 1, k) / comb(fake + real - 1, k)
