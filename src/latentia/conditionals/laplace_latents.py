"""Laplace latent variables: a posterior head and a prior, both sharp at their centre and heavy in their tails."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.distributions import Distribution

from latentia.conditionals.protocol import EVERYTHING, Need
from latentia.distributions import at_least_float32, laplace, smooth_bound
from latentia.names import Domain


class DiagonalLaplace(nn.Module):
    r"""Independent Laplace distributions from features: m linear, log b linear and smoothly bounded to (-8, 8).

    Args:
        features: Length of the feature vector.
        dim: Number of latent dimensions.

    Shapes:
        `[*lead, features]` to a distribution with batch `[*lead]` and event `[dim]`.

    References:
        Kingma, Welling, Auto-encoding variational Bayes, 2014, arXiv:1312.6114, section 2.4 (any location-scale family
        has differentiable samples).

    >>> DiagonalLaplace(4, 2)(torch.zeros(3, 4)).rsample().shape
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
        return laplace(loc, smooth_bound(raw, self.LOW, self.HIGH).exp())


class LaplacePrior(nn.Module):
    r"""Independent Laplace distributions around zero, \(e^{-|z| / b} / 2b\) with \(b = 1/\sqrt 2\): unit variance.

    Args:
        dim: Number of latent dimensions.

    >>> LaplacePrior(3)(torch.empty(0)).variance
    tensor([1., 1., 1.])
    """

    provides: frozenset[Need] = EVERYTHING
    domain: Domain = "real"

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.event_shape = torch.Size([dim])
        self.register_buffer("zero", torch.zeros(dim), persistent=False)
        self.register_buffer("scale", torch.full((dim,), 0.5**0.5), persistent=False)
        self.zero: Tensor
        self.scale: Tensor

    def forward(self, given: Tensor) -> Distribution:
        """p(z); what is given is ignored."""
        return laplace(self.zero, self.scale)
