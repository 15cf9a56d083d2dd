"""All that a linear regression needs of its data, in the coordinates where its sweeps are sums over vectors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from latentia.inference.matrix import real_matrix, real_vector

Vector = NDArray[np.float64]


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
    """

    rows: int
    columns: int
    singular: Vector
    basis: Vector
    target: Vector
    residual: float
    squared: float


def regression_data(x: Any, t: Any) -> RegressionData:
    """Reduce x and t.

    The R of the QR decomposition of x and t side by side has the same lengths and angles as they have; the singular
    value decomposition is then of p + 1 rows, not of N, and nothing is squared that would lose half of the digits.

    Args:
        x: `[N, p]`.
        t: `[N]`.

    Returns:
        The reduced data.

    Raises:
        DataError: Shapes that do not agree, or entries that are not finite.
    """
    design = real_matrix(x).numpy()
    target = real_vector(t, "t", len(design)).numpy()
    root: NDArray[np.float64] = np.linalg.qr(np.column_stack([design, target]), mode="r")
    left, singular, right = np.linalg.svd(root[:, :-1], full_matrices=False)
    rotated = left.T @ root[:, -1]
    rest = root[:, -1] - left @ rotated
    return RegressionData(
        len(design), design.shape[1], singular, right.T, rotated, float(rest @ rest), float(target @ target)
    )
