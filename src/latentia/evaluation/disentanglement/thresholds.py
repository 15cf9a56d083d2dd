"""The best classifier that only puts thresholds on one code, for every pair of code and factor at once."""

from __future__ import annotations

import numpy as np

from latentia.errors import DataError
from latentia.evaluation.disentanglement.binning import binned
from latentia.evaluation.disentanglement.contingency import contingency
from latentia.evaluation.disentanglement.inputs import Numbers, Whole

CUTS = 256
"""Places where a threshold can be put on a code."""
MOST = 256
"""Categories of a factor: time and memory grow with their square."""


def threshold_accuracy(codes: Numbers, values: Whole, sizes: Whole, cuts: int = CUTS) -> Numbers:
    r"""The highest balanced accuracy of C - 1 thresholds and a class for each of the C intervals between them.

    The optimum is found by dynamic programming over the places where a threshold can be: with k intervals so far, the
    last of which says c,

    \[a_b(k, c) = \max\left(a_{b-1}(k, c), \max_{c'} a_{b-1}(k - 1, c')\right) + n_{bc} / (n_c C).\]

    Args:
        codes: `[N, d]`.
        values: `[N, F]`, numbered from 0.
        sizes: `[F]`, C of each factor.
        cuts: Places for thresholds, between quantiles of the code; the optimum is exact where a code has no more
            distinct values.

    Returns:
        `[d, F]`, the mean over classes of the share of their rows that is told, at least 1 / C.

    Raises:
        DataError: More categories than can be told apart in reasonable memory.
    """
    if sizes.max() > MOST:
        raise DataError(
            f"a factor has {sizes.max()} categories; thresholds are found for {MOST} at most. Group its values, or "
            "treat it as ordered"
        )
    table = contingency(binned(codes, cuts, "quantiles"), values)
    gain = table / np.maximum(table.sum(2, keepdims=True), 1) / sizes[None, :, None, None]
    most = table.shape[3]
    best = np.full((*table.shape[:2], most, most), -np.inf)  # [d, F, k - 1, c]
    for b in range(table.shape[2]):
        another = best.max(3, keepdims=True)[:, :, :-1]
        best[:, :, 1:] = np.maximum(best[:, :, 1:], another)
        if b == 0:
            best[:, :, 0] = 0.0
        best += gain[:, :, b, None, :]
    allowed = np.arange(most) < sizes[:, None]  # as many intervals as the factor has classes
    return np.asarray(np.where(allowed[None, :, :, None], best, -np.inf).max((2, 3)))
