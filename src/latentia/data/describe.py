"""The statistics of a data set, in float64, and what its values are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from latentia.data.holes import blocks, count_missing, observed_range
from latentia.data.reading import Array
from latentia.data.spec import Kind, Support

CONSTANT_VARIANCE = 1e-13
"""A column varies if its variance is above this times min(1, its largest magnitude) squared."""


@dataclass(frozen=True, slots=True)
class Values:
    """Which values occur.

    Args:
        support: The kind of values.
        levels: Number of levels, for `binary` and `levels`.
        unit: The value that stands for 1.
    """

    support: Support
    levels: int | None
    unit: float


def detect_values(
    splits: Sequence[Array], levels: int | None = None, *, counted: bool = False, pictures: bool = False
) -> Values:
    """Find out what the data are from every split, so that no split surprises the likelihood later.

    Args:
        splits: Arrays in uint8, float32 or float64, finite but for missing values (NaN), of which some are observed.
        levels: Number of levels, where the format declares it.
        counted: They were whole numbers from 0 in columns, and no bytes.
        pictures: They are pictures: with missing pixels, whole numbers 0..255 are still bytes.

    Returns:
        The support, its levels and its unit.
    """
    ranges = [found for x in splits if (found := observed_range(x)) is not None]
    low, high = min(each[0] for each in ranges), max(each[1] for each in ranges)
    if levels is not None:
        return Values("binary" if levels == 2 else "levels", levels, float(levels - 1))
    two_valued = low == 0 and all(bool(((b == 0) | (b == high) | np.isnan(b)).all()) for x in splits for b in blocks(x))
    if two_valued or (low == high == 1):
        return Values("binary", 2, high or 1.0)
    if splits[0].dtype == np.uint8:
        return Values("levels", 256, 255.0)
    if counted:
        return Values("counts", None, 1.0)
    if pictures and low >= 0 and 1 < high <= 255 and any(map(count_missing, splits)) and all(map(_whole, splits)):
        return Values("levels", 256, 255.0)
    return Values("unit" if low >= 0 and high <= 1 else "real", None, 1.0)


def _whole(x: Array) -> bool:
    return all(bool(((block == np.floor(block)) | np.isnan(block)).all()) for block in blocks(x))


@dataclass(frozen=True, slots=True)
class Moments:
    """Mean and standard deviation (over N) of each column or channel; 0 for one that counts as constant."""

    mean: npt.NDArray[np.float64]
    std: npt.NDArray[np.float64]


def moments(x: Array) -> Moments:
    """Mean and standard deviation in one pass, safe from 1e9 + noise to 1e308 and subnormal scales.

    Each column is scaled by a power of two, which is exact, and shifted by its first value before it is summed; blocks
    are merged by the rule of Chan, Golub and LeVeque.

    Args:
        x: `[N, D]` or `[N, C, H, W]`, finite; missing values (NaN) are left out, and each column has others.

    Returns:
        Float64 moments of shape `[D]` or `[C]`.

    References:
        Chan, Golub, LeVeque, Algorithms for computing the sample variance, The American Statistician 37, 1983.

    >>> moments(np.array([[1e9, 5.0], [1e9 + 2, 5.0]])).std.tolist()
    [1.0, 0.0]
    """
    pixels = x.reshape(len(x), x.shape[1], -1)
    if count_missing(x):
        # column by column, as each has another number of values
        seen = [each[~np.isnan(each)][:, None] for each in pixels.transpose(1, 0, 2)]
        found = [moments(each) for each in seen]
        return Moments(np.concatenate([each.mean for each in found]), np.concatenate([each.std for each in found]))
    largest = np.maximum(
        np.abs(pixels.max(axis=(0, 2)).astype(np.float64)), np.abs(pixels.min(axis=(0, 2)).astype(np.float64))
    )
    exponent = np.frexp(largest)[1]
    # two factors, because one alone overflows at subnormal scales
    half = -exponent // 2
    scales = [np.ldexp(1.0, power)[:, None] for power in (half, -exponent - half)]
    first = pixels[0, :, :1].astype(np.float64) * scales[0] * scales[1]
    count, mean, spread = 0, np.zeros(x.shape[1]), np.zeros(x.shape[1])
    for block in blocks(pixels):
        y = block.astype(np.float64)
        for scale in scales:
            y *= scale
        y -= first
        size = y.shape[0] * y.shape[2]
        block_mean = y.mean(axis=(0, 2))
        y -= block_mean[:, None]
        delta, total = block_mean - mean, count + size
        mean = mean + delta * (size / total)
        spread = spread + np.square(y, out=y).sum(axis=(0, 2)) + np.square(delta) * (count * size / total)
        count = total
    std = np.sqrt(spread / count)
    # in units of the scaled column: what its own dtype cannot resolve is no variation either
    rounding = np.finfo(x.dtype).eps if x.dtype.kind == "f" else 0.0
    floor = np.sqrt(CONSTANT_VARIANCE) * np.minimum(
        np.ldexp(largest, -exponent), np.ldexp(1.0, np.minimum(-exponent, 1000))
    )
    constant = std <= np.maximum(rounding, floor)
    return Moments(np.ldexp(mean + first[:, 0], exponent), np.where(constant, 0.0, np.ldexp(std, exponent)))


def notes_on(names: Iterable[str] | None, found: Moments, support: Support, kind: Kind) -> tuple[str, ...]:
    """What a person should know about the columns.

    Args:
        names: Names of the columns, if any.
        found: Their moments.
        support: What values they take.
        kind: Pictures or columns.

    Returns:
        Sentences.
    """
    total = len(found.std)
    constant = np.flatnonzero(found.std == 0.0).tolist()
    if not constant:
        return ()
    labels = list(names) if names is not None else [str(i) for i in range(total)]
    listed = ", ".join(labels[i] for i in constant[:8]) + (", ..." if len(constant) > 8 else "")
    what = "channel" if kind == "image" else "column"
    many = f"{what}s of {total} count" if len(constant) != 1 else f"{what} of {total} counts"
    return (f"{len(constant)} {many} as constant ({listed}): kept{', and restored exactly' * (support == 'real')}",)
