"""Gaussians whose dimensions are correlated: a full covariance, and a diagonal one with a few common factors."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor
from torch.distributions import Distribution, MultivariateNormal, constraints


class FullNormal(MultivariateNormal):
    """torch's multivariate Gaussian, drawn in full precision under autocast too. Build it with `full_normal`."""

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Draws `[*sample_shape, *batch, d]`."""
        with torch.autocast(self.loc.device.type, enabled=False):
            return super().rsample(torch.Size(sample_shape))


def full_normal(loc: Tensor, scale_tril: Tensor) -> FullNormal:
    r"""\(N(\mu, L L^\top)\).

    Args:
        loc: Mean, `[*batch, d]`.
        scale_tril: L, lower triangular with a positive diagonal, `[*batch, d, d]`.

    Returns:
        A distribution over vectors.
    """
    return FullNormal(loc, scale_tril=scale_tril, validate_args=False)


class FactorNormal(Distribution):
    r"""A Gaussian whose dimensions share a few factors, \(z = \mu + s (\epsilon + V \eta)\) with standard normal noise.

    Its covariance is \(S (I + V V^\top) S\), S = diag(s): a diagonal matrix and one of low rank, with the factors in
    units of each dimension's own spread. All costs are linear in d. torch's `LowRankMultivariateNormal` is the same
    family; it raises from inside a Cholesky decomposition where a parameter is not finite, and this lets a NaN through
    to the loss, where training names it.

    Args:
        loc: Means, `[*batch, d]`.
        scale: Spreads s, positive, `[*batch, d]`.
        loading: V, `[*batch, d, r]`.

    References:
        Ong, Nott, Smith, Gaussian variational approximation with a factor covariance structure, 2018,
        arXiv:1701.03208.

    >>> FactorNormal(torch.zeros(4, 3), torch.ones(4, 3), torch.ones(4, 3, 1)).variance[0]
    tensor([2., 2., 2.])
    """

    arg_constraints = {  # noqa: RUF012 -- torch's own protocol
        "loc": constraints.real_vector,
        "scale": constraints.independent(constraints.positive, 1),
        "loading": constraints.independent(constraints.real, 2),
    }
    has_rsample = True

    def __init__(self, loc: Tensor, scale: Tensor, loading: Tensor) -> None:
        self.loc, self.scale, self.loading = loc, scale, loading
        super().__init__(loc.shape[:-1], loc.shape[-1:], validate_args=False)

    @property
    def support(self) -> constraints.Constraint:
        """All real vectors."""
        return constraints.real_vector

    def expand(self, batch_shape: Any, _instance: Any = None) -> FactorNormal:
        """The same distribution with its batch broadcast to `batch_shape`."""
        shape = torch.Size(batch_shape)
        vector, matrix = shape + self.event_shape, shape + self.loading.shape[-2:]
        return FactorNormal(self.loc.expand(vector), self.scale.expand(vector), self.loading.expand(matrix))

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Draws `[*sample_shape, *batch, d]`, differentiable in all parameters."""
        shape = self._extended_shape(torch.Size(sample_shape))
        own = torch.randn(shape, dtype=self.loc.dtype, device=self.loc.device)
        common = torch.randn(shape[:-1] + self.loading.shape[-1:], dtype=self.loc.dtype, device=self.loc.device)
        return self.loc + self.scale * (own + (self.loading * common[..., None, :]).sum(-1))

    def _inner(self) -> Tensor:
        """The Cholesky factor of I + V'V, `[*batch, r, r]`."""
        with torch.autocast(self.loc.device.type, enabled=False):
            identity = torch.eye(self.loading.shape[-1], dtype=self.loc.dtype, device=self.loc.device)
            factor: Tensor = torch.linalg.cholesky_ex(identity + self.loading.mT @ self.loading).L
        return factor

    def _half_log_det(self, inner: Tensor) -> Tensor:
        return self.scale.log().sum(-1) + inner.diagonal(dim1=-2, dim2=-1).log().sum(-1)

    def log_prob(self, value: Tensor) -> Tensor:
        """Log-density of vectors `[*, d]`, in nats."""
        inner = self._inner()
        u = (value - self.loc) / self.scale
        # u'(I + VV')^-1 u = min over t of |u - V t|^2 + |t|^2: sums of squares, where Woodbury's formula subtracts.
        projected = (self.loading * u[..., None]).sum(-2)
        shape = torch.broadcast_shapes(projected.shape[:-1], inner.shape[:-2])
        t = torch.cholesky_solve(projected.expand(*shape, -1)[..., None], inner.expand(*shape, -1, -1))
        residual = u - (self.loading * t.mT).sum(-1)
        squared = residual.square().sum(-1) + t.square().sum((-2, -1))
        return -0.5 * (squared + self.event_shape[0] * math.log(2 * math.pi)) - self._half_log_det(inner)

    def entropy(self) -> Tensor:
        """Differential entropy, `[*batch]`, in nats."""
        return 0.5 * self.event_shape[0] * (1 + math.log(2 * math.pi)) + self._half_log_det(self._inner())

    @property
    def mean(self) -> Tensor:
        """The means."""
        return self.loc

    @property
    def variance(self) -> Tensor:
        """The variance of every dimension."""
        return self.scale.square() * (1 + self.loading.square().sum(-1))
