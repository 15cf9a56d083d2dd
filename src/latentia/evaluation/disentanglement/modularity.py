"""Modularity: whether each code tells of one factor alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from latentia.errors import DataError
from latentia.evaluation.disentanglement.binning import BINS, Binning, binned
from latentia.evaluation.disentanglement.contingency import contingency, mutual_information
from latentia.evaluation.disentanglement.inputs import Numbers, as_codes, as_factors, numbered


@dataclass(frozen=True, slots=True, eq=False)
class Modularity:
    """Modularity of a representation.

    Attributes:
        score: The mean over codes.
        per_code: `[d]`.
    """

    score: float
    per_code: Numbers


def modularity(codes: Any, factors: Any, *, bins: int = BINS, binning: Binning = "width") -> Modularity:
    r"""\(\frac1d \sum_i 1 - \frac{\sum_j (m_{ij} - t_{ij})^2}{\theta_i^2 (F - 1)}\), \(m_{ij} = I(z_i; v_j)\).

    The template t has \(\theta_i = \max_j m_{ij}\) where that maximum is, and zeros elsewhere.

    Args:
        codes: `[N, d]`.
        factors: `[N, F]`, whole numbers, F of two or more.
        bins: Of each code, 20 in the paper and in published tables.
        binning: How codes are cut (see `binned`).

    Returns:
        Between 0 and 1. For a code without any information the paper says nothing; it counts 0, as in published tables.

    Raises:
        DataError: Codes or factors that cannot be used, or a single factor.
        ConfigurationError: Fewer than two bins.

    References:
        Ridgeway, Mozer, Learning deep disentangled embeddings with the F-statistic loss, 2018, arXiv:1802.05312,
        section 3.

    >>> factors = [[0, 0], [0, 1], [1, 0], [1, 1]]
    >>> modularity(factors, factors).score, modularity([[a, a + b] for a, b in factors], factors).score
    (1.0, 0.5)
    """
    z = as_codes(codes)
    values, _ = numbered(as_factors(factors, len(z)))
    return modularity_of(mutual_information(contingency(binned(z, bins, binning), values)))


def modularity_of(information: Numbers) -> Modularity:
    """Modularity of a table of mutual information.

    Args:
        information: `[d, F]`, in any unit.

    Returns:
        The score.

    Raises:
        DataError: A single factor.
    """
    if information.shape[1] < 2:
        raise DataError("modularity compares factors, but there is only one; give two or more")
    squares = information**2
    largest = squares.max(1)
    rest = (squares.sum(1) - largest) / (np.where(largest > 0, largest, 1.0) * (information.shape[1] - 1))
    per_code = np.where(largest > 0, 1 - rest, 0.0)
    return Modularity(float(per_code.mean()), per_code)
