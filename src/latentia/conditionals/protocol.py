"""What a prior, a posterior factor and a likelihood have in common, and what an objective may need of them."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

from torch import Tensor
from torch.distributions import Distribution


class Need(StrEnum):
    """A property that an objective can require of a model; each part declares which it has."""

    REPARAMETERISED = "reparameterised"
    """Posterior samples are differentiable in the posterior's parameters."""
    DENSITY = "density"
    """Prior and posterior have densities, so evidence bounds exist."""
    ONE_GROUP = "one group"
    """The model has a single group of latent variables."""


class Conditional(Protocol):
    """A prior, a posterior factor or a likelihood: given a tensor, a distribution.

    The distribution's batch shape broadcasts to the lead `(K, B)`; the rest of its shape is one event.
    """

    def __call__(self, given: Tensor, /) -> Distribution:
        """The distribution given features `[*lead, F]`."""
        ...


DENSE = frozenset({Need.REPARAMETERISED, Need.DENSITY})
