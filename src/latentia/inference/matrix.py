"""What the exact models take in: real matrices and vectors, in float64, checked once at the door."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from latentia.errors import DataError

CONSTANT = 1e-13
"""A standard deviation at or below this share of the column's root mean square counts as none."""


def _as_float64(x: Any, name: str) -> Tensor:
    if isinstance(x, Tensor):
        if x.is_complex():
            raise DataError(f"{name} holds complex numbers; give real ones")
        return x.detach().to(torch.float64)
    try:
        array = np.asarray(x)
        if array.dtype.kind not in "fiub":
            raise TypeError(f"its type is {array.dtype}")
        own = np.asarray(array, dtype=np.float64, order="C")
        return torch.from_numpy(own if own.flags.writeable else own.copy())
    except (TypeError, ValueError) as reason:
        raise DataError(f"{name} is not an array of real numbers ({reason}); encode it as numbers first") from None


def real_matrix(x: Any, name: str = "x", *, rows: int = 1, columns: int | None = None, missing: bool = False) -> Tensor:
    """A float64 matrix whose entries are finite.

    Args:
        x: `[N, D]`, a tensor or anything numpy reads.
        name: What the caller calls it.
        rows: The fewest rows that will do.
        columns: D, where it is known already.
        missing: Whether NaN stands for a missing entry, rather than for a mistake.

    Returns:
        `[N, D]`, float64; the caller's own storage where it was float64 already.

    Raises:
        DataError: Not a matrix, too few rows, another number of columns, or an entry that is not finite.
    """
    matrix = _as_float64(x, name)
    if matrix.dim() != 2:
        hint = f": give {name}[:, None] for a single column" if matrix.dim() == 1 else ""
        raise DataError(f"{name} has shape {tuple(matrix.shape)}; a matrix [N, D] is expected{hint}")
    if matrix.shape[0] < rows:
        raise DataError(f"{name} has {matrix.shape[0]} row(s); at least {rows} are needed: give more data")
    if matrix.shape[1] == 0:
        raise DataError(f"{name} has no columns; give at least one")
    if columns is not None and matrix.shape[1] != columns:
        raise DataError(f"{name} has {matrix.shape[1]} column(s) where {columns} are expected: give the same columns")
    refuse_infinite(matrix, name, missing=missing)
    return matrix


def real_vector(x: Any, name: str, length: int | None = None) -> Tensor:
    """A float64 vector whose entries are finite.

    Args:
        x: `[N]`, a tensor or anything numpy reads.
        name: What the caller calls it.
        length: N, where it is known already.

    Returns:
        `[N]`, float64.

    Raises:
        DataError: Not a vector, another length, or an entry that is not finite.
    """
    vector = _as_float64(x, name)
    if vector.dim() != 1:
        raise DataError(f"{name} has shape {tuple(vector.shape)}; a vector is expected: give one number a row")
    if length is not None and len(vector) != length:
        raise DataError(f"{name} has {len(vector)} entries where {length} are expected: give one for each")
    refuse_infinite(vector, name, missing=False)
    return vector


def refuse_infinite(values: Tensor, name: str, *, missing: bool) -> None:
    """Name the first entry that is not a finite number.

    Args:
        values: Any shape.
        name: What the caller calls it.
        missing: Whether NaN is let through.

    Raises:
        DataError: Row (and column) of the entry.
    """
    # A sum is finite only if all its terms are, and is found in one pass; the rest is for the message.
    if not missing and bool(values.sum().isfinite()):
        return
    bad = values.isinf() if missing else ~values.isfinite()
    if not bad.any():
        return
    first = bad.nonzero()[0].tolist()
    place = " ".join(f"{word} {index}" for word, index in zip(("row", "column"), first, strict=False))
    raise DataError(
        f"{name} is {float(values[tuple(first)]):g} at {place} (counted from 0; {int(bad.sum())} such in all); "
        "finite numbers are expected: drop or fill them"
    )


def constant_columns(x: Tensor) -> list[int]:
    """Columns that do not vary beyond rounding.

    Args:
        x: `[N, D]`.

    Returns:
        Their indices.
    """
    mean = x.mean(0)
    return constant_given((x - mean).square().mean(0).sqrt(), mean)


def constant_given(spread: Tensor, mean: Tensor) -> list[int]:
    """Columns that do not vary beyond rounding, from their moments.

    Args:
        spread: Standard deviations, `[D]`.
        mean: `[D]`.

    Returns:
        Their indices, in order.
    """
    return (spread <= CONSTANT * torch.hypot(spread, mean)).nonzero().flatten().tolist()
