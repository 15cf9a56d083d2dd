"""What a prior, a posterior factor and a likelihood have in common, and what an objective may need of them."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

from torch import Tensor
from torch.distributions import Distribution


class Need(StrEnum):
    """A property that an objective can require of a model; each part declares which it has.

    A group has what its prior and its posterior both have. A property that only one of the two can lack
    (`REPARAMETERISED` and `MOMENTS` are the posterior's, `SAMPLES` the prior's) is declared by the other as given.
    """

    REPARAMETERISED = "reparameterised"
    """Posterior samples are differentiable in the posterior's parameters."""
    DENSITY = "density"
    """Prior and posterior have densities, so evidence bounds exist."""
    EVALUABLE = "density anywhere"
    """Those densities can be evaluated at any z, not only at a distribution's own draws."""
    FACTORISED = "independent latent dimensions"
    """Prior and posterior are products over latent dimensions."""
    MOMENTS = "moments"
    """The posterior's mean and variance are known."""
    SAMPLES = "samples from the prior"
    """The prior can be sampled."""
    ONE_GROUP = "one group"
    """The model has a single group of latent variables."""


class Conditional(Protocol):
    """A prior, a posterior factor or a likelihood: given a tensor, a distribution.

    The distribution's batch shape broadcasts to the lead `(K, B)`; the rest of its shape is one event.
    """

    def __call__(self, given: Tensor, /) -> Distribution:
        """The distribution given features `[*lead, F]`."""
        ...


EVERYTHING: frozenset[Need] = frozenset(Need) - {Need.ONE_GROUP}
"""What a part without any shortcoming provides (how many groups there are is the model's to say)."""


def lacking(*needs: Need) -> frozenset[Need]:
    """What a part provides that has everything but these.

    Args:
        needs: What it lacks.

    Returns:
        The rest.

    >>> Need.DENSITY in lacking(Need.FACTORISED)
    True
    """
    return EVERYTHING - frozenset(needs)
