"""Latent variables on the unit sphere: a von Mises-Fisher posterior head and the uniform prior."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.distributions import Distribution
from torch.nn.functional import normalize

from latentia.conditionals.protocol import Need, lacking
from latentia.distributions import UniformSphere, VonMisesFisher, at_least_float32, check_sphere, smooth_bound
from latentia.names import Domain


class VonMisesFisherHead(nn.Module):
    r"""A von Mises-Fisher distribution from features, over unit vectors of m coordinates.

    One linear map gives a vector, whose direction is the mean direction, and \(\log\kappa\), smoothly bounded so that
    \(\kappa\) lies between m/10 and \(e^{13}\). The lower bound costs 0.005 nats a coordinate and keeps training out of
    a trap: at first all mean directions are much alike, so the KL takes \(\kappa\) away, and a posterior that is as
    good as uniform tells neither decoder nor encoder which way to turn. At m/10 they still learn, and as the KL is the
    same for all directions, nothing holds these together.

    Args:
        features: Length of the feature vector.
        dim: m, the number of coordinates, at least 2. The sphere itself has one dimension less.

    Shapes:
        `[*lead, features]` to a distribution with batch `[*lead]` and event `[dim]`.

    Raises:
        ConfigurationError: Fewer than two coordinates.

    References:
        Davidson, Falorsi, De Cao, Kipf, Tomczak, Hyperspherical variational auto-encoders, 2018, arXiv:1804.00891,
        whose encoder has \(\kappa > 1\).

    >>> VonMisesFisherHead(4, 3)(torch.zeros(5, 4)).rsample().shape
    torch.Size([5, 3])
    """

    LEAST, HIGH = 0.1, 13.0
    provides: frozenset[Need] = lacking(Need.FACTORISED)
    domain: Domain = "sphere"

    def __init__(self, features: int, dim: int) -> None:
        super().__init__()
        self.event_shape = torch.Size([check_sphere(dim)])
        self.linear = nn.Linear(features, dim + 1)

    def forward(self, given: Tensor) -> Distribution:
        """q(z | features)."""
        dim = self.event_shape[0]
        direction, raw = at_least_float32(self.linear(given)).split([dim, 1], dim=-1)
        log_concentration = smooth_bound(math.log(dim) + raw[..., 0], math.log(self.LEAST * dim), self.HIGH)
        return VonMisesFisher(normalize(direction, dim=-1), log_concentration.exp())


class UniformSpherePrior(nn.Module):
    """The uniform distribution over unit vectors.

    Args:
        dim: m, the number of coordinates, at least 2.

    Raises:
        ConfigurationError: Fewer than two coordinates.

    >>> UniformSpherePrior(3)(torch.empty(0)).sample((2,)).norm(dim=-1).round(decimals=3)
    tensor([1., 1.])
    """

    provides: frozenset[Need] = lacking(Need.FACTORISED)
    domain: Domain = "sphere"
    exempt: ClassVar[Mapping[str, str]] = {
        "zero_temperature_is_deterministic_and_one_is_the_prior": "a uniform distribution has no spread to scale"
    }

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.event_shape = torch.Size([check_sphere(dim)])
        self.register_buffer("like", torch.zeros(()), persistent=False)
        self.like: Tensor

    def forward(self, given: Tensor) -> Distribution:
        """p(z); what is given is ignored."""
        return UniformSphere(self.event_shape[0], dtype=self.like.dtype, device=self.like.device)
