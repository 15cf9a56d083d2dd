"""Every measure of likeness between two sets of features, in one record."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from latentia.errors import ConfigurationError
from latentia.evaluation.generation.density_coverage import density_coverage
from latentia.evaluation.generation.frechet import frechet_at_infinity, frechet_distance
from latentia.evaluation.generation.kernel_distance import kernel_distance
from latentia.evaluation.generation.precision_recall import precision_recall

PRECISION_K = 3
"""As Kynkäänniemi and others (2019) have it."""
COVERAGE_K = 5
"""As Naeem and others (2020) have it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fidelity:
    """How like the data a set of rows is.

    Attributes:
        precision: Share of the rows that lie among the data (3 neighbours).
        recall: Share of the data that lie among the rows.
        density: Balls of data that a row lies in, over 5 neighbours; 1 for rows like the data.
        coverage: Share of the data with a row nearby (5 neighbours).
        fid: Fréchet distance; biased upwards, so to be compared at equal numbers of rows alone. None for so many
            features that it would take hours.
        fid_infinity: The same with its bias in the number of rows extrapolated away; None where rows are too few.
        kid: Kernel distance, 0 on average for rows like the data.
        kid_se: Its standard error.
    """

    precision: float
    recall: float
    density: float
    coverage: float
    fid: float | None
    fid_infinity: float | None
    kid: float
    kid_se: float | None


def fidelity(real: Tensor, rows: Tensor, *, seed: int = 0) -> Fidelity:
    """Compare a set of rows with data.

    Args:
        real: Features of data, `[N, F]`, more than five.
        rows: Features of the rows in question, `[M, F]`, more than three.
        seed: Of subsets and blocks.

    Returns:
        The measures.

    Raises:
        DataError: As the measures do.
    """
    shares = precision_recall(real, rows, k=PRECISION_K)
    counts = density_coverage(real, rows, k=COVERAGE_K)
    kernel = kernel_distance(real, rows, seed=seed)
    try:
        fid: float | None = frechet_distance(real, rows)
        extrapolated = frechet_at_infinity(real, rows, seed=seed)
    except ConfigurationError:  # too large: the record says so by its absence
        fid = extrapolated = None
    return Fidelity(
        precision=shares.precision,
        recall=shares.recall,
        density=counts.density,
        coverage=counts.coverage,
        fid=fid,
        fid_infinity=extrapolated,
        kid=kernel.value,
        kid_se=kernel.standard_error,
    )
