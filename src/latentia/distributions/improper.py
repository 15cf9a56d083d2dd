"""The flat prior: 'anything goes', which a plain autoencoder assumes about its codes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.distributions import Distribution, constraints

from latentia.errors import CompatibilityError


class Flat(Distribution):
    """The improper uniform density over all real vectors: `log_prob` is zero, and there is nothing to sample from.

    Args:
        event_shape: Shape of one vector.
        batch_shape: Shape of the batch.
    """

    arg_constraints = {}  # noqa: RUF012 -- torch's own protocol
    has_rsample = False

    def __init__(self, event_shape: torch.Size, batch_shape: Sequence[int] = ()) -> None:
        super().__init__(torch.Size(batch_shape), event_shape, validate_args=False)

    @property
    def support(self) -> constraints.Constraint:
        """All real vectors."""
        return constraints.independent(constraints.real, len(self.event_shape))

    def expand(self, batch_shape: Any, _instance: Any = None) -> Flat:
        """The same prior with another batch shape."""
        return Flat(self.event_shape, torch.Size(batch_shape))

    def log_prob(self, value: Tensor) -> Tensor:
        """Zero everywhere, in the shape of the batch."""
        return value.new_zeros(value.shape[: value.dim() - len(self.event_shape)])

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Refused: a flat prior cannot be sampled.

        Raises:
            CompatibilityError: Always.
        """
        raise CompatibilityError(
            "this model has no prior over its codes (an autoencoder's prior is flat), so nothing can be sampled from "
            "it; fit a density to its codes (latentia sample RUN --density mixture, or run.with_density()), or use a "
            "recipe with a prior (such as vae)"
        )
