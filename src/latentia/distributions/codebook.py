"""Indices into a codebook: the uniform prior over them, and a code that is certain."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.distributions import Distribution, constraints


class UniformCodes(Distribution):
    """Every one of K codes with probability 1/K.

    Args:
        num_codes: K.
        batch_shape: Shape of the batch.
        device: Where its samples and densities are.

    >>> UniformCodes(4).log_prob(torch.tensor([0, 3])).exp()
    tensor([0.2500, 0.2500])
    """

    arg_constraints = {}  # noqa: RUF012 -- torch's own protocol
    has_rsample = False

    def __init__(
        self, num_codes: int, batch_shape: Sequence[int] = (), device: torch.device | str | None = None
    ) -> None:
        self.num_codes, self.device = num_codes, device
        super().__init__(torch.Size(batch_shape), validate_args=False)

    @property
    def support(self) -> constraints.Constraint:
        """0, ..., K - 1."""
        return constraints.integer_interval(0, self.num_codes - 1)

    def expand(self, batch_shape: Any, _instance: Any = None) -> UniformCodes:
        """The same distribution with another batch shape."""
        return UniformCodes(self.num_codes, torch.Size(batch_shape), self.device)

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Indices, `[*sample_shape, *batch]`."""
        return torch.randint(self.num_codes, self._extended_shape(torch.Size(sample_shape)), device=self.device)

    def log_prob(self, value: Tensor) -> Tensor:
        """-log K, elementwise."""
        return torch.full(value.shape, -math.log(self.num_codes), device=value.device)


class CertainCode(Distribution):
    """All the mass at one of K codes: what a vector quantiser's encoder returns.

    Args:
        index: The code, whole numbers in 0, ..., K - 1, any shape; this is the batch shape.
        num_codes: K.
    """

    arg_constraints = {}  # noqa: RUF012 -- torch's own protocol
    has_rsample = False

    def __init__(self, index: Tensor, num_codes: int) -> None:
        self.index, self.num_codes = index, num_codes
        super().__init__(index.shape, validate_args=False)

    @property
    def support(self) -> constraints.Constraint:
        """0, ..., K - 1."""
        return constraints.integer_interval(0, self.num_codes - 1)

    def expand(self, batch_shape: Any, _instance: Any = None) -> CertainCode:
        """The same codes with their batch broadcast to `batch_shape`."""
        return CertainCode(self.index.expand(torch.Size(batch_shape)), self.num_codes)

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """The code itself, `[*sample_shape, *batch]`."""
        return self.index.expand(self._extended_shape(torch.Size(sample_shape)))

    def log_prob(self, value: Tensor) -> Tensor:
        """Zero at the code, minus infinity elsewhere: it is a probability mass."""
        return torch.where(value == self.index, 0.0, -math.inf)

    @property
    def centre(self) -> Tensor:
        """The code."""
        return self.index
