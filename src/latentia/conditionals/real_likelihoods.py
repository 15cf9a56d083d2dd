"""Likelihoods for real data with heavier tails than a Gaussian's."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.distributions import Distribution, Independent, Laplace

from latentia.conditionals.likelihoods import GAIN, _ScaledHead
from latentia.distributions import StudentT, smooth_bound
from latentia.errors import ConfigurationError
from latentia.names import LikelihoodName, Scale, Space


class LaplaceHead(_ScaledHead):
    r"""A Laplace distribution around the network's output, \(e^{-|x - m|/b} / 2b\): absolute errors, not squared ones.

    Args:
        shape: Shape of one x.
        scale: Where b comes from, as for the Gaussian.
        initial: The fixed or the initial b, in the units of x; the standard deviation is b times the root of 2.

    References:
        Laplace, Mémoire sur la probabilité des causes par les évènements, 1774.
    """

    family: LikelihoodName = "laplace"
    space: Space = "real"
    LOW, HIGH = -8.0, 8.0

    def __init__(self, shape: Sequence[int], *, scale: Scale = "shared", initial: float = 1.0) -> None:
        super().__init__(shape, scale=scale, initial=initial)

    def forward(self, features: Tensor) -> Distribution:
        """p(x | features)."""
        loc, log_scale = self._location_and_log_scale(features)
        base = Laplace(loc, log_scale.exp().expand_as(loc), validate_args=False)
        return Independent(base, len(self.event_shape), validate_args=False)


class StudentTHead(_ScaledHead):
    r"""Student's t distribution around the network's output, for data with outliers.

    The degrees of freedom are one number for all dimensions: \(\nu = 2 + e^{b}\) with b smoothly bounded to (-4, 5).
    Above 2 there is a variance, which reconstructions, samples and the report speak of; beyond 150 the distribution is
    a Gaussian for all purposes.

    Args:
        shape: Shape of one x.
        scale: Where s comes from, as for the Gaussian.
        initial: The fixed or the initial s, in the units of x; the standard deviation is s sqrt(nu / (nu - 2)).
        freedom: Degrees of freedom, above 2; None learns them, starting near 8.

    Raises:
        ConfigurationError: Degrees of freedom that leave no variance.

    References:
        Takahashi, Iwata, Yamanaka, Yamada, Yagi, Student-t variational autoencoder for robust density estimation, 2018,
        doi:10.24963/ijcai.2018/374.
    """

    family: LikelihoodName = "student_t"
    space: Space = "real"
    LOW, HIGH = -8.0, 8.0
    LEAST, MOST, START = -4.0, 5.0, math.log(6.0)

    def __init__(
        self,
        shape: Sequence[int],
        *,
        scale: Scale = "shared",
        initial: float = 1.0,
        freedom: float | None = None,
    ) -> None:
        super().__init__(shape, scale=scale, initial=initial)
        if freedom is not None and not 2 < freedom < math.inf:
            raise ConfigurationError(
                f"freedom is {freedom:g}; Student's t has a variance above 2 degrees of freedom: give a number above "
                "2, or leave freedom out to learn it"
            )
        self.freedom = freedom
        if freedom is None:
            self.raw_freedom = nn.Parameter(torch.zeros(()))

    def forward(self, features: Tensor) -> Distribution:
        """p(x | features)."""
        loc, log_scale = self._location_and_log_scale(features)
        base = StudentT(self._degrees_of_freedom(loc), loc, log_scale.exp().expand_as(loc))
        return Independent(base, len(self.event_shape), validate_args=False)

    def _degrees_of_freedom(self, like: Tensor) -> Tensor:
        if self.freedom is not None:
            return torch.full((), self.freedom, dtype=like.dtype, device=like.device)
        return 2 + smooth_bound(self.START + GAIN * self.raw_freedom, self.LEAST, self.MOST).exp()
