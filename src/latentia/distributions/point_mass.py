"""All the mass at one point: what an autoencoder's encoder returns."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.distributions import Distribution, constraints

from latentia.errors import CompatibilityError


class PointMass(Distribution):
    """The distribution of a vector that is certain.

    It samples, differentiably, and has moments, but no density: asking for `log_prob` is refused, because a bound
    computed with one would be meaningless (this is how a plain autoencoder's 'ELBO' goes wrong).

    Args:
        loc: The point, `[*batch, *event]`.
        event_dims: How many trailing dimensions form one event.
    """

    arg_constraints = {"loc": constraints.real}  # noqa: RUF012 -- torch's own protocol
    has_rsample = True

    def __init__(self, loc: Tensor, event_dims: int = 1) -> None:
        self.loc = loc
        split = loc.dim() - event_dims
        super().__init__(loc.shape[:split], loc.shape[split:], validate_args=False)

    @property
    def support(self) -> constraints.Constraint:
        """All real vectors."""
        return constraints.independent(constraints.real, len(self.event_shape))

    def expand(self, batch_shape: Any, _instance: Any = None) -> PointMass:
        """The same point with its batch broadcast to `batch_shape`."""
        return PointMass(self.loc.expand(torch.Size(batch_shape) + self.event_shape), len(self.event_shape))

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """The point itself, `[*sample_shape, *batch, *event]`."""
        return self.loc.expand(self._extended_shape(torch.Size(sample_shape)))

    def log_prob(self, value: Tensor) -> Tensor:
        """Refused: a point mass has no density.

        Raises:
            CompatibilityError: Always.
        """
        raise CompatibilityError(
            "the posterior is a point mass and has no density, so no evidence bound exists for this model; "
            "use a recipe with a distribution as its posterior (such as vae), or measure its reconstruction error"
        )

    @property
    def mean(self) -> Tensor:
        """The point."""
        return self.loc

    @property
    def variance(self) -> Tensor:
        """Zero."""
        return torch.zeros_like(self.loc)
