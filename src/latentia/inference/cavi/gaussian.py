"""The smallest case of coordinate ascent: a Gaussian with unknown mean and precision."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch.distributions import Distribution, Normal

from latentia.errors import DataError
from latentia.inference.ascent import Ascent, ascend
from latentia.inference.cavi.blurred_student_t import BlurredStudentT
from latentia.inference.cavi.gamma_factor import GammaFactor
from latentia.inference.cavi.normal_gamma import NormalGamma
from latentia.inference.matrix import real_vector


@dataclass(frozen=True, slots=True)
class GaussianFit:
    r"""q(mu) q(tau), which pretends that mean and precision are independent.

    Attributes:
        mean: Of q(mu), in the units of x.
        mean_precision: Of q(mu), \(\lambda_N\).
        precision: q(tau).
        prior: What it started from.
        ascent: The bound after every sweep, in nats summed over values.
    """

    mean: float
    mean_precision: float
    precision: GammaFactor
    prior: NormalGamma
    ascent: Ascent

    @property
    def q_mean(self) -> Normal:
        """q(mu)."""
        loc = torch.tensor(self.mean, dtype=torch.float64)
        return Normal(loc, loc.new_tensor(self.mean_precision**-0.5), validate_args=False)

    @property
    def q_precision(self) -> Distribution:
        """q(tau)."""
        shape = torch.tensor(self.precision.shape, dtype=torch.float64)
        return torch.distributions.Gamma(shape, shape.new_tensor(self.precision.rate), validate_args=False)

    def posterior_predictive(self) -> Distribution:
        """p(x_new) under q, over scalars; that of the exact posterior is `NormalGamma.posterior_predictive`."""
        loc = torch.tensor(self.mean, dtype=torch.float64)
        scale = loc.new_tensor(self.precision.mean**-0.5)
        blur = loc.new_tensor(self.mean_precision**-0.5)
        return BlurredStudentT(loc.new_tensor(2 * self.precision.shape), loc, scale, blur)


def fit_gaussian(
    x: Any, *, prior: NormalGamma | None = None, max_sweeps: int = 1000, tolerance: float = 1e-12
) -> GaussianFit:
    r"""\(q(\mu) q(\tau)\) for \(x_n \sim N(\mu, \tau^{-1})\) under a Normal-Gamma prior, by coordinate ascent.

    The exact posterior is known (`NormalGamma.posterior`), which is what makes this the place to see what independence
    costs: the bound stays below `NormalGamma.log_evidence` by KL(q || posterior).

    Args:
        x: `[N]`.
        prior: On mean and precision; worth one observation, from the data, where none is given.
        max_sweeps: The most sweeps.
        tolerance: Stop once a sweep gains less than this for every value, in nats.

    Returns:
        Both factors and the path of the bound.

    Raises:
        DataError: No values, values that are not finite, or (without a prior) all the same.
        ConfigurationError: No sweep, or a tolerance that is none.

    References:
        Bishop, Pattern recognition and machine learning, 2006, section 10.1.3; MacKay, Information theory, inference,
        and learning algorithms, 2003, section 33.5.

    >>> fit = fit_gaussian([1.0, 2.0, 4.0], prior=NormalGamma(0.0, 1.0, 1.0, 1.0))
    >>> fit.mean
    1.75
    """
    values = real_vector(x, "x")
    if len(values) == 0:
        raise DataError("x is empty; give at least one value")
    prior = NormalGamma.unit_information(values) if prior is None else prior
    n, kappa = len(values), prior.pseudo_count + len(values)
    exact = prior.posterior(values)
    # Equation 10.26: the mean does not depend on q(tau), and neither does the shape (10.29).
    mean, shape = exact.mean, exact.shape + 0.5
    precision = GammaFactor(prior.shape, prior.rate)
    mean_precision = kappa * precision.mean

    def sweep() -> float:
        nonlocal precision, mean_precision
        mean_precision = kappa * precision.mean  # 10.27
        # 10.30: at the mean the squares sum to twice (b_N - b_0) of the exact posterior.
        precision = GammaFactor(shape, exact.rate + kappa / mean_precision / 2)
        return bound()

    def bound() -> float:
        fitted = exact.rate - prior.rate
        log_joint = (
            n / 2 * (precision.mean_log - math.log(2 * math.pi))
            + (math.log(prior.pseudo_count) + precision.mean_log - math.log(2 * math.pi)) / 2
            - precision.mean * (fitted + kappa / mean_precision / 2)
        )
        entropy = (1 + math.log(2 * math.pi) - math.log(mean_precision)) / 2
        return log_joint + entropy - precision.kl(GammaFactor(prior.shape, prior.rate))

    ascent = ascend(sweep, max_sweeps=max_sweeps, tolerance=tolerance, rows=n)
    return GaussianFit(mean, mean_precision, precision, prior, ascent)
