"""The exact posterior of a Gaussian with unknown mean and precision."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch

from latentia.conditionals.checks import check_positive
from latentia.distributions import StudentT
from latentia.errors import DataError
from latentia.inference.matrix import constant_columns, real_vector


@dataclass(frozen=True, slots=True)
class NormalGamma:
    r"""\(N(\mu | m, (\kappa\tau)^{-1}) \, Gam(\tau | a, b)\), conjugate to \(N(x | \mu, \tau^{-1})\).

    Attributes:
        mean: m, in the units of x.
        pseudo_count: kappa, how many observations the belief about mu is worth.
        shape: a.
        rate: b, in squared units of x.

    Raises:
        ConfigurationError: A count, shape or rate that is no finite number above zero.

    References:
        Bishop, Pattern recognition and machine learning, 2006, sections 2.3.6 and 10.1.3.

    >>> NormalGamma(0.0, 1.0, 1.0, 1.0).posterior([1.0, 1.0])
    NormalGamma(mean=0.6666666666666666, pseudo_count=3.0, shape=2.0, rate=1.3333333333333333)
    """

    mean: float
    pseudo_count: float
    shape: float
    rate: float

    def __post_init__(self) -> None:
        check_positive(pseudo_count=self.pseudo_count, shape=self.shape, rate=self.rate)

    @staticmethod
    def unit_information(x: Any) -> NormalGamma:
        """A prior centred on the data and worth one observation.

        Args:
            x: `[N]`, at least two values.

        Returns:
            The mean of x, one pseudo-observation, and half of one for the precision with the variance of x.

        Raises:
            DataError: Too few values, values that are not finite, or all the same.

        References:
            Kass, Wasserman, A reference Bayesian test for nested hypotheses, 1995, doi:10.1080/01621459.1995.10476592.
        """
        values = real_vector(x, "x")
        if len(values) < 2 or constant_columns(values[:, None]):
            raise DataError(f"x has {len(values)} value(s) without any spread; give two that differ, or give a prior")
        return NormalGamma(float(values.mean()), 1.0, 0.5, float(values.var(correction=0)) / 2)

    def posterior(self, x: Any) -> NormalGamma:
        """p(mu, tau | x), exactly.

        Args:
            x: `[N]`.

        Returns:
            The beliefs after x.

        Raises:
            DataError: No vector, or values that are not finite.
        """
        values = real_vector(x, "x")
        n = len(values)
        if n == 0:
            return self
        sample_mean = float(values.mean())
        kappa = self.pseudo_count + n
        within = float((values - sample_mean).square().sum())
        between = self.pseudo_count * n / kappa * (sample_mean - self.mean) ** 2
        mean = self.mean + n / kappa * (sample_mean - self.mean)
        return NormalGamma(mean, kappa, self.shape + n / 2, self.rate + (within + between) / 2)

    def log_evidence(self, x: Any) -> float:
        """Log p(x) with mu and tau integrated out.

        Args:
            x: `[N]`.

        Returns:
            One number, in nats.

        Raises:
            DataError: No vector, or values that are not finite.
        """
        after = self.posterior(x)
        gammas = math.lgamma(after.shape) - math.lgamma(self.shape)
        rates = self.shape * math.log(self.rate) - after.shape * math.log(after.rate)
        counts = math.log(self.pseudo_count / after.pseudo_count) / 2
        return gammas + rates + counts - (after.shape - self.shape) * math.log(2 * math.pi)

    def posterior_predictive(self) -> StudentT:
        """p(x_new) under these beliefs, a scalar Student-t distribution."""
        scale = math.sqrt(self.rate * (self.pseudo_count + 1) / (self.shape * self.pseudo_count))
        df, loc, spread = (torch.tensor(v, dtype=torch.float64) for v in (2 * self.shape, self.mean, scale))
        return StudentT(df, loc, spread)
