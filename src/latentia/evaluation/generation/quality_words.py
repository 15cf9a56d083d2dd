"""The quality of samples in plain words."""

from __future__ import annotations

from latentia.evaluation.generation.diversity import PairSimilarity
from latentia.evaluation.generation.fidelity import Fidelity
from latentia.evaluation.generation.memorisation import Memorisation

_FAR = 0.8
"""A share below this part of what training rows reach is called low."""


def verdict(
    samples: Fidelity,
    training: Fidelity,
    diversity: PairSimilarity | None,
    data_diversity: PairSimilarity | None,
    copied: Memorisation,
) -> str:
    """A few sentences: realism, coverage, diversity, memorisation, each against what training rows would get.

    Args:
        samples: Of the samples.
        training: Of as many training rows.
        diversity: Of pairs of samples.
        data_diversity: Of pairs of held-out rows.
        copied: Against the training rows.

    Returns:
        The sentences.
    """
    said = [_realism(samples, training), _coverage(samples, training), *_variety(samples, training)]
    if diversity is not None and data_diversity is not None:
        said += _alike(diversity, data_diversity)
    return " ".join([*said, copied.verdict])


def _realism(samples: Fidelity, training: Fidelity) -> str:
    numbers = (
        f"{samples.precision:.0%} of the samples lie among held-out rows ({training.precision:.0%} of training rows do)"
    )
    if samples.precision < _FAR * training.precision:
        return f"Many samples look like no data: {numbers}. Codes from the prior may fall where no data are encoded."
    return f"Samples look like data: {numbers}."


def _coverage(samples: Fidelity, training: Fidelity) -> str:
    numbers = (
        f"{samples.coverage:.0%} of the held-out rows have a sample nearby ({training.coverage:.0%} a training row)"
    )
    if samples.coverage < _FAR * training.coverage:
        return f"Part of the data is never sampled, or only blurred: {numbers}."
    return f"The data are covered: {numbers}."


def _variety(samples: Fidelity, training: Fidelity) -> list[str]:
    if samples.recall < _FAR * training.recall:
        return [
            f"Samples are less varied than data: {samples.recall:.0%} of the held-out rows lie among samples "
            f"({training.recall:.0%} among training rows)."
        ]
    return []


def _alike(samples: PairSimilarity, data: PairSimilarity) -> list[str]:
    error = ((samples.standard_error or 0.0) ** 2 + (data.standard_error or 0.0) ** 2) ** 0.5
    if error > 0 and samples.mean - data.mean > 3 * error:
        return [
            f"Pairs of samples are more alike than pairs of data (MS-SSIM {samples.mean:.3f} against {data.mean:.3f})."
        ]
    return []
