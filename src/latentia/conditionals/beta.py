"""Latent variables in the unit interval."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.distributions import Distribution

from latentia.conditionals.checks import check_positive
from latentia.conditionals.protocol import EVERYTHING, Need
from latentia.distributions import at_least_float32, beta, smooth_bound
from latentia.names import Domain


class BetaHead(nn.Module):
    r"""Beta variables from features: \(\log a\) and \(\log b\), each smoothly bounded to (-2, 7).

    Both concentrations lie within (0.14, 1100), so that a variable can press against an end, and can be certain to one
    per cent.

    Args:
        features: Length of the feature vector.
        dim: Number of latent dimensions.

    Shapes:
        `[*lead, features]` to a distribution with batch `[*lead]` and event `[dim]`.

    References:
        Figurnov, Mohamed, Mnih, Implicit reparameterization gradients, 2018, arXiv:1805.08498.

    >>> BetaHead(4, 2)(torch.zeros(3, 4)).event_shape
    torch.Size([2])
    """

    LOW, HIGH = -2.0, 7.0
    provides: frozenset[Need] = EVERYTHING
    domain: Domain = "interval"

    def __init__(self, features: int, dim: int) -> None:
        super().__init__()
        self.event_shape = torch.Size([dim])
        self.linear = nn.Linear(features, 2 * dim)

    def forward(self, given: Tensor) -> Distribution:
        """q(z | features)."""
        raw = at_least_float32(self.linear(given))
        one, zero = smooth_bound(raw, self.LOW, self.HIGH).exp().chunk(2, dim=-1)
        return beta(one, zero)


class BetaPrior(nn.Module):
    """Independent Beta variables, symmetric about one half: Beta(c, c), at c = 1 the uniform distribution.

    Args:
        dim: Number of latent dimensions.
        concentration: c; below one the variables are drawn to both ends.

    Raises:
        ConfigurationError: A concentration that is not positive.
    """

    provides: frozenset[Need] = EVERYTHING
    domain: Domain = "interval"

    def __init__(self, dim: int, concentration: float = 1.0) -> None:
        super().__init__()
        check_positive(concentration=concentration)
        self.event_shape = torch.Size([dim])
        self.register_buffer("concentration", torch.full((dim,), float(concentration)), persistent=False)
        self.concentration: Tensor

    def forward(self, given: Tensor) -> Distribution:
        """p(z); what is given is ignored."""
        return beta(self.concentration, self.concentration)
