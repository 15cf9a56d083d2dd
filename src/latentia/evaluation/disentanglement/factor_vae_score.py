"""The score of the FactorVAE paper: does the code that varies least name the factor that was held?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from latentia.evaluation.disentanglement.beta_vae_score import check_counts
from latentia.evaluation.disentanglement.inputs import Whole
from latentia.evaluation.disentanglement.shared_factor import SharedFactor

_PORTION = 2**22


@dataclass(frozen=True, slots=True, eq=False)
class FactorVAEScore:
    """The accuracy of a majority vote.

    Attributes:
        score: On votes that the majority was not taken of.
        votes: `[d, F]`, how often each code varied least while each factor was held, among those that it was taken of.
    """

    score: float
    votes: Whole


def factor_vae_score(
    sampler: SharedFactor,
    *,
    size: int = 64,
    train: int = 10_000,
    test: int = 5_000,
    least_spread: float = 0.0,
    seed: int = 0,
) -> FactorVAEScore:
    r"""The accuracy of \(\hat j(i) = \mathrm{argmax}_j V_{ij}\), \(i = \mathrm{argmin}_i Var(z_i / s_i)\) in a group.

    The members of a group share the value of factor j and differ in all others. Each group that is learnt from is a
    vote that code i, which varies least in it, belongs to factor j.

    Args:
        sampler: Of examples that share a factor; s is its spread.
        size: Examples in a group; published tables have 64, the paper 100 or more.
        train: Groups whose votes V make the majority.
        test: Groups that it is judged by.
        least_spread: Codes whose spread is no larger are left out, as the paper leaves out those that have collapsed to
            the prior.
        seed: Of all draws.

    Returns:
        The score, between 0 and 1; 1 / F is chance. Without any code that varies it is 0.

    Raises:
        DataError: A single factor.
        ConfigurationError: Groups of fewer than two examples, or other numbers below 1.

    References:
        Kim, Mnih, Disentangling by factorising, 2018, arXiv:1802.05983, section 4; Locatello and others, 2019,
        arXiv:1811.12359, for the numbers.
    """
    check_counts(sampler, size=size - 1, train=train, test=test)
    generator = np.random.default_rng(seed)
    active = np.flatnonzero(sampler.spread > least_spread)
    votes = np.zeros((len(sampler.spread), sampler.num_factors), dtype=np.int64)
    if len(active) == 0:
        return FactorVAEScore(0.0, votes)
    factor, code = _votes(sampler, active, size, train, generator)
    np.add.at(votes, (code, factor), 1)
    factor, code = _votes(sampler, active, size, test, generator)
    return FactorVAEScore(float((votes.argmax(1)[code] == factor).mean()), votes)


def _votes(
    sampler: SharedFactor, active: Whole, size: int, num: int, generator: np.random.Generator
) -> tuple[Whole, Whole]:
    """The factor held in each group, and the code that varies least in it: both `[T]`."""
    factor = generator.integers(sampler.num_factors, size=num)
    scale = sampler.spread[active]
    step = max(1, _PORTION // (size * len(sampler.spread)))
    least = [
        (sampler.draw(factor[start : start + step], size, generator)[:, :, active] / scale).var(1).argmin(1)
        for start in range(0, num, step)
    ]
    return factor, active[np.concatenate(least)]
