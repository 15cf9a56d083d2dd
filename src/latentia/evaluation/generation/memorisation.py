"""Whether samples repeat training rows, told from their distances to them and from those of held-out rows."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from latentia.errors import ConfigurationError, DataError

CLEAR = 3.0
"""Standard errors beyond which a difference counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Memorisation:
    """Distances of samples to the training rows, against those of held-out rows.

    Attributes:
        share_closer: Share of samples closer to a training row than the closest held-out rows, those up to `quantile`.
        share_single: Share of samples that much closer to one training row than to the next: the ratio of the two
            distances is below that of the held-out rows up to `quantile`.
        expected_share: Both shares, on average, where samples have the distribution of held-out rows.
        standard_error: Of both shares in that case.
        copies: Share of samples at distance 0 from a training row.
        held_out_copies: The same share of held-out rows.
        copying: C_T, a standard normal variable where samples are as far from training rows as held-out rows are;
            below -3 they are nearer, above 3 farther. None where no cell has enough rows.
        quantile: Of the held-out rows.
        num_samples: Samples.
        num_held_out: Held-out rows.
        verdict: The same in words.
    """

    share_closer: float
    share_single: float
    expected_share: float
    standard_error: float
    copies: float
    held_out_copies: float
    copying: float | None
    quantile: float
    num_samples: int
    num_held_out: int
    verdict: str


def memorisation(
    held_out: Tensor,
    samples: Tensor,
    *,
    held_out_cells: Tensor | None = None,
    sample_cells: Tensor | None = None,
    quantile: float = 0.01,
) -> Memorisation:
    r"""Compare how near samples and held-out rows come to the training rows.

    Nearness alone proves nothing where samples are smoother than data, as the means of p(x|z) are: an average is near
    to many rows. So a second comparison is of the ratio of the distances to the nearest and to the next training row,
    which only a copy makes small; the verdict asks for both.

    Args:
        held_out: `[n, 2]`, distances of held-out rows to the nearest and the next training row.
        samples: `[m, 2]`, those of samples.
        held_out_cells: `[n]`, the cell of a partition that each lies in, for `copying_statistic`; one for all if none.
        sample_cells: `[m]`, likewise.
        quantile: q; the thresholds are the values of the held-out rows of rank q (n + 1), at least 1.

    Returns:
        The comparison and its verdict.

    Raises:
        DataError: Not two distances a row, or no rows.
        ConfigurationError: A quantile outside (0, 1).

    References:
        Meehan, Chaudhuri, Dasgupta, A non-parametric test to detect data-copying in generative models, 2020,
        arXiv:2004.05675; the ratio of distances: Yoon, Choi, Kwon, Ryu, Diffusion probabilistic models generalize when
        they fail to memorize, 2023, ICML workshop on structured probabilistic inference and generative modeling.
    """
    if not 0 < quantile < 1:
        raise ConfigurationError(f"quantile is {quantile:g}; give a share between 0 and 1, such as 0.01")
    for what, given in (("held-out rows", held_out), ("samples", samples)):
        if given.dim() != 2 or given.shape[1] != 2 or len(given) == 0:
            raise DataError(
                f"distances of {what} have shape {tuple(given.shape)}; give (N, 2): to the nearest training row and "
                "to the next"
            )
    n, m = len(held_out), len(samples)
    rank = min(n, max(1, math.floor(quantile * (n + 1) + 1e-9)))
    closer = share_below(held_out[:, 0], samples[:, 0], rank)
    single = share_below(_ratio(held_out), _ratio(samples), rank)
    cells = [
        torch.zeros(len(rows), dtype=torch.long) if given is None else given
        for rows, given in ((held_out, held_out_cells), (samples, sample_cells))
    ]
    copying = copying_statistic(held_out[:, 0], samples[:, 0], *cells)
    expected, error = _by_chance(rank, n, m)
    held_out_copies = float((held_out[:, 0] == 0).double().mean())
    return Memorisation(
        share_closer=closer,
        share_single=single,
        expected_share=expected,
        standard_error=error,
        copies=float((samples[:, 0] == 0).double().mean()),
        held_out_copies=held_out_copies,
        copying=copying,
        quantile=quantile,
        num_samples=m,
        num_held_out=n,
        verdict=_verdict(closer, single, expected, error, copying, held_out_copies),
    )


def share_below(held_out: Tensor, samples: Tensor, rank: int) -> float:
    r"""Share of samples below the value of that rank among held-out rows; k / (n + 1) on average for equal laws.

    Args:
        held_out: `[n]`.
        samples: `[m]`.
        rank: k, from 1 to n.

    Returns:
        Between 0 and 1; a tie is not below.

    >>> share_below(torch.tensor([3.0, 1.0, 2.0]), torch.tensor([0.5, 1.0, 5.0, 0.1]), 1)
    0.5
    """
    return float((samples < held_out.kthvalue(rank).values).double().mean())


