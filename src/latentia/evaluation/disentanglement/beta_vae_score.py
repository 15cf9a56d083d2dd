"""The score of the beta-VAE paper: can a linear classifier tell which factor two examples share?"""

from __future__ import annotations

import numpy as np

from latentia.errors import ConfigurationError, DataError
from latentia.evaluation.disentanglement.inputs import Numbers, Whole
from latentia.evaluation.disentanglement.shared_factor import SharedFactor

_PORTION = 2**22
_STEPS = 1000


def beta_vae_score(
    sampler: SharedFactor, *, pairs: int = 64, train: int = 10_000, test: int = 5_000, seed: int = 0
) -> float:
    r"""The accuracy of a linear classifier of the shared factor from \(\frac1L \sum_l |z_l^{(1)} - z_l^{(2)}|\).

    Each of L pairs shares the value of the same factor, but one of its own; all others are drawn anew. The classifier
    is a logistic regression on differences divided by the spread of each code.

    Args:
        sampler: Of examples that share a factor.
        pairs: L for each point of the classifier; published tables have 64.
        train: Points to learn from.
        test: Points to judge by.
        seed: Of all draws.

    Returns:
        Between 0 and 1; 1 / F is chance.

    Raises:
        DataError: A single factor.
        ConfigurationError: Numbers below 1.

    References:
        Higgins, Matthey, Pal, Burgess, Glorot, Botvinick, Mohamed, Lerchner, beta-VAE: learning basic visual concepts
        with a constrained variational framework, 2017, International Conference on Learning Representations, appendix
        A.4; Locatello and others, 2019, arXiv:1811.12359, for the numbers.
    """
    from sklearn.linear_model import LogisticRegression

    check_counts(sampler, pairs=pairs, train=train, test=test)
    generator = np.random.default_rng(seed)
    x, y = _points(sampler, pairs, train, generator)
    if len(np.unique(y)) < 2:
        raise ConfigurationError(f"{train} points to learn from share one factor only; give more")
    model = LogisticRegression(max_iter=_STEPS).fit(x, y)
    return float(model.score(*_points(sampler, pairs, test, generator)))


def check_counts(sampler: SharedFactor, **counts: int) -> None:
    """Refuse a sampler of one factor, and numbers below one.

    Args:
        sampler: Of examples that share a factor.
        **counts: Name to number.

    Raises:
        DataError: A single factor.
        ConfigurationError: A number below 1.
    """
    if sampler.num_factors < 2:
        raise DataError("which factor is shared cannot be asked where there is only one; give two or more")
    if wrong := [f"{name} is {value}" for name, value in counts.items() if value < 1]:
        raise ConfigurationError(f"{wrong[0]}; it must be at least 1")


def _points(sampler: SharedFactor, pairs: int, num: int, generator: np.random.Generator) -> tuple[Numbers, Whole]:
    factor = generator.integers(sampler.num_factors, size=num)
    scale = np.where(sampler.spread > 0, sampler.spread, 1.0)
    step = max(1, _PORTION // (pairs * len(scale)))
    points = []
    for start in range(0, num, step):
        shared = np.repeat(factor[start : start + step], pairs)
        z = sampler.draw(shared, 2, generator)
        points.append(np.abs(z[:, 0] - z[:, 1]).reshape(-1, pairs, len(scale)).mean(1) / scale)
    return np.concatenate(points), factor
