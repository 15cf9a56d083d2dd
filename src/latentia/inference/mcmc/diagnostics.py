r"""Whether chains have converged, and how many independent draws theirs are worth.

All functions take draws `[C, S, ...]` of C chains, S draws each, and return one number for each of the rest.

References:
    Vehtari, Gelman, Simpson, Carpenter, Bürkner, Rank-normalization, folding, and localization: an improved R-hat for
    assessing convergence of MCMC, 2021, arXiv:1903.08008; Gelman and others, Bayesian Data Analysis, 3rd edition,
    sections 11.4 and 11.5; Betancourt, A conceptual introduction to Hamiltonian Monte Carlo, 2017, arXiv:1701.02434.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from latentia.errors import CompatibilityError

FEWEST = 8
"""Draws a chain below which no half of it has a variance worth its name."""


def _checked(draws: Tensor) -> Tensor:
    if draws.dim() < 2 or draws.shape[0] < 1 or draws.shape[1] < FEWEST:
        raise CompatibilityError(
            f"draws have shape {tuple(draws.shape)}; expected (chains, draws, ...) with {FEWEST} draws a chain or more"
        )
    return draws.double()


def split(draws: Tensor) -> Tensor:
    """Each chain cut into two, so that a drift within a chain shows; the middle one of an odd number is left out.

    Args:
        draws: `[C, S, ...]`.

    Returns:
        `[2 C, S // 2, ...]`.
    """
    half = draws.shape[1] // 2
    return torch.cat([draws[:, :half], draws[:, draws.shape[1] - half :]])


def rank_normalised(draws: Tensor) -> Tensor:
    r"""Normal scores of the ranks over all chains, \(\Phi^{-1}((r - 3/8) / (N + 1/4))\); ties share their mean rank.

    Args:
        draws: `[C, S, ...]`.

    Returns:
        The same shape, float64.
    """
    columns = draws.double().flatten(0, 1).reshape(draws.shape[0] * draws.shape[1], -1).T.contiguous()
    ordered = columns.sort(-1).values
    below = torch.searchsorted(ordered, columns, right=False)
    upto = torch.searchsorted(ordered, columns, right=True)
    rank = (below + upto + 1).double() / 2
    scores: Tensor = torch.special.ndtri((rank - 0.375) / (columns.shape[-1] + 0.25))
    return scores.T.reshape(draws.shape)


def basic_rhat(chains: Tensor) -> Tensor:
    r"""\(\sqrt{\widehat{var}^+ / W}\) of chains as they are: total over within-chain spread.

    Args:
        chains: `[C, S, ...]`, C at least 2.

    Returns:
        `[...]`; not a number where no chain moves.
    """
    draws = chains.shape[1]
    within = chains.var(1).mean(0)
    between = chains.mean(1).var(0)
    return ((draws - 1) / draws + between / within).sqrt()


def split_rhat(draws: Tensor) -> Tensor:
    """The classical split R-hat; 1 for chains that agree.

    Args:
        draws: `[C, S, ...]`.

    Returns:
        `[...]`.

    Raises:
        CompatibilityError: Too few draws.
    """
    return basic_rhat(split(_checked(draws)))


def rhat(draws: Tensor) -> Tensor:
    """R-hat of ranks: the larger one of where the chains are and of how wide they are; below 1.01 they agree.

    Args:
        draws: `[C, S, ...]`.

    Returns:
        `[...]`; not a number for a coordinate that never moves.

    Raises:
        CompatibilityError: Too few draws.
    """
    halves = split(_checked(draws))
    median = halves.flatten(0, 1).median(0).values
    place, spread = rank_normalised(halves), rank_normalised((halves - median).abs())
    return torch.maximum(basic_rhat(place), basic_rhat(spread))


def autocovariance(chains: Tensor) -> Tensor:
    """Autocovariance at every lag, divided by the number of draws at each.

    Args:
        chains: `[C, S, ...]`.

    Returns:
        The same shape, lags along the second dimension.
    """
    draws = chains.shape[1]
    centred = chains - chains.mean(1, keepdim=True)
    size = 1 << (2 * draws - 1).bit_length()
    power = torch.fft.rfft(centred, n=size, dim=1).abs().square()
    covariance: Tensor = torch.fft.irfft(power, n=size, dim=1)[:, :draws] / draws
    return covariance


def ess_of_chains(chains: Tensor) -> Tensor:
    r"""\(C S / \tau\) with \(\tau = 1 + 2 \sum_t \rho_t\), the sum cut off by Geyer's initial monotone sequence.

    Args:
        chains: `[C, S, ...]`, not split any more.

    Returns:
        `[...]`; not a number where nothing moves.

    References:
        Geyer, Practical Markov chain Monte Carlo, 1992, doi:10.1214/ss/1177011137.
    """
    num_chains, draws = chains.shape[:2]
    covariance = autocovariance(chains)
    within = covariance[:, 0].mean(0) * draws / (draws - 1)
    total = within * (draws - 1) / draws
    if num_chains > 1:
        total = total + chains.mean(1).var(0)
    rho = 1 - (within - covariance.mean(0) * draws / (draws - 1)) / total
    rho[0] = 1
    lags = (draws - 3) // 2 * 2
    pairs = rho[:lags].unflatten(0, (-1, 2)).sum(1)
    kept = (pairs > 0).long().cumprod(0).bool()
    kept[0] = True
    monotone = pairs.cummin(0).values
    # The even lag of the first pair left out is counted once where it is positive, for chains that swing.
    first_out = kept.sum(0, keepdim=True).clamp_max(len(pairs) - 1)
    extra = rho[0:lags:2].gather(0, first_out)[0].clamp_min(0)
    tau = 2 * torch.where(kept, monotone, 0.0).sum(0) - 1 + torch.where(kept.all(0), 0.0, extra)
    size = num_chains * draws
    # No more than C S log10(C S): a stronger antithesis than this cannot be told from noise.
    return torch.where(total > 0, size / tau.clamp_min(1 / math.log10(size)), torch.nan)


def ess_mean(draws: Tensor) -> Tensor:
    """Independent draws that would tell the mean as well.

    Args:
        draws: `[C, S, ...]`.

    Returns:
        `[...]`.

    Raises:
        CompatibilityError: Too few draws.
    """
    return ess_of_chains(split(_checked(draws)))


def ess_bulk(draws: Tensor) -> Tensor:
    """Effective draws in the middle of the distribution, by ranks.

    Args:
        draws: `[C, S, ...]`.

    Returns:
        `[...]`.

    Raises:
        CompatibilityError: Too few draws.
    """
    return ess_of_chains(rank_normalised(split(_checked(draws))))


def ess_tail(draws: Tensor) -> Tensor:
    """Effective draws for the 5% and the 95% quantile, the smaller one.

    Args:
        draws: `[C, S, ...]`.

    Returns:
        `[...]`.

    Raises:
        CompatibilityError: Too few draws.
    """
    halves = split(_checked(draws))
    sizes = [ess_of_chains((halves <= halves.flatten(0, 1).quantile(level, dim=0)).double()) for level in (0.05, 0.95)]
    return torch.minimum(*sizes)


def mcse_mean(draws: Tensor) -> Tensor:
    """The Monte-Carlo standard error of the mean.

    Args:
        draws: `[C, S, ...]`.

    Returns:
        `[...]`, in the draws' units.

    Raises:
        CompatibilityError: Too few draws.
    """
    return _checked(draws).flatten(0, 1).std(0) / ess_mean(draws).sqrt()


def mcse_std(draws: Tensor) -> Tensor:
    r"""The Monte-Carlo standard error of the standard deviation, \(\sqrt{var(c^2) / (4\, ESS(c^2)\, var)}\), c centred.

    Args:
        draws: `[C, S, ...]`.

    Returns:
        `[...]`, in the draws' units.

    Raises:
        CompatibilityError: Too few draws.
    """
    checked = _checked(draws)
    squares = (checked - checked.flatten(0, 1).mean(0)).square()
    return (squares.flatten(0, 1).var(0) / ess_mean(squares) / squares.flatten(0, 1).mean(0) / 4).sqrt()


def bfmi(energy: Tensor) -> Tensor:
    """How well fresh momenta carry a chain across energies; below 0.3 the tails are not explored.

    Args:
        energy: `[C, S]`.

    Returns:
        `[C]`.

    References:
        Betancourt, Diagnosing suboptimal cotangent disintegrations in Hamiltonian Monte Carlo, 2016, arXiv:1604.00695.
    """
    energies = _checked(energy)
    spread = (energies - energies.mean(1, keepdim=True)).square().sum(1)
    return energies.diff(dim=1).square().sum(1) / spread
