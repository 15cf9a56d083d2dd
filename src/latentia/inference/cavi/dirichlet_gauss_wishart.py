"""The conjugate family of a Gaussian mixture: its prior is one of these, and so is its variational posterior."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from functools import cached_property

import torch
from torch import Tensor
from torch.distributions import Categorical, Distribution, MixtureSameFamily

from latentia.distributions import MultivariateStudentT


@dataclass(frozen=True)
class DirichletGaussWishart:
    r"""\(Dir(\pi | \alpha) \prod_k N(\mu_k | m_k, (\beta_k \Lambda_k)^{-1}) \, W(\Lambda_k | W_k, \nu_k)\).

    Attributes:
        concentration: alpha, positive, `[*batch, K]`.
        mean: m, `[*batch, K, D]`.
        mean_precision: beta, positive, `[*batch, K]`.
        freedom: nu, above D - 1, `[*batch, K]`.
        inverse_scale: \(W^{-1}\), positive definite, `[*batch, K, D, D]`; the mean of \(\Lambda\) is \(\nu W\).

    References:
        Bishop, Pattern recognition and machine learning, 2006, section 10.2 and appendix B.
    """

    concentration: Tensor
    mean: Tensor
    mean_precision: Tensor
    freedom: Tensor
    inverse_scale: Tensor

    def __getitem__(self, index: Tensor | int | None) -> DirichletGaussWishart:
        """The same beliefs for a part of the batch, or with a batch of one."""
        return DirichletGaussWishart(*(getattr(self, field.name)[index] for field in fields(self)))

    def shifted(self, offset: Tensor) -> DirichletGaussWishart:
        """The beliefs in coordinates x + offset.

        Args:
            offset: `[D]`.

        Returns:
            The same but for the means.
        """
        return replace(self, mean=self.mean + offset)

    def permuted(self, order: Tensor) -> DirichletGaussWishart:
        """The components in another order.

        Args:
            order: `[K]`, for beliefs without a batch.

        Returns:
            The same beliefs.
        """
        return self[order]

    @property
    def dim(self) -> int:
        """D."""
        return self.mean.shape[-1]

    @cached_property
    def factor(self) -> Tensor:
        """L with W^-1 = L L', `[*batch, K, D, D]`."""
        lower: Tensor = torch.linalg.cholesky(self.inverse_scale)
        return lower

    @cached_property
    def whitener(self) -> Tensor:
        """L^-1, so that |L^-1 v|^2 = v'W v."""
        eye = torch.eye(self.dim, dtype=self.mean.dtype, device=self.mean.device)
        inverse: Tensor = torch.linalg.solve_triangular(self.factor, eye, upper=False)
        return inverse

    @cached_property
    def log_det_scale(self) -> Tensor:
        """log|W|, `[*batch, K]`."""
        return -2 * self.factor.diagonal(dim1=-2, dim2=-1).log().sum(-1)

    @cached_property
    def expected_log_weight(self) -> Tensor:
        """E log pi, `[*batch, K]` (equation 10.66)."""
        return self.concentration.digamma() - self.concentration.sum(-1, keepdim=True).digamma()

    @cached_property
    def expected_log_det(self) -> Tensor:
        """E log|Lambda|, `[*batch, K]` (equation 10.65)."""
        return self._halves.digamma().sum(-1) + self.dim * math.log(2) + self.log_det_scale

    @cached_property
    def _halves(self) -> Tensor:
        steps = torch.arange(self.dim, dtype=self.mean.dtype, device=self.mean.device)
        return (self.freedom[..., None] - steps) / 2

    @cached_property
    def log_normaliser(self) -> Tensor:
        """Log B(W, nu) of every Wishart density, `[*batch, K]` (equation B.79)."""
        d = self.dim
        gammas = torch.lgamma(self._halves).sum(-1) + d * (d - 1) / 4 * math.log(math.pi)
        return -self.freedom / 2 * (self.log_det_scale + d * math.log(2)) - gammas

    def kl(self, other: DirichletGaussWishart) -> Tensor:
        """KL(self || other), over weights, means and precisions together.

        Args:
            other: Of the same K and D.

        Returns:
            `[*batch]`, in nats.
        """
        return self._dirichlet_kl(other) + (self._gauss_kl(other) + self._wishart_kl(other)).sum(-1)

    def _dirichlet_kl(self, other: DirichletGaussWishart) -> Tensor:
        own, its = self.concentration, other.concentration
        normalisers = torch.lgamma(own.sum(-1)) - torch.lgamma(its.sum(-1))
        rest = torch.lgamma(its) - torch.lgamma(own) + (own - its) * self.expected_log_weight
        return normalisers + rest.sum(-1)

    def _gauss_kl(self, other: DirichletGaussWishart) -> Tensor:
        """The mean over Lambda of the divergence between the Gaussians of mu."""
        ratio = other.mean_precision / self.mean_precision
        moved = (self.whitener @ (self.mean - other.mean)[..., None]).square().sum((-2, -1))
        return (self.dim * (ratio - 1 - ratio.log()) + other.mean_precision * self.freedom * moved) / 2

    def _wishart_kl(self, other: DirichletGaussWishart) -> Tensor:
        trace = (self.whitener @ other.factor).square().sum((-2, -1))  # tr(W0^-1 W)
        expected = (self.freedom - other.freedom) * self.expected_log_det + self.freedom * (trace - self.dim)
        return expected / 2 + self.log_normaliser - other.log_normaliser

    def posterior_predictive(self) -> Distribution:
        """p(x_new) under these beliefs, a mixture of Student-t distributions (equations 10.81 and 10.82).

        Returns:
            Batch `[*batch]` over vectors `[D]`.
        """
        freedom = self.freedom + 1 - self.dim
        scale = ((1 + self.mean_precision) / (self.mean_precision * freedom)).sqrt()
        parts = MultivariateStudentT(freedom, self.mean, scale[..., None, None] * self.factor)
        weights = Categorical(probs=self.concentration, validate_args=False)
        return MixtureSameFamily(weights, parts, validate_args=False)
