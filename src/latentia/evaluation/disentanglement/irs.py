"""The interventional robustness score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from latentia.errors import ConfigurationError, DataError
from latentia.evaluation.disentanglement.inputs import Numbers, Whole, as_codes, as_factors, numbered

QUANTILE = 0.99
"""What the authors' code and published tables take in place of the largest deviation."""
_PORTION = 2**22
"""Deviations sorted at a time."""


@dataclass(frozen=True, slots=True, eq=False)
class IRS:
    """Interventional robustness of a representation.

    Attributes:
        score: The mean over codes, weighted by how far each moves.
        per_code: `[d]`, the robustness to all but the factor that the code belongs to.
        parents: `[d]`, that factor.
        table: `[d, F]`, how little each code moves while each factor is held.
    """

    score: float
    per_code: Numbers
    parents: Whole
    table: Numbers


def irs(codes: Any, factors: Any, *, quantile: float = QUANTILE) -> IRS:
    r"""How little each code moves while one factor is held and all others are changed.

    \[IRS_{ij} = 1 - \frac{E_{v_j} \max_{v_{-j}} |E[z_i | v_j, v_{-j}] - E[z_i | v_j]|}{\max_v |E[z_i | v] - E[z_i]|}.\]

    The score is the mean over codes of \(\max_j IRS_{ij}\), weighted by the denominators. Interventions are read off
    the rows that there are, as in the paper: it supposes that factors vary independently of each other, and of a subset
    of all combinations it finds the largest deviation among those.

    Args:
        codes: `[N, d]`; rows with all factors the same are averaged.
        factors: `[N, F]`, whole numbers, F of two or more.
        quantile: Of the deviations under a held factor, in place of their maximum: 1 is the paper's definition; 0.99,
            which outliers do not dominate, is what the authors' code and published tables have.

    Returns:
        The score, at most 1; codes that never move have no weight.

    Raises:
        DataError: Codes or factors that cannot be used, or a single factor.
        ConfigurationError: A quantile outside (0, 1].

    References:
        Suter, Miladinovic, Scholkopf, Bauer, Robustly disentangled causal mechanisms, 2019, arXiv:1811.00007,
        sections 3 and 4.

    >>> factors = [[0, 0], [0, 1], [1, 0], [1, 1]]
    >>> irs(factors, factors).score, irs([[a + b] for a, b in factors], factors, quantile=1).score
    (1.0, 0.5)
    """
    if not 0.0 < quantile <= 1.0:
        raise ConfigurationError(f"quantile is {quantile:g}; give a number above 0 and at most 1, which is the maximum")
    z = as_codes(codes)
    v = as_factors(factors, len(z))
    if v.shape[1] < 2:
        raise DataError("robustness is against the other factors, but there is only one; give two or more")
    cells, weight, means = _cells(z, v)
    values, sizes = numbered(cells)
    deviations = np.empty((z.shape[1], v.shape[1]))
    step = max(1, _PORTION // values.size)
    for start in range(0, z.shape[1], step):
        deviations[start : start + step] = _deviations(means[:, start : start + step], weight, values, sizes, quantile)
    farthest = np.abs(means - weight @ means / weight.sum()).max(0)
    moves = farthest > 0
    table = np.where(moves[:, None], 1 - deviations / np.where(moves, farthest, 1.0)[:, None], 0.0)
    per_code = table.max(1)
    score = float((per_code * farthest).sum() / farthest.sum()) if moves.any() else 0.0
    return IRS(score, per_code, table.argmax(1), table)


def _cells(z: Numbers, v: Whole) -> tuple[Whole, Numbers, Numbers]:
    """Distinct combinations of factors `[M, F]`, their numbers of rows `[M]` and the mean codes of each `[M, d]`."""
    cells, of_row = np.unique(v, axis=0, return_inverse=True)
    of_row = of_row.reshape(-1)
    weight = np.bincount(of_row).astype(np.float64)
    sums = np.zeros((len(cells), z.shape[1]))
    np.add.at(sums, of_row, z)
    return cells, weight, sums / weight[:, None]


def _deviations(means: Numbers, weight: Numbers, values: Whole, sizes: Whole, quantile: float) -> Numbers:
    """Expected largest deviation of each code from its mean while each factor is held, `[d, F]`."""
    ends = np.cumsum(sizes)
    group = values + (ends - sizes)  # [M, F], the values of all factors numbered through
    flat = group.ravel()
    total = np.bincount(flat, np.repeat(weight, len(sizes)))
    centre = np.zeros((ends[-1], means.shape[1]))
    np.add.at(centre, flat, np.repeat(means * weight[:, None], len(sizes), axis=0))
    centre /= total[:, None]
    apart = np.abs(means[:, None, :] - centre[group])  # [M, F, d]
    # Sorted within groups: by size first, then stably by group.
    by_size = apart.argsort(0)
    by_group = np.take_along_axis(np.broadcast_to(group[:, :, None], apart.shape), by_size, 0).argsort(0, kind="stable")
    ordered = np.take_along_axis(apart, np.take_along_axis(by_size, by_group, 0), 0)
    count = np.bincount(flat)
    factor = np.repeat(np.arange(len(sizes)), sizes)
    first = count.cumsum() - count - len(means) * factor  # where each group begins in the column of its factor
    place = first + quantile * (count - 1)
    low = np.floor(place).astype(np.int64)
    high = np.minimum(low + 1, first + count - 1)
    share = (place - low)[:, None]
    largest = ordered[low, factor] * (1 - share) + ordered[high, factor] * share  # [groups, d]
    expected = np.zeros((len(sizes), means.shape[1]))
    np.add.at(expected, factor, largest * (total / weight.sum())[:, None])
    return expected.T
