"""Priors: conditionals that need not look at what they are given."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.distributions import Distribution

from latentia.conditionals.protocol import EVERYTHING, Need, lacking
from latentia.distributions import Flat, mixture_of_normals, normal, smooth_bound
from latentia.names import Domain


class StandardNormal(nn.Module):
    """N(0, I).

    Args:
        dim: Number of latent dimensions.

    >>> StandardNormal(3)(torch.empty(0)).event_shape
    torch.Size([3])
    """

    provides: frozenset[Need] = EVERYTHING
    domain: Domain = "real"

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.event_shape = torch.Size([dim])
        self.register_buffer("zero", torch.zeros(dim), persistent=False)
        self.register_buffer("one", torch.ones(dim), persistent=False)
        self.zero: Tensor
        self.one: Tensor

    def forward(self, given: Tensor) -> Distribution:
        """p(z); what is given is ignored."""
        return normal(self.zero, self.one)


class MixturePrior(nn.Module):
    r"""A learned mixture of diagonal Gaussians, \(p(z) = \sum_c \pi_c N(\mu_c, diag(\sigma_c^2))\).

    Means start spread like the standard normal so that the components differ from the first step.

    Args:
        dim: Number of latent dimensions.
        components: Number of Gaussians.

    References:
        Dilokthanakul and others, Deep unsupervised clustering with Gaussian mixture variational autoencoders, 2016,
        arXiv:1611.02648; Tomczak, Welling, VAE with a VampPrior, 2018, arXiv:1705.07120 (as a baseline).
    """

    LOW, HIGH = -5.0, 5.0
    provides: frozenset[Need] = lacking(Need.FACTORISED)
    domain: Domain = "real"

    def __init__(self, dim: int, components: int) -> None:
        super().__init__()
        self.event_shape = torch.Size([dim])
        self.logits = nn.Parameter(torch.zeros(components))
        self.loc = nn.Parameter(torch.randn(components, dim))
        self.raw_log_scale = nn.Parameter(torch.zeros(components, dim))

    def forward(self, given: Tensor) -> Distribution:
        """p(z); what is given is ignored."""
        scale = smooth_bound(self.raw_log_scale, self.LOW, self.HIGH).exp()
        return mixture_of_normals(self.logits, self.loc, scale)


class FlatPrior(nn.Module):
    """No prior: the improper flat density of a plain autoencoder, which cannot be sampled.

    Args:
        dim: Length of the code.
    """

    provides: frozenset[Need] = lacking(Need.DENSITY, Need.EVALUABLE, Need.FACTORISED, Need.SAMPLES)
    domain: Domain = "real"

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.event_shape = torch.Size([dim])

    def forward(self, given: Tensor) -> Distribution:
        """The flat density."""
        return Flat(self.event_shape)
