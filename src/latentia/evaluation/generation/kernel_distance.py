"""The kernel distance: the squared maximum mean discrepancy under a cubic kernel, without bias and with its error."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from latentia.data.source import permutation
from latentia.errors import ConfigurationError
from latentia.evaluation.generation.distances import feature_matrix

LARGEST_BLOCK = 1000
_BLOCKS = 10


@dataclass(frozen=True, slots=True)
class KernelDistance:
    """The estimate and how sure it is.

    Attributes:
        value: Mean of the blocks; 0 on average for equal distributions, and therefore sometimes below it.
        standard_error: Standard deviation of the blocks over the root of their number; None for a single block.
        blocks: How many.
        block_size: Rows of each set in a block.
    """

    value: float
    standard_error: float | None
    blocks: int
    block_size: int


def polynomial_mmd(x: Tensor, y: Tensor) -> float:
    r"""The unbiased estimate of MMD^2 under \(k(x, y) = (x^T y / F + 1)^3\), a U-statistic.

    \[ \frac{\sum_{i \ne i'} k(x_i, x_{i'})}{N (N-1)} + \frac{\sum_{j \ne j'} k(y_j, y_{j'})}{M (M-1)}
    - \frac{2 \sum_{ij} k(x_i, y_j)}{N M} \]

    Args:
        x: `[N, F]`, at least two rows.
        y: `[M, F]`, at least two rows.

    Returns:
        The estimate.

    References:
        Bińkowski, Sutherland, Arbel, Gretton, Demystifying MMD GANs, 2018, arXiv:1801.01401.

    >>> polynomial_mmd(torch.tensor([[0.0], [1.0]]), torch.tensor([[1.0], [2.0]]))
    9.5
    """
    a, b = x.double(), y.double()

    def kernel(left: Tensor, right: Tensor) -> Tensor:
        return (left @ right.T / left.shape[1] + 1) ** 3

    def apart(rows: Tensor) -> Tensor:
        values = kernel(rows, rows)
        return (values.sum() - values.diagonal().sum()) / (len(rows) * (len(rows) - 1))

    return float(apart(a) + apart(b) - 2 * kernel(a, b).mean())


def kernel_distance(a: Any, b: Any, *, block_size: int | None = None, seed: int = 0) -> KernelDistance:
    """The kernel distance of two sets of features (with Inception features, the KID), over disjoint random blocks.

    Disjoint blocks are independent, so that the spread between them gives an honest standard error; rows that do not
    fill a block are left out.

    Args:
        a: `[N, F]`.
        b: `[M, F]`.
        block_size: Rows of each set in a block; by default a tenth of the smaller set, at most 1,000 and at least 2.
        seed: Of the division into blocks.

    Returns:
        The distance.

    Raises:
        DataError: Not two matrices of the same features, or fewer than two rows.
        ConfigurationError: A block of fewer than two rows or of more than there are.

    References:
        Bińkowski and others, 2018, arXiv:1801.01401; Zaremba, Gretton, Blaschko, B-tests, 2013, arXiv:1307.1954.
    """
    x = feature_matrix(a, "features of the first set", rows=2)
    y = feature_matrix(b, "features of the second set", rows=2, columns=x.shape[1])
    rows = min(len(x), len(y))
    size = max(2, min(LARGEST_BLOCK, rows // _BLOCKS)) if block_size is None else block_size
    if not 2 <= size <= rows:
        raise ConfigurationError(f"a block of {size} rows; give between 2 and the {rows:,} rows of the smaller set")
    number = rows // size
    orders = [permutation(len(each), seed, "kernel", name) for each, name in ((x, "first"), (y, "second"))]
    values = torch.tensor(
        [
            polynomial_mmd(x[orders[0][start : start + size]], y[orders[1][start : start + size]])
            for start in range(0, number * size, size)
        ],
        dtype=torch.float64,
    )
    error = None if number < 2 else float(values.std()) / math.sqrt(number)
    return KernelDistance(float(values.mean()), error, number, size)
