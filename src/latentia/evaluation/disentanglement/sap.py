"""The separated attribute predictability score."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from latentia.errors import ConfigurationError
from latentia.evaluation.disentanglement.gap import FactorGaps, gaps
from latentia.evaluation.disentanglement.inputs import Numbers, Whole, as_codes, as_factors, numbered
from latentia.evaluation.disentanglement.thresholds import CUTS, threshold_accuracy

INACTIVE = 1e-12
"""A code with no more variance than this predicts nothing."""


def sap(
    codes: Any,
    factors: Any,
    *,
    categorical: Sequence[bool] | None = None,
    inactive: float = INACTIVE,
    cuts: int = CUTS,
) -> FactorGaps:
    r"""\(\frac1F \sum_j \left( S_{i(j)j} - \max_{i \ne i(j)} S_{ij} \right)\).

    S is how well one code alone predicts a factor: of a factor whose values are ordered, the coefficient of
    determination of a linear regression, \(S_{ij} = Cov(z_i, v_j)^2 / (Var(z_i) Var(v_j))\); of categories, the
    balanced accuracy of the best thresholds on the code. Inactive codes have S = 0.

    Args:
        codes: `[N, d]`.
        factors: `[N, F]`, whole numbers.
        categorical: For each factor whether its values have no order; by default all are ordered.
        inactive: Codes with no more variance than this have S = 0.
        cuts: Places for thresholds on a code (see `threshold_accuracy`).

    Returns:
        The gaps, between 0 and 1; of C categories at most 1 - 1 / C, for any code that is active tells 1 / C of them.

    Raises:
        DataError: Codes or factors that cannot be used, or a single code.
        ConfigurationError: Not one truth value for each factor.

    References:
        Kumar, Sattigeri, Balakrishnan, Variational inference of disentangled latent concepts from unlabeled
        observations, 2018, arXiv:1711.00848, section 3.

    >>> factors = [[0, 0], [0, 1], [1, 0], [1, 1]]
    >>> sap(factors, factors).score, sap([[a, a + b] for a, b in factors], factors).score
    (1.0, 0.5)
    """
    z = as_codes(codes)
    v = as_factors(factors, len(z))
    kinds = which_categorical(categorical, v.shape[1])
    table = np.empty((z.shape[1], v.shape[1]))
    if not kinds.all():
        table[:, ~kinds] = determination(z, v[:, ~kinds])
    if kinds.any():
        table[:, kinds] = threshold_accuracy(z, *numbered(v[:, kinds]), cuts)
    table[z.var(0) <= inactive] = 0.0
    return gaps(table)


def determination(codes: Numbers, factors: Whole) -> Numbers:
    """Squared correlation of every code with every factor.

    Args:
        codes: `[N, d]`.
        factors: `[N, F]`, none constant.

    Returns:
        `[d, F]`; 0 for a code that is constant.
    """
    z, v = codes - codes.mean(0), factors - factors.mean(0)
    scale = np.sqrt((z**2).sum(0)[:, None] * (v**2).sum(0))
    return np.asarray((z.T @ v / np.where(scale > 0, scale, 1.0)) ** 2)


def which_categorical(given: Sequence[bool] | None, factors: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """One truth value for each factor.

    Args:
        given: As the caller gave it.
        factors: F.

    Returns:
        `[F]`.

    Raises:
        ConfigurationError: Another number of them.
    """
    kinds = np.zeros(factors, dtype=bool) if given is None else np.asarray(given, dtype=bool)
    if kinds.shape != (factors,):
        raise ConfigurationError(f"categorical has {kinds.size} entries for {factors} factors; give one for each")
    return kinds
