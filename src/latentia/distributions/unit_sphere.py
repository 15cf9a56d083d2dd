"""The unit sphere: its vectors as a support, its area, and the uniform distribution over it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.distributions import Distribution, constraints
from torch.nn.functional import normalize

from latentia.errors import ConfigurationError


class _UnitVectors(constraints.Constraint):
    event_dim = 1

    def check(self, value: Tensor) -> Tensor:
        eps = torch.finfo(value.dtype).eps
        near: Tensor = (value.norm(dim=-1) - 1).abs() < 10 * eps * value.shape[-1] ** 0.5
        return near


unit_vectors = _UnitVectors()
"""The unit sphere, as a support."""


def check_sphere(dim: int) -> int:
    """Refuse a sphere that is no more than two points.

    Args:
        dim: m, the number of ambient coordinates.

    Returns:
        The same.

    Raises:
        ConfigurationError: Fewer than two coordinates.
    """
    if dim < 2:
        raise ConfigurationError(
            f"a latent sphere in {dim} dimension(s) is no more than two points; latent_dim must be at least 2 "
            "(2 is a circle, 3 the ordinary sphere)"
        )
    return dim


def log_area(dim: int) -> float:
    r"""The logarithm of the area of the unit sphere in R^m, \(2 \pi^{m/2} / \Gamma(m/2)\).

    Args:
        dim: m.

    Returns:
        Its logarithm.

    >>> round(math.exp(log_area(3)) / math.pi, 12)
    4.0
    """
    return math.log(2) + dim / 2 * math.log(math.pi) - math.lgamma(dim / 2)


class UniformSphere(Distribution):
    """The uniform distribution over unit vectors of R^m.

    Args:
        dim: m, the number of ambient coordinates, at least 2.
        batch_shape: Shape of the batch.
        dtype: Of the samples.
        device: Of the samples.

    References:
        Davidson, Falorsi, De Cao, Kipf, Tomczak, Hyperspherical variational auto-encoders, 2018, arXiv:1804.00891.
    """

    arg_constraints = {}  # noqa: RUF012 -- torch's own protocol
    has_rsample = True

    def __init__(
        self,
        dim: int,
        batch_shape: Sequence[int] = (),
        *,
        dtype: torch.dtype | None = None,
        device: torch.device | None = None,
    ) -> None:
        self.dim, self.dtype, self.device = check_sphere(dim), dtype, device
        super().__init__(torch.Size(batch_shape), torch.Size([dim]), validate_args=False)

    @property
    def support(self) -> constraints.Constraint:
        """Unit vectors."""
        return unit_vectors

    def expand(self, batch_shape: Any, _instance: Any = None) -> UniformSphere:
        """The same distribution with another batch shape."""
        return UniformSphere(self.dim, torch.Size(batch_shape), dtype=self.dtype, device=self.device)

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Draws `[*sample_shape, *batch, m]`."""
        shape = self._extended_shape(torch.Size(sample_shape))
        return normalize(torch.randn(shape, dtype=self.dtype, device=self.device), dim=-1)

    def log_prob(self, value: Tensor) -> Tensor:
        """The same log-density everywhere, one over the area of the sphere, in nats."""
        shape = torch.broadcast_shapes(value.shape[:-1], self.batch_shape)
        return value.new_full(shape, -log_area(self.dim))

    def entropy(self) -> Tensor:
        """The logarithm of the area, `[*batch]`."""
        return torch.full(self.batch_shape, log_area(self.dim), dtype=self.dtype, device=self.device)

    @property
    def mean(self) -> Tensor:
        """Zero, the middle of the sphere."""
        return torch.zeros(self.batch_shape + self.event_shape, dtype=self.dtype, device=self.device)

    @property
    def variance(self) -> Tensor:
        """1/m for every coordinate."""
        return torch.full_like(self.mean, 1 / self.dim)
