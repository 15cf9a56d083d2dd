"""A posterior factor whose divergence from its prior must be sampled."""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import Tensor
from torch.distributions import Distribution, constraints

from latentia.distributions.operations import factor_means


class Coupled(Distribution):
    r"""q(z|x) where the condition u of p(z|u) is itself inferred from z.

    The mean of \(\log q(z|x) - \log p(z|u)\) is over z and u together. \(KL(q(z|x) \| p(z|u))\) averages over a z that
    has nothing to do with u: it is another number, on either side of the right one, closed form though it has. So this
    distribution has the draws, densities and moments of q and no closed-form divergence; the sampled difference takes
    its place.

    Args:
        factor: q(z|x).

    >>> from latentia.distributions import kl, normal
    >>> q, p, z = normal(torch.zeros(1), torch.ones(1)), normal(torch.ones(1), torch.ones(1)), torch.tensor([0.5])
    >>> float(kl(q, p, z)), float(kl(Coupled(q), p, z))
    (0.5, 0.0)
    """

    arg_constraints = {}  # noqa: RUF012 -- torch's own protocol

    def __init__(self, factor: Distribution) -> None:
        self.factor = factor
        super().__init__(factor.batch_shape, factor.event_shape, validate_args=False)

    @property
    def has_rsample(self) -> bool:  # type: ignore[override] # torch declares it as a plain attribute
        """As the factor."""
        return self.factor.has_rsample

    @property
    def support(self) -> constraints.Constraint:
        """That of the factor."""
        return cast(constraints.Constraint, self.factor.support)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Coupled:
        """The same with its batch broadcast to `batch_shape`."""
        return Coupled(self.factor.expand(torch.Size(batch_shape)))

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Draws of the factor."""
        return self.factor.rsample(torch.Size(sample_shape))

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Draws of the factor, without gradients."""
        return self.factor.sample(torch.Size(sample_shape))

    def log_prob(self, value: Tensor) -> Tensor:
        """Log-density of the factor."""
        return self.factor.log_prob(value)

    @property
    def centre(self) -> Tensor:
        """What stands for the factor: its mean, or its own centre."""
        return factor_means(self.factor, self.batch_shape)

    @property
    def mean(self) -> Tensor:
        """The factor's mean."""
        return self.factor.mean

    @property
    def variance(self) -> Tensor:
        """The factor's variance."""
        return self.factor.variance
