"""Heads that turn features into distributions over latent variables."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.distributions import Distribution

from latentia.conditionals.protocol import EVERYTHING, Conditional, Need, lacking
from latentia.distributions import PointMass, at_least_float32, normal, smooth_bound
from latentia.names import Domain


class DiagonalNormal(nn.Module):
    r"""A diagonal Gaussian from features: \(\mu = W_\mu h + b\), \(\log\sigma = \mathrm{bound}(W_\sigma h + c)\).

    One linear map gives both. log sigma is smoothly bounded to (-8, 8), that is the log-variance to (-16, 16), so an
    outlier cannot make the scale overflow and its gradient survives.

    Args:
        features: Length of the feature vector.
        dim: Number of latent dimensions.

    Shapes:
        `[*lead, features]` to a distribution with batch `[*lead]` and event `[dim]`.

    References:
        Kingma, Welling, Auto-encoding variational Bayes, 2014, arXiv:1312.6114, appendix C.

    >>> DiagonalNormal(4, 2)(torch.zeros(3, 4)).rsample().shape
    torch.Size([3, 2])
    """

    LOW, HIGH = -8.0, 8.0
    provides: frozenset[Need] = EVERYTHING
    domain: Domain = "real"

    def __init__(self, features: int, dim: int) -> None:
        super().__init__()
        self.event_shape = torch.Size([dim])
        self.linear = nn.Linear(features, 2 * dim)

    def forward(self, given: Tensor) -> Distribution:
        """q(z | features)."""
        loc, raw = at_least_float32(self.linear(given)).chunk(2, dim=-1)
        return normal(loc, smooth_bound(raw, self.LOW, self.HIGH).exp())


class PointMassHead(nn.Module):
    """A certain code from features: the encoder of a plain autoencoder.

    Args:
        features: Length of the feature vector.
        dim: Length of the code.
    """

    provides: frozenset[Need] = lacking(Need.DENSITY, Need.EVALUABLE, Need.FACTORISED)
    domain: Domain = "real"

    def __init__(self, features: int, dim: int) -> None:
        super().__init__()
        self.event_shape = torch.Size([dim])
        self.linear = nn.Linear(features, dim)

    def forward(self, given: Tensor) -> Distribution:
        """All the mass at one code."""
        return PointMass(at_least_float32(self.linear(given)))


class Through(nn.Module):
    """A conditional behind a network: `conditional(net(given))`.

    Args:
        net: Maps features to features.
        conditional: Maps those to a distribution.
    """

    def __init__(self, net: nn.Module, conditional: nn.Module) -> None:
        super().__init__()
        self.net, self.conditional = net, conditional
        self.event_shape = cast(torch.Size, conditional.event_shape)
        self.provides = cast(frozenset[Need], conditional.provides)
        self.domain = cast(Domain, conditional.domain)

    def forward(self, given: Tensor) -> Distribution:
        """The distribution given the network's output."""
        return cast(Conditional, self.conditional)(self.net(given))
