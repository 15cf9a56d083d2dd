"""The mutual information gap."""

from __future__ import annotations

from typing import Any

from latentia.evaluation.disentanglement.binning import BINS, Binning, binned
from latentia.evaluation.disentanglement.contingency import contingency, factor_entropy, mutual_information
from latentia.evaluation.disentanglement.gap import FactorGaps, gaps
from latentia.evaluation.disentanglement.inputs import as_codes, as_factors, numbered


def mig(codes: Any, factors: Any, *, bins: int = BINS, binning: Binning = "width") -> FactorGaps:
    r"""\(\frac1F \sum_j \frac{1}{H(v_j)} \left( I(z_{i(j)}; v_j) - \max_{i \ne i(j)} I(z_i; v_j) \right)\).

    i(j) is the code with the most information on factor j. The information is that of binned codes, as in published
    tables; the paper estimates it from the densities of the posterior instead. A code with fewer bins than a factor
    has values cannot tell all of it, so that even perfect codes score below 1.

    Args:
        codes: `[N, d]`, usually posterior means.
        factors: `[N, F]`, whole numbers.
        bins: Of each code; published tables have 20 of equal width.
        binning: How codes are cut (see `binned`).

    Returns:
        The gaps, between 0 and 1, each in units of the factor's entropy.

    Raises:
        DataError: Codes or factors that cannot be used, or a single code.
        ConfigurationError: Fewer than two bins.

    References:
        Chen, Li, Grosse, Duvenaud, Isolating sources of disentanglement in variational autoencoders, 2018,
        arXiv:1802.04942; Locatello and others, 2019, arXiv:1811.12359, for the bins.

    >>> factors = [[0, 0], [0, 1], [1, 0], [1, 1]]
    >>> mig(factors, factors).score, mig([[a, a + b] for a, b in factors], factors).score
    (1.0, 0.5)
    """
    z = as_codes(codes)
    values, _ = numbered(as_factors(factors, len(z)))
    table = contingency(binned(z, bins, binning), values)
    return gaps(mutual_information(table) / factor_entropy(table))
