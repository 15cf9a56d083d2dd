"""Latent variables on the positive half-line."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.distributions import Distribution

from latentia.conditionals.checks import check_positive
from latentia.conditionals.protocol import EVERYTHING, Need
from latentia.distributions import at_least_float32, gamma, smooth_bound
from latentia.names import Domain


class GammaHead(nn.Module):
    r"""Gamma variables from features: log-mean \(\log m\) and log-concentration \(\log a\), rate a / m.

    Both are smoothly bounded: the mean to (e^-7, e^7), the concentration to (0.05, 1100), so that a variable has a
    spread between 3 % and 450 % of its mean. Below a concentration of one the density has its peak at zero.

    Args:
        features: Length of the feature vector.
        dim: Number of latent dimensions.

    Shapes:
        `[*lead, features]` to a distribution with batch `[*lead]` and event `[dim]`.

    References:
        Figurnov, Mohamed, Mnih, Implicit reparameterization gradients, 2018, arXiv:1805.08498.

    >>> bool((GammaHead(4, 2)(torch.zeros(3, 4)).rsample() > 0).all())
    True
    """

    MEAN = -7.0, 7.0
    CONCENTRATION = -3.0, 7.0
    provides: frozenset[Need] = EVERYTHING
    domain: Domain = "positive"

    def __init__(self, features: int, dim: int) -> None:
        super().__init__()
        self.event_shape = torch.Size([dim])
        self.linear = nn.Linear(features, 2 * dim)

    def forward(self, given: Tensor) -> Distribution:
        """q(z | features)."""
        raw_mean, raw_concentration = at_least_float32(self.linear(given)).chunk(2, dim=-1)
        log_mean = smooth_bound(raw_mean, *self.MEAN)
        log_concentration = smooth_bound(raw_concentration, *self.CONCENTRATION)
        return gamma(log_concentration.exp(), (log_concentration - log_mean).exp())


class GammaPrior(nn.Module):
    """Independent Gamma variables with mean one, Gamma(a, a): at a = 1 the exponential distribution.

    Args:
        dim: Number of latent dimensions.
        concentration: a; the variance is 1 / a. Below one the variables are sparse.

    Raises:
        ConfigurationError: A concentration that is not positive.
    """

    provides: frozenset[Need] = EVERYTHING
    domain: Domain = "positive"

    def __init__(self, dim: int, concentration: float = 1.0) -> None:
        super().__init__()
        check_positive(concentration=concentration)
        self.event_shape = torch.Size([dim])
        self.register_buffer("concentration", torch.full((dim,), float(concentration)), persistent=False)
        self.concentration: Tensor

    def forward(self, given: Tensor) -> Distribution:
        """p(z); what is given is ignored."""
        return gamma(self.concentration, self.concentration)
