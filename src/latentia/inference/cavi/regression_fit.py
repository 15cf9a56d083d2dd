"""The posterior of a linear regression, and what it predicts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.distributions import Distribution, Normal

from latentia.distributions import StudentT
from latentia.inference.ascent import Ascent
from latentia.inference.cavi.blurred_student_t import BlurredStudentT
from latentia.inference.cavi.gamma_factor import GammaFactor
from latentia.inference.cavi.regression_data import RegressionData, Vector
from latentia.inference.matrix import real_matrix

Precision = float | GammaFactor
"""A precision that is known, or the beliefs about it."""


def mean_of(precision: Precision) -> float:
    """The precision itself, or its mean.

    Args:
        precision: Known, or beliefs.

    Returns:
        A positive number.
    """
    return precision.mean if isinstance(precision, GammaFactor) else precision


@dataclass(frozen=True, slots=True)
class RegressionFit:
    r"""q(w), or q(w, tau), with q(alpha) and q(tau).

    Attributes:
        data: The data it was fitted to, reduced.
        rotated: Mean of V'w, `[r]`.
        spread: Variance of every V'w, `[r]`; in units of 1/tau where `coupled`.
        spread_outside: The variance in the directions that x does not reach.
        weight_precision: alpha where it was known, or its factor.
        noise_precision: tau where it was known, or its factor.
        coupled: Whether w and tau are one factor.
        ascent: The bound after every sweep, in nats summed over rows.
    """

    data: RegressionData
    rotated: Vector
    spread: Vector
    spread_outside: float
    weight_precision: Precision
    noise_precision: Precision
    coupled: bool
    ascent: Ascent

    @property
    def mean(self) -> Tensor:
        """Of the weights, `[p]`."""
        return torch.from_numpy(self.data.basis @ self.rotated)

    @property
    def intercept(self) -> float:
        """The intercept at the mean of the weights; 0 without one."""
        return self.data.t_offset - float(self.data.x_offset @ self.mean)

    @property
    def scale(self) -> Tensor:
        """`[p, p]`: the covariance of the weights, or, where `coupled`, that times tau."""
        basis, outside = self.data.basis, self.spread_outside
        inside = (basis * (self.spread - outside)) @ basis.T
        return torch.from_numpy(inside + outside * np.eye(len(basis)))

    @property
    def covariance(self) -> Tensor:
        """Of the weights, `[p, p]`; where `coupled`, infinite up to one for twice the shape of tau's factor."""
        if not (self.coupled and isinstance(self.noise_precision, GammaFactor)):
            return self.scale
        shape, rate = self.noise_precision.shape, self.noise_precision.rate
        return self.scale * (rate / (shape - 1) if shape > 1 else torch.inf)

    def _at(self, x: Any) -> tuple[Tensor, Tensor]:
        """The mean of t and x' scale x for every row."""
        rows = (real_matrix(x, rows=0, columns=self.data.columns) - self.data.x_offset).numpy()
        inside = rows @ self.data.basis
        variance = np.square(inside) @ self.spread
        if len(self.spread) < self.data.columns:
            variance += self.spread_outside * np.square(rows - inside @ self.data.basis.T).sum(1)
        return torch.from_numpy(inside @ self.rotated + self.data.t_offset), torch.from_numpy(variance)

    def posterior_predictive(self, x: Any) -> Distribution:
        r"""p(t_new | x_new, data).

        Gaussian where the noise is known (equation 10.105); Student-t where weights and noise are coupled; a Student-t
        distribution blurred by the weights where they are independent.

        Args:
            x: `[M, p]`.

        Returns:
            Batch `[M]` over scalars.

        Raises:
            DataError: Another number of columns, or an entry that is not finite.
        """
        loc, variance = self._at(x)
        noise = self.noise_precision
        if not isinstance(noise, GammaFactor):
            return Normal(loc, (variance + 1 / noise).sqrt(), validate_args=False)
        df = loc.new_tensor(2 * noise.shape)
        if self.coupled:
            return StudentT(df, loc, ((1 + variance) / noise.mean).sqrt())
        return BlurredStudentT(df, loc, loc.new_tensor(noise.mean**-0.5), variance.sqrt())

    def sample_predictive(self, x: Any, n: int, generator: torch.Generator | None = None) -> Tensor:
        """Draws from p(t_new | x_new, data), each with weights and noise of its own.

        Args:
            x: `[M, p]`.
            n: How many for every row.
            generator: Where they come from; None for torch's own.

        Returns:
            `[n, M]`.

        Raises:
            DataError: Another number of columns, or an entry that is not finite.
        """
        loc, variance = self._at(x)
        noise = self.noise_precision
        normal = torch.randn(2, n, len(loc), generator=generator, dtype=torch.float64)
        if not isinstance(noise, GammaFactor):
            known: Tensor = loc + variance.sqrt() * normal[0] + noise**-0.5 * normal[1]
            return known
        shape = torch.full((n, len(loc)), noise.shape, dtype=torch.float64)
        root = (torch._standard_gamma(shape, generator=generator) / noise.rate).rsqrt()
        drawn: Tensor = loc + variance.sqrt() * (root if self.coupled else 1.0) * normal[0] + root * normal[1]
        return drawn
