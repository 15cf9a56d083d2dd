"""How unlike one another pictures are: the similarity of random pairs."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from latentia.data.source import permutation
from latentia.errors import DataError
from latentia.evaluation.generation.ssim import ms_ssim
from latentia.evaluation.latent_health import standard_error

_AT_ONCE = 64
_PAIRS = 1000


@dataclass(frozen=True, slots=True)
class PairSimilarity:
    """Similarity of random pairs.

    Attributes:
        mean: Mean MS-SSIM; lower is more diverse.
        standard_error: Over pairs; None for a single one.
        pairs: How many.
    """

    mean: float
    standard_error: float | None
    pairs: int


def pair_similarity(x: Tensor, *, span: float, seed: int = 0) -> PairSimilarity:
    """Mean structural similarity of random pairs that share no row, so that their spread gives a standard error.

    A number says little by itself; compare it with that of as many pictures of the data. Samples more alike than data
    have lost modes; pure noise is less alike than any data.

    Args:
        x: Pictures `[N, C, H, W]`, at least two.
        span: The range of their values.
        seed: Of the pairs, at most 1,000.

    Returns:
        The similarity.

    Raises:
        DataError: A single picture, or pictures that `ms_ssim` does not take.

    References:
        Odena, Olah, Shlens, Conditional image synthesis with auxiliary classifier GANs, 2017, arXiv:1610.09585,
        section 4.2.
    """
    pairs = min(len(x) // 2, _PAIRS)
    if pairs == 0:
        raise DataError(f"{len(x)} picture(s) make no pair; give at least two")
    first, second = permutation(len(x), seed, "pairs")[: 2 * pairs].to(x.device).view(2, pairs)
    found = torch.cat(
        [
            ms_ssim(x[i], x[j], span=span).cpu()
            for i, j in zip(first.split(_AT_ONCE), second.split(_AT_ONCE), strict=True)
        ]
    )
    return PairSimilarity(float(found.mean()), standard_error(found), pairs)
