"""Statistics of a handful of rows by which generated ones are held against real ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from latentia.data.spec import DataSpec

Array = npt.NDArray[np.float64]

TWO_SIDED = ("mean", "variance", "zero_share", "row_spread")
"""Numbers that may be too small or too large; of the other statistics, which are distances, only large ones tell."""


@dataclass(frozen=True, slots=True)
class Cells:
    """Rows as numbers and codes, NaN where a cell is missing.

    Attributes:
        numbers: `[n, D]`, in standard deviations from the mean of the training rows.
        zero: `[n, D]`, whether a number is exactly 0 in the data's units.
        codes: `[n, C]`, of the columns that are codes.
        sizes: Number of categories of each of these.
        chosen: Which columns of `numbers` are compared one by one.
    """

    numbers: Array
    zero: npt.NDArray[np.bool_]
    codes: Array
    sizes: tuple[int, ...]
    chosen: npt.NDArray[np.int64]


def cells_of(spec: DataSpec, x: Tensor, chosen: npt.NDArray[np.int64]) -> Cells:
    """Look at rows as numbers and codes.

    Values that lie within rounding of a whole number are taken for it where data are whole, as they have been through
    float32 on a scale of their own.

    Args:
        spec: What the data are.
        x: `[n, *shape]` in the data's units.
        chosen: Columns of the numbers that are compared one by one.

    Returns:
        The cells.
    """
    flat = x.double().cpu().flatten(1)
    columns = spec.columns or ()
    smooth = torch.tensor(
        [column.kind in ("real", "positive") for column in columns]
        if columns
        else [spec.support in ("unit", "real")] * flat.shape[1]
    )
    near = flat.round()
    flat = torch.where(~smooth & ((flat - near).abs() < 1e-4 * near.abs().clamp_min(1)), near, flat)
    coded = torch.tensor([column.coded for column in columns] if columns else [False] * flat.shape[1])
    each = flat.shape[1] // spec.shape[0]
    mean = torch.tensor(spec.mean, dtype=torch.float64).repeat_interleave(each)
    std = torch.tensor([value or 1.0 for value in spec.std], dtype=torch.float64).repeat_interleave(each)
    numbers = ((flat - mean) / std)[:, ~coded].numpy()
    sizes = tuple(column.size for column in columns if column.coded)
    return Cells(numbers, (flat == 0)[:, ~coded].numpy(), flat[:, coded].numpy(), sizes, chosen)


def statistics(rows: Cells, reference: Cells) -> tuple[dict[str, float], Array]:
    """Every statistic that the rows have, and the distance of each column's marginal from that of the reference.

    `mean` and `variance` are those of the numbers (the variance is the mean over columns of each one's), `zero_share`
    the share of exact zeros, `row_spread` the standard deviation over rows of the mean of a row. `marginals` is the
    mean over columns of the Kolmogorov-Smirnov distance of numbers, or the total variation of categories, from the
    reference, and `correlations` the root mean square over pairs of columns of the difference of correlations.

    Args:
        rows: n rows.
        reference: Generated rows, the same ones whatever is compared with them.

    Returns:
        Name to value, and the distances: the chosen numbers first, then the categories.
    """
    found: dict[str, float] = {}
    if rows.numbers.size:
        known = ~np.isnan(rows.numbers)
        seen = known.sum(0)
        centre = _ratio(np.nansum(rows.numbers, 0), seen)
        variances = _ratio(np.nansum(np.square(rows.numbers - centre), 0), seen)
        of_rows = _ratio(np.nansum(rows.numbers, 1), known.sum(1))
        found["mean"] = float(np.nansum(rows.numbers) / max(known.sum(), 1))
        found["variance"] = float(variances.mean())
        found["zero_share"] = float(rows.zero.sum() / max(known.sum(), 1))
        found["row_spread"] = float(of_rows.std())
    marginals = np.concatenate(
        [
            kolmogorov_smirnov(rows.numbers[:, rows.chosen], reference.numbers[:, rows.chosen]),
            total_variation(rows.codes, reference.codes, rows.sizes),
        ]
    )
    found["marginals"] = float(marginals.mean())
    ours, theirs = (correlations(_indicators(each)) for each in (rows, reference))
    pairs = np.triu_indices(len(ours), 1)
    if len(pairs[0]):
        found["correlations"] = float(np.sqrt(np.square((ours - theirs)[pairs]).mean()))
    return found, marginals


def kolmogorov_smirnov(a: Array, b: Array) -> Array:
    r"""\(\sup_x |F_a(x) - F_b(x)|\) of each column, over what is observed.

    Args:
        a: `[n, D]`.
        b: `[m, D]`.

    Returns:
        `[D]`; 0 where a column of either has nothing observed.

    >>> kolmogorov_smirnov(np.array([[0.0], [1.0]]), np.array([[1.0], [1.0], [2.0], [0.0]])).tolist()
    [0.25]
    """
    both = np.concatenate([a, b])
    counts = np.stack([(~np.isnan(each)).sum(0) for each in (a, b)])
    mass = np.concatenate(
        [np.broadcast_to(_ratio(1.0, counts[0]), a.shape), -np.broadcast_to(_ratio(1.0, counts[1]), b.shape)]
    )
    order = np.argsort(both, axis=0, kind="stable")  # NaN comes last, and has no mass
    ordered = np.take_along_axis(both, order, 0)
    steps = np.cumsum(np.take_along_axis(np.where(np.isnan(both), 0.0, mass), order, 0), axis=0)
    # Inside a run of equal values the distribution functions are not there yet.
    ends = np.ones(both.shape, bool)
    ends[:-1] = ordered[1:] != ordered[:-1]
    return np.asarray(np.where(ends, np.abs(steps), 0.0).max(0) * (counts > 0).all(0))


def total_variation(a: Array, b: Array, sizes: tuple[int, ...]) -> Array:
    r"""\(\frac12 \sum_c |p_a(c) - p_b(c)|\) of each column of codes, over what is observed.

    Args:
        a: `[n, C]`.
        b: `[m, C]`.
        sizes: Number of categories of each column.

    Returns:
        `[C]`.

    >>> total_variation(np.array([[0.0], [1.0]]), np.array([[1.0], [2.0]]), (3,)).tolist()
    [0.5]
    """
    found = [
        0.5 * np.abs(_shares(a[:, column], size) - _shares(b[:, column], size)).sum()
        for column, size in enumerate(sizes)
    ]
    return np.array(found, dtype=np.float64)


def _shares(codes: Array, size: int) -> Array:
    known = codes[~np.isnan(codes)].astype(np.int64)
    return np.asarray(np.bincount(known, minlength=size) / max(len(known), 1))


def correlations(x: Array) -> Array:
    """Pearson correlation of every pair of columns, over the rows in which both are observed; 0 for constant ones.

    Args:
        x: `[n, D]`.

    Returns:
        `[D, D]`.
    """
    known = (~np.isnan(x)).astype(np.float64)
    centred = np.where(known > 0, x - _ratio(np.nansum(x, 0), known.sum(0)), 0.0)
    spread = np.sqrt(_ratio(np.square(centred).sum(0), known.sum(0)))
    return _ratio(_ratio(centred.T @ centred, known.T @ known), np.outer(spread, spread))


def _indicators(rows: Cells) -> Array:
    """The chosen numbers, and an indicator column for each category."""
    parts = [rows.numbers[:, rows.chosen]]
    for column, size in enumerate(rows.sizes):
        codes = rows.codes[:, column, None]
        parts.append(np.where(np.isnan(codes), np.nan, codes == np.arange(size)))
    return np.concatenate(parts, axis=1)


def _ratio(a: float | Array, b: npt.NDArray[np.float64] | npt.NDArray[np.int64]) -> Array:
    """`a / b`, and 0 where b is 0."""
    return np.asarray(np.where(b > 0, a / np.where(b > 0, b, 1), 0.0))


def named_columns(spec: DataSpec, chosen: npt.NDArray[np.int64]) -> list[str]:
    """Names for the distances that `statistics` returns, in the same order.

    Args:
        spec: What the data are.
        chosen: The columns of the numbers that are compared one by one.

    Returns:
        Names of columns, or positions of pixels.
    """
    columns = spec.columns or ()
    names = list(spec.names or (column.name for column in columns))
    if spec.kind == "image":
        place = [tuple(int(i) for i in np.unravel_index(int(index), spec.shape)) for index in chosen]
        return [f"pixel {at[1:]}" + (f" of channel {at[0]}" if spec.shape[0] > 1 else "") for at in place]
    names = names or [f"column {index}" for index in range(spec.shape[0])]
    coded = [index for index, column in enumerate(columns) if column.coded]
    plain = [index for index in range(spec.shape[0]) if index not in coded]
    return [names[plain[int(index)]] for index in chosen] + [names[index] for index in coded]
