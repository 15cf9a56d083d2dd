"""Student's t distribution over vectors: what a Gaussian becomes once its mean and precision are integrated out."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor
from torch.distributions import Distribution, constraints


class MultivariateStudentT(Distribution):
    r"""\(p(x) \propto (1 + |L^{-1}(x - m)|^2 / \nu)^{-(\nu + d)/2}\), a Gaussian whose scale is itself uncertain.

    Args:
        df: Degrees of freedom nu, positive, `[*batch]`; a mean exists above 1 and a covariance above 2.
        loc: Locations m, `[*batch, d]`.
        scale_tril: L, lower triangular with a positive diagonal, `[*batch, d, d]`; where there is a covariance, it is
            \(L L^\top \nu / (\nu - 2)\).

    References:
        Kotz, Nadarajah, Multivariate t distributions and their applications, 2004, doi:10.1017/CBO9780511550683;
        Bishop, Pattern recognition and machine learning, 2006, section 2.3.7.

    >>> t = MultivariateStudentT(torch.tensor(1.0), torch.zeros(1), torch.eye(1))
    >>> t.log_prob(torch.zeros(1)).exp()  # Cauchy: 1 / pi
    tensor(0.3183)
    """

    arg_constraints = {  # noqa: RUF012 -- torch's own protocol
        "df": constraints.positive,
        "loc": constraints.real_vector,
        "scale_tril": constraints.lower_cholesky,
    }
    has_rsample = False

    def __init__(self, df: Tensor, loc: Tensor, scale_tril: Tensor) -> None:
        batch = torch.broadcast_shapes(df.shape, loc.shape[:-1], scale_tril.shape[:-2])
        self.df = df.expand(batch)
        self.loc = loc.expand(batch + loc.shape[-1:])
        self.scale_tril = scale_tril.expand(batch + scale_tril.shape[-2:])
        super().__init__(batch, loc.shape[-1:], validate_args=False)

    @property
    def support(self) -> constraints.Constraint:
        """All real vectors."""
        return constraints.real_vector

    def expand(self, batch_shape: Any, _instance: Any = None) -> MultivariateStudentT:
        """The same distribution with its batch broadcast to `batch_shape`."""
        shape = torch.Size(batch_shape)
        d = self.event_shape
        return MultivariateStudentT(
            self.df.expand(shape), self.loc.expand(shape + d), self.scale_tril.expand(shape + d + d)
        )

    def log_prob(self, value: Tensor) -> Tensor:
        """Log-density of vectors `[*, d]`, in nats."""
        difference = value - self.loc
        # Everything before the batch becomes columns, so that each factor is solved against all of them at once.
        lead = difference.shape[: difference.dim() - 1 - len(self.batch_shape)]
        columns = difference.reshape(-1, *self.batch_shape, *self.event_shape).movedim(0, -1)
        scaled = torch.linalg.solve_triangular(self.scale_tril, columns, upper=False)
        squared = scaled.square().sum(-2).movedim(-1, 0).reshape(lead + self.batch_shape)
        d, half = self.event_shape[0], self.df / 2
        normaliser = torch.lgamma(half + d / 2) - torch.lgamma(half) - d / 2 * (self.df * math.pi).log()
        log_det = self.scale_tril.diagonal(dim1=-2, dim2=-1).log().sum(-1)
        return normaliser - log_det - (half + d / 2) * torch.log1p(squared / self.df)

    def sample(self, sample_shape: Any = (), generator: torch.Generator | None = None) -> Tensor:
        """Draws, `[*sample_shape, *batch, d]`: a Gaussian over the root of a Gamma variable."""
        shape = self._extended_shape(torch.Size(sample_shape))
        with torch.no_grad():
            half = (self.df / 2).expand(shape[:-1]).contiguous()
            precision = torch._standard_gamma(half, generator=generator) / half
            noise = torch.randn(shape, dtype=self.loc.dtype, device=self.loc.device, generator=generator)
            scaled = (self.scale_tril @ noise[..., None])[..., 0]
            return self.loc + scaled * precision.rsqrt()[..., None]

    @property
    def mean(self) -> Tensor:
        """The location; NaN up to one degree of freedom, where there is no mean."""
        return torch.where(self.df[..., None] > 1, self.loc, torch.nan)

    @property
    def covariance_matrix(self) -> Tensor:
        """`[*batch, d, d]`; infinite up to two degrees of freedom, NaN up to one."""
        scale = self.scale_tril @ self.scale_tril.mT
        factor = torch.where(self.df > 2, self.df / (self.df - 2), torch.inf)
        factor = torch.where(self.df > 1, factor, torch.nan)
        return scale * factor[..., None, None]

    @property
    def variance(self) -> Tensor:
        """The diagonal of the covariance, `[*batch, d]`."""
        return self.covariance_matrix.diagonal(dim1=-2, dim2=-1)
