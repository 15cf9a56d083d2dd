"""Distances between two sets of feature vectors, exact enough to compare, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from latentia.errors import DataError
from latentia.inference.matrix import refuse_infinite

TIE = 1e-9
"""Squared distances that differ by less than this share of them are equal: what rounding can do to equal ones."""
ENTRIES = 2**22
"""Distances, or numbers of a set, in memory at a time."""
_CANCELLED = 1e-5
"""Below this share of |a|^2 + |b|^2 a squared distance from a matrix product has lost too many digits."""


def feature_matrix(x: Any, name: str, *, rows: int = 1, columns: int | None = None) -> Tensor:
    """Feature vectors as a matrix of finite numbers, in the dtype that they came in.

    Args:
        x: `[N, F]`, a tensor or anything that torch reads.
        name: What the caller calls it.
        rows: The fewest rows that will do.
        columns: F, where it is known already.

    Returns:
        `[N, F]`, float64 where the numbers were neither float32 nor float64, on the CPU.

    Raises:
        DataError: Not a matrix, too few rows, another number of columns, or an entry that is not finite.
    """
    matrix = torch.as_tensor(x).detach().cpu()
    if matrix.dtype not in (torch.float32, torch.float64):
        matrix = matrix.to(torch.float64)
    if matrix.dim() != 2 or matrix.shape[1] == 0:
        raise DataError(f"{name} have shape {tuple(matrix.shape)}; give one feature vector a row, shape (N, F)")
    if len(matrix) < rows:
        raise DataError(f"{name} have {len(matrix)} row(s), and at least {rows} are needed: give more of them")
    if columns is not None and matrix.shape[1] != columns:
        raise DataError(f"{name} have {matrix.shape[1]} features where {columns} are expected: give the same features")
    refuse_infinite(matrix, name, missing=False)
    return matrix


def blocks(a: Tensor, b: Tensor) -> Iterator[tuple[slice, Tensor]]:
    r"""Squared Euclidean distances \(|a_i - b_j|^2\), some rows at a time.

    Each comes from a matrix product; where that cancels, as between neighbours far from the origin, it is computed
    anew from the differences. So each has a relative error far below `TIE`, and equal rows have distance 0.

    Args:
        a: `[N, F]`.
        b: `[M, F]`.

    Yields:
        Which rows of a, and their distances `[n, M]` in float64; n M is at most `ENTRIES`, or n is 1.
    """
    # Distances do not change with the origin, but the digits that a product loses do.
    centre = b.double().mean(0)
    size = max(1, ENTRIES // len(b))
    for first in range(0, len(a), size):
        rows = slice(first, min(first + size, len(a)))
        yield rows, _squared(a[rows].double() - centre, b, centre)


def _squared(a: Tensor, b: Tensor, centre: Tensor) -> Tensor:
    out = a.new_empty(len(a), len(b))
    norms = a.square().sum(1, keepdim=True)
    size = max(1, ENTRIES // a.shape[1])
    for first in range(0, len(b), size):
        part = b[first : first + size].double() - centre
        total = norms + part.square().sum(1)
        squared = (total - 2 * (a @ part.T)).clamp_min(0)
        lost = squared <= _CANCELLED * total
        if float(lost.double().mean()) > 0.05:
            squared = torch.cdist(a, part, compute_mode="donot_use_mm_for_euclid_dist").square()
        else:
            _from_differences(squared, a, part, lost)
        out[:, first : first + size] = squared
    return out


def _from_differences(squared: Tensor, a: Tensor, b: Tensor, where: Tensor) -> None:
    i, j = where.nonzero(as_tuple=True)
    size = max(1, ENTRIES // a.shape[1])
    for first in range(0, len(i), size):
        rows, columns = i[first : first + size], j[first : first + size]
        squared[rows, columns] = (a[rows] - b[columns]).square().sum(1)


def neighbour_radii(x: Tensor, k: int) -> Tensor:
    """Squared distance of each row to its k-th nearest other row.

    Args:
        x: `[N, F]`, more than k rows; rows that repeat are neighbours of each other at distance 0.
        k: Which neighbour, from 1.

    Returns:
        `[N]`, float64.

    >>> neighbour_radii(torch.tensor([[0.0], [1.0], [3.0]]), 1)
    tensor([1., 1., 4.], dtype=torch.float64)
    """
    radii = []
    for rows, squared in blocks(x, x):
        own = torch.arange(rows.start, rows.stop)
        squared[own - rows.start, own] = torch.inf
        radii.append(squared.kthvalue(k, dim=1).values)
    return torch.cat(radii)


def within(squared: Tensor, radii: Tensor) -> Tensor:
    """Whether squared distances lie in closed balls; what differs by rounding lies on the edge, and therefore inside.

    Args:
        squared: Any shape.
        radii: Squared radii that broadcast with it.

    Returns:
        Truth values.
    """
    return squared <= radii * (1 + TIE)


def nearest(a: Tensor, b: Tensor, num: int = 1) -> tuple[Tensor, Tensor]:
    """The nearest rows of one set for each row of another.

    Args:
        a: `[N, F]`.
        b: `[M, F]`.
        num: How many, at most M.

    Returns:
        Distances (not squared) `[N, num]` in rising order, and which rows of b these are, `[N, num]`.

    >>> nearest(torch.tensor([[2.0]]), torch.tensor([[0.0], [1.0], [5.0]]), 2)
    (tensor([[1., 2.]], dtype=torch.float64), tensor([[1, 0]]))
    """
    found = [squared.topk(num, dim=1, largest=False) for _, squared in blocks(a, b)]
    return torch.cat([each.values for each in found]).sqrt(), torch.cat([each.indices for each in found])
