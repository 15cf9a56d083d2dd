"""Codes and factors as the scores take them, checked once."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from latentia.errors import DataError

Numbers = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]


def as_codes(given: Any) -> Numbers:
    """Codes as a table of finite float64 numbers.

    Args:
        given: Array or tensor `[N, d]`.

    Returns:
        `[N, d]`.

    Raises:
        DataError: Another shape, or values that are not finite.
    """
    codes = np.asarray(_on_cpu(given), dtype=np.float64)
    if codes.ndim != 2 or codes.size == 0:
        raise DataError(f"codes have shape {codes.shape}; give one row of d numbers for each example: (N, d)")
    if not np.isfinite(codes).all():
        row, column = np.argwhere(~np.isfinite(codes))[0].tolist()
        raise DataError(f"the code of row {row}, dimension {column} is {codes[row, column]}; give finite numbers")
    return codes


def as_factors(given: Any, rows: int) -> Whole:
    """Factors of variation as a table of whole numbers, none of them constant.

    Args:
        given: Array or tensor `[N, F]` of whole numbers; their order counts where a score asks for it.
        rows: N, of the codes that they belong to.

    Returns:
        `[N, F]`.

    Raises:
        DataError: Another shape, values that are not whole numbers, or a factor that does not vary.
    """
    factors = np.asarray(_on_cpu(given))
    if factors.ndim != 2 or factors.size == 0 or len(factors) != rows:
        raise DataError(f"factors have shape {factors.shape}; give F whole numbers for each of the {rows} rows: (N, F)")
    if factors.dtype.kind not in "biu":
        whole = factors.dtype.kind == "f" and bool(np.isfinite(factors).all() and (factors == factors.round()).all())
        if not whole:
            raise DataError(f"factors ({factors.dtype}) are no whole numbers; number the values of each factor")
    factors = factors.astype(np.int64)
    if constant := np.flatnonzero((factors == factors[0]).all(0)).tolist():
        raise DataError(
            f"factor {constant[0]} (counted from 0) has the same value in all {rows} rows; leave it out, "
            "or give rows in which it varies"
        )
    return factors


def numbered(factors: Whole) -> tuple[Whole, Whole]:
    """Number the distinct values of each factor 0, 1, ... in rising order.

    Args:
        factors: `[N, F]`.

    Returns:
        The numbers `[N, F]`, and how many values each factor has, `[F]`.

    >>> numbered(np.array([[3, 0], [7, 1], [3, 2]]))[0].tolist()
    [[0, 0], [1, 1], [0, 2]]
    """
    columns = [np.unique(column, return_inverse=True)[1].reshape(-1) for column in factors.T]
    values = np.stack(columns, axis=1).astype(np.int64)
    return values, values.max(0) + 1


def _on_cpu(given: Any) -> Any:
    return given.detach().cpu().numpy() if type(given).__module__.startswith("torch") else given