def copying_statistic(
    held_out: Tensor, samples: Tensor, held_out_cells: Tensor, sample_cells: Tensor, *, least: int = 10
) -> float | None:
    r"""\(C_T\): the rank statistic \(Z_U\) of distances to the training rows, averaged over cells.

    \[ C_T = \frac{\sum_\pi n_\pi Z_U(\pi)}{\sum_\pi n_\pi} \]

    over the cells with at least `least` held-out rows and samples. Cells keep copying in one region from hiding behind
    poor samples in another. The average of several independent Z has a variance below 1, so -3 is cautious.

    Args:
        held_out: `[n]`, distances of held-out rows to their nearest training rows.
        samples: `[m]`, those of samples.
        held_out_cells: `[n]` integers.
        sample_cells: `[m]` integers.
        least: Rows of either kind that make a cell count.

    Returns:
        The statistic, negative where samples are nearer, or None where no cell counts.

    References:
        Meehan and others, 2020, arXiv:2004.05675, section 4.
    """
    total, rows = 0.0, 0
    for cell in held_out_cells.unique():
        here, there = held_out[held_out_cells == cell], samples[sample_cells == cell]
        if len(here) >= least and len(there) >= least:
            total, rows = total + len(here) * rank_statistic(here, there), rows + len(here)
    return total / rows if rows else None


def rank_statistic(held_out: Tensor, samples: Tensor) -> float:
    r"""The Mann-Whitney statistic, standardised: \(Z_U = (U - nm/2) / \sigma_U\), U the pairs in which samples exceed.

    Ties count one half, and the variance is that of the permutation distribution with its ties,
    \(\sigma_U^2 = \frac{nm}{12} (N + 1 - \sum_t (t^3 - t) / (N (N - 1)))\) with N = n + m and ties of t values.

    Args:
        held_out: `[n]`.
        samples: `[m]`.

    Returns:
        Mean 0 and variance 1 where both have one distribution; 0 where all values are equal.

    References:
        Mann, Whitney, 1947, doi:10.1214/aoms/1177730491.

    >>> rank_statistic(torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0]))
    1.549193
    """
    n, m = len(held_out), len(samples)
    ordered = held_out.sort().values
    below = torch.searchsorted(ordered, samples.contiguous())
    up_to = torch.searchsorted(ordered, samples.contiguous(), right=True)
    u = float((below + up_to).sum()) / 2
    ties = torch.cat([held_out, samples]).unique(return_counts=True)[1].double()
    both = n + m
    variance = n * m / 12 * (both + 1 - float((ties**3 - ties).sum()) / (both * (both - 1)))
    return (u - n * m / 2) / math.sqrt(variance) if variance > 1e-9 * n * m else 0.0


def _ratio(distances: Tensor) -> Tensor:
    """d1 / d2; a copy of a training row counts 0, however often that row repeats."""
    first, second = distances.unbind(1)
    return torch.where(first > 0, first / second, 0.0)


def _by_chance(k: int, n: int, m: int) -> tuple[float, float]:
    """Mean and standard deviation of the share of m below the k-th smallest of n (negative hypergeometric)."""
    variance = k * (n - k + 1) * (m + n + 1) / (m * (n + 1) ** 2 * (n + 2))
    return k / (n + 1), math.sqrt(variance)


def _verdict(
    closer: float, single: float, expected: float, error: float, copying: float | None, held_out_copies: float
) -> str:
    nearer = closer - expected > CLEAR * error
    if held_out_copies > 0.5:
        return (
            f"Cannot tell: {held_out_copies:.0%} of the held-out rows are training rows themselves; give rows that the "
            "model was not trained on."
        )
    if nearer and single - expected > CLEAR * error:
        return (
            f"Memorised: {closer:.1%} of the samples are closer to a training row than the closest {expected:.1%} of "
            f"held-out rows, and {single:.1%} that much closer to one training row than to the next. Use a smaller or "
            "more regularised decoder, more data, or stop earlier."
        )
    if nearer or (copying is not None and copying < -CLEAR):
        return (
            "No single training rows are repeated, though samples are nearer to the training rows than held-out rows "
            "are, as smooth or typical samples are."
        )
    if copying is not None and copying > CLEAR:
        return "No sign of memorisation; samples are farther from the training rows than held-out rows are."
    return "No sign of memorisation: samples are as far from the training rows as held-out rows are."
