"""What remains of a Student-t distribution whose location is itself Gaussian."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor
from torch.distributions import Distribution, constraints

NODES = 128
NEGLIGIBLE = 32.0
"""Where the integrand has fallen by so many nats from its peak, the rest is left out."""


class BlurredStudentT(Distribution):
    r"""\(\int St(x | m, s, \nu) \, N(m | loc, b^2) \, dm\), the predictive under independent location and precision.

    It has no closed form. Written as \(\int N(x | loc, s^2/g + b^2) \, Gam(g | \nu/2, \nu/2) \, dg\) it is an integral
    of an analytic function of log g that vanishes on both sides, for which the trapezium rule converges geometrically;
    the nodes follow x, so that the tails are as good as the centre.

    Args:
        df: Degrees of freedom nu, above 1, any shape.
        loc: Mean location, broadcastable.
        scale: s, positive, broadcastable.
        blur: b, the location's standard deviation, zero or more, broadcastable.

    References:
        Trefethen, Weideman, The exponentially convergent trapezoidal rule, 2014, doi:10.1137/130932132.

    >>> t = BlurredStudentT(*torch.tensor([3.0, 0.0, 1.0, 0.0]))
    >>> t.log_prob(torch.tensor(2.0)) - torch.distributions.StudentT(3.0).log_prob(torch.tensor(2.0)) < 1e-5
    tensor(True)
    """

    arg_constraints = {  # noqa: RUF012 -- torch's own protocol
        "df": constraints.positive,
        "loc": constraints.real,
        "scale": constraints.positive,
        "blur": constraints.nonnegative,
    }
    has_rsample = False

    def __init__(self, df: Tensor, loc: Tensor, scale: Tensor, blur: Tensor) -> None:
        self.df: Tensor
        self.loc: Tensor
        self.scale: Tensor
        self.blur: Tensor
        self.df, self.loc, self.scale, self.blur = torch.broadcast_tensors(df, loc, scale, blur)
        super().__init__(self.loc.shape, validate_args=False)

    @property
    def support(self) -> constraints.Constraint:
        """The real line."""
        return constraints.real

    def expand(self, batch_shape: Any, _instance: Any = None) -> BlurredStudentT:
        """The same distribution with its batch broadcast to `batch_shape`."""
        parts = (part.expand(torch.Size(batch_shape)) for part in (self.df, self.loc, self.scale, self.blur))
        return BlurredStudentT(*parts)

    def log_prob(self, value: Tensor) -> Tensor:
        """Log-density, elementwise, in nats."""
        half = self.df / 2
        squared = ((value - self.loc) / self.scale).square()
        # Given x, log g lies about that of Gam(half + 1/2, half + y^2/2) where there is no blur, and nearer 0 with it.
        more = half + 0.5
        low = (more / (half + squared / 2)).log() - NEGLIGIBLE / more - (2 * NEGLIGIBLE / more).sqrt()
        high = torch.log1p(NEGLIGIBLE / half + (2 * NEGLIGIBLE / half).sqrt()) + (more / half).log()
        step = (high - low) / (NODES - 1)
        u = low[..., None] + step[..., None] * torch.arange(NODES, dtype=low.dtype, device=low.device)
        variance = (-u).exp() + (self.blur / self.scale).square()[..., None]
        weight = half[..., None] * (u - u.exp()) - (variance.log() + squared[..., None] / variance) / 2
        constant = half * half.log() - torch.lgamma(half) - math.log(2 * math.pi) / 2 - self.scale.log()
        scores: Tensor = constant + weight.logsumexp(-1) + step.log()
        return scores

    def sample(self, sample_shape: Any = (), generator: torch.Generator | None = None) -> Tensor:
        """Draws, `[*sample_shape, *batch]`."""
        shape = self._extended_shape(torch.Size(sample_shape))
        with torch.no_grad():
            half = (self.df / 2).expand(shape).contiguous()
            spread = (torch._standard_gamma(half, generator=generator) / half).rsqrt() * self.scale
            noise = torch.randn(2, *shape, dtype=self.loc.dtype, device=self.loc.device, generator=generator)
            drawn: Tensor = self.loc + self.blur * noise[0] + spread * noise[1]
        return drawn

    @property
    def mean(self) -> Tensor:
        """The mean location."""
        return self.loc

    @property
    def variance(self) -> Tensor:
        """Both variances added; infinite up to two degrees of freedom."""
        own = torch.where(self.df > 2, self.scale.square() * self.df / (self.df - 2), torch.inf)
        return own + self.blur.square()
