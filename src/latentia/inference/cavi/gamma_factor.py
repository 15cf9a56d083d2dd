"""A Gamma distribution over one precision, as the prior and the posterior factor of coordinate ascent."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import torch

from latentia.errors import ConfigurationError


@cache
def digamma(x: float) -> float:
    """The derivative of log Gamma at one number.

    Args:
        x: Positive.

    Returns:
        The value.
    """
    return float(torch.digamma(torch.tensor(x, dtype=torch.float64)))


@dataclass(frozen=True, slots=True)
class GammaFactor:
    r"""\(Gam(\tau | a, b) \propto \tau^{a-1} e^{-b\tau}\).

    Attributes:
        shape: a, positive.
        rate: b, positive, in the units of 1/tau.

    Raises:
        ConfigurationError: A shape or a rate that is no finite number above zero.

    >>> GammaFactor(4.0, 2.0).mean
    2.0
    """

    shape: float
    rate: float

    def __post_init__(self) -> None:
        for name, value in (("shape", self.shape), ("rate", self.rate)):
            if not (value > 0 and math.isfinite(value)):
                raise ConfigurationError(
                    f"the {name} of a Gamma distribution is {value:g}; it is a finite number above zero "
                    "(a small one, such as 1e-6, says little)"
                )

    @property
    def mean(self) -> float:
        """a/b."""
        return self.shape / self.rate

    @property
    def mean_log(self) -> float:
        """E log tau, psi(a) - log b."""
        return digamma(self.shape) - math.log(self.rate)

    def kl(self, other: GammaFactor) -> float:
        """KL(self || other) in nats.

        Args:
            other: Any other.

        Returns:
            A number, zero or more.
        """
        normalisers = math.lgamma(other.shape) - math.lgamma(self.shape)
        scale = math.log(self.rate) - math.log(other.rate)
        shapes = (self.shape - other.shape) * digamma(self.shape)
        return normalisers + other.shape * scale + shapes + self.shape * (other.rate / self.rate - 1)
