"""All that a linear regression needs of its data, in the coordinates where its sweeps are sums over vectors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from latentia.errors import DataError
from latentia.inference.matrix import constant_given, real_matrix, real_vector

Vector = NDArray[np.float64]


BLOCK = 2**15
"""Numbers in a block of rows: a quarter of a megabyte, which the processor's cache holds."""


@dataclass(frozen=True, slots=True)
class RegressionData:
    """x = U diag(s) V' and t, of which t'x V and the residual of least squares are all that is left.

    Attributes:
        rows: N.
        columns: p.
        singular: s, `[r]` with r = min(N, p).
        basis: V, `[p, r]`.
        target: U't, `[r]`.
        residual: Squared residual of least squares, |t - UU't|^2.
        squared: |t|^2.
        x_offset: What was taken from every column of x, `[p]`.
        t_offset: What was taken from t.
    """

    rows: int
    columns: int
    singular: Vector
    basis: Vector
    target: Vector
    residual: float
    squared: float
    x_offset: Tensor
    t_offset: float


def regression_data(x: Any, t: Any, *, intercept: bool = False) -> RegressionData:
    """Reduce x and t.

    The R of the QR decomposition of x and t side by side has the same lengths and angles as they have; the singular
    value decomposition is then of p + 1 rows, not of N, and nothing is squared that would lose half of the digits.

    Args:
        x: `[N, p]`.
        t: `[N]`.
        intercept: Whether to take the means away.

    Returns:
        The reduced data.

    Raises:
        DataError: Shapes that do not agree, entries that are not finite, a target without anything to explain, or, with
            an intercept, a column that is constant.
    """
    design = real_matrix(x)
    target = real_vector(t, "t", len(design))
    zero = design.new_zeros(design.shape[1] + 1)
    offset = torch.cat([design.mean(0), target.mean()[None]]) if intercept else zero
    root = _triangle(design, target, offset)
    lengths = torch.linalg.vector_norm(root, dim=0)
    if intercept:
        _refuse_constant(lengths / len(design) ** 0.5, offset)
    elif lengths[-1] == 0:
        raise DataError("t is zero in every row, so there is nothing to explain: give a target that varies")
    left, singular, right = torch.linalg.svd(root[:, :-1], full_matrices=False)
    rotated = left.mT @ root[:, -1]
    rest = root[:, -1] - left @ rotated
    return RegressionData(
        len(design), design.shape[1], singular.numpy(), right.mT.numpy(), rotated.numpy(),
        float(rest @ rest), float(lengths[-1].square()), offset[:-1], float(offset[-1]),
    )  # fmt: skip


def _triangle(design: Tensor, target: Tensor, offset: Tensor) -> Tensor:
    """R of (x, t) - offset, block by block: the R of stacked R's is that of the whole."""
    width = len(offset)
    size = max(4 * width, BLOCK // width)
    triangles = [
        torch.linalg.qr(torch.cat([rows, values[:, None]], 1).sub_(offset), mode="r").R
        for rows, values in zip(design.split(size), target.split(size), strict=True)
    ]
    stacked: Tensor = triangles[0] if len(triangles) == 1 else torch.linalg.qr(torch.cat(triangles), mode="r").R
    return stacked


def _refuse_constant(spread: Tensor, mean: Tensor) -> None:
    constant = constant_given(spread, mean)
    if constant and constant[-1] == len(mean) - 1:
        raise DataError(f"t is {float(mean[-1]):g} in every row, so there is nothing to explain beside the intercept")
    if constant:
        raise DataError(
            f"column {constant[0]} of x is constant ({len(constant)} such), which the intercept stands for already: "
            "drop it, or fit without an intercept"
        )
