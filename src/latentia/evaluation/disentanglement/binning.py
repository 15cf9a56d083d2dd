"""Continuous codes cut into bins: of equal width, or with equally many rows."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np

from latentia.errors import ConfigurationError
from latentia.evaluation.disentanglement.inputs import Numbers, Whole

Binning = Literal["width", "quantiles"]
BINS = 20
"""Bins of equal width between the smallest and the largest value: what published tables use (Locatello and others,
2019)."""


def binned(codes: Numbers, bins: int = BINS, binning: Binning = "width") -> Whole:
    """Cut each code into bins.

    Args:
        codes: `[N, d]`.
        bins: B, for each code.
        binning: `width`: of equal width between the smallest and the largest value of the code, as in the literature.
            `quantiles`: with as equally many rows as ties allow, so that any rising function of a code gives the same
            bins; a code with at most B distinct values keeps them apart.

    Returns:
        Numbers of bins from 0 to B - 1, `[N, d]`.

    Raises:
        ConfigurationError: Fewer than two bins, or an unknown way of cutting.

    References:
        Locatello, Bauer, Lucic, Ratsch, Gelly, Scholkopf, Bachem, Challenging common assumptions in the unsupervised
        learning of disentangled representations, 2019, arXiv:1811.12359.

    >>> binned(np.array([[0.0], [0.1], [0.5], [1.0]]), 2).ravel().tolist()
    [0, 0, 1, 1]
    >>> binned(np.array([[0.0], [0.1], [0.2], [9.0]]), 2, "quantiles").ravel().tolist()
    [0, 0, 1, 1]
    """
    if bins < 2:
        raise ConfigurationError(f"{bins} bins tell nothing of a code; give at least 2 (published tables have {BINS})")
    if binning == "width":
        return _equal_width(codes, bins)
    if binning == "quantiles":
        return _quantiles(codes, bins)
    raise ConfigurationError(f"binning {binning!r} is unknown; one of {', '.join(get_args(Binning))}")


def _equal_width(codes: Numbers, bins: int) -> Whole:
    low, high = codes.min(0), codes.max(0)
    width = np.where(high > low, high - low, 1.0)
    place = np.floor((codes - low) / width * bins).astype(np.int64)
    return np.asarray(np.minimum(place, bins - 1))


def _quantiles(codes: Numbers, bins: int) -> Whole:
    order = codes.argsort(0, kind="stable")
    ordered = np.take_along_axis(codes, order, 0)
    new = np.ones(codes.shape, dtype=bool)
    new[1:] = ordered[1:] != ordered[:-1]
    dense = new.cumsum(0) - 1
    # Rows with the same value stay together: all have the rank of the first of them.
    first = np.maximum.accumulate(np.where(new, np.arange(len(codes))[:, None], 0), 0)
    chosen = np.where(dense[-1] < bins, dense, first * bins // len(codes))
    result = np.empty(codes.shape, dtype=np.int64)
    np.put_along_axis(result, order, chosen, 0)
    return result
