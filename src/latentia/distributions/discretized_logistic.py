"""The logistic distribution integrated over equally wide bins: a likelihood for 8-bit pixels."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.distributions import Distribution, constraints
from torch.nn.functional import logsigmoid, softplus


class DiscretizedLogistic(Distribution):
    r"""P(x) = F((x - m + w/2)/s) - F((x - m - w/2)/s) on the grid 0, w, 2w, ..., 1, with w = 1/(levels - 1).

    F is the logistic function; the first bin reaches to minus infinity and the last to plus infinity, so the
    probabilities sum to one exactly. The difference of two sigmoids is written
    \(\log F(a) + \log F(-b) + \log(1 - e^{b-a})\), which loses nothing in the tails and needs no clamp.

    Args:
        loc: Locations m in the units of the grid, any shape; this is the batch shape.
        log_scale: log s, broadcastable to `loc`.
        levels: How many grid points, at least 2.

    References:
        Kingma, Salimans, Jozefowicz, Chen, Sutskever, Welling, Improved variational inference with inverse
        autoregressive flow, 2016, arXiv:1606.04934; Salimans, Karpathy, Chen, Kingma, PixelCNN++, 2017,
        arXiv:1701.05517.

    >>> d = DiscretizedLogistic(torch.zeros(()), torch.zeros(()), levels=3)
    >>> bool(d.log_prob(torch.tensor([0.0, 0.5, 1.0])).exp().sum().sub(1).abs() < 1e-6)
    True
    """

    arg_constraints = {"loc": constraints.real, "log_scale": constraints.real}  # noqa: RUF012 -- torch's own protocol
    has_rsample = False

    def __init__(self, loc: Tensor, log_scale: Tensor, levels: int) -> None:
        self.loc, self.log_scale = torch.broadcast_tensors(loc, log_scale)
        self.levels = levels
        self.bin_width = 1.0 / (levels - 1)
        super().__init__(self.loc.shape, validate_args=False)

    @property
    def support(self) -> constraints.Constraint:
        """The unit interval; only grid points have mass."""
        return constraints.unit_interval

    def expand(self, batch_shape: Any, _instance: Any = None) -> DiscretizedLogistic:
        """The same distribution with its batch broadcast to `batch_shape`."""
        shape = torch.Size(batch_shape)
        return DiscretizedLogistic(self.loc.expand(shape), self.log_scale.expand(shape), self.levels)

    def log_prob(self, value: Tensor) -> Tensor:
        """Log-probability of grid points, elementwise, in nats."""
        # Edges from whole bin numbers: the upper edge of one bin is the same float as the lower edge of the next, so
        # the bins still add up to one where the scale is thousands of times smaller than x.
        bin_number = torch.round(value / self.bin_width)
        first, last = bin_number == 0, bin_number == self.levels - 1
        inverse_scale = torch.exp(-self.log_scale)
        to_upper = ((bin_number + 0.5) * self.bin_width - self.loc) * inverse_scale
        to_lower = ((bin_number - 0.5) * self.bin_width - self.loc) * inverse_scale
        zero = torch.zeros((), dtype=self.loc.dtype, device=self.loc.device)
        below = torch.where(last, zero, logsigmoid(to_upper))
        above = torch.where(first, zero, logsigmoid(-to_lower))
        between = torch.log(-torch.expm1(-self.bin_width * inverse_scale))
        return below + above + torch.where(first | last, zero, between)

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Draws on the grid, `[*sample_shape, *batch]`."""
        shape = self._extended_shape(torch.Size(sample_shape))
        with torch.no_grad():
            tiny = torch.finfo(self.loc.dtype).tiny
            uniform = torch.rand(shape, dtype=self.loc.dtype, device=self.loc.device).clamp_min(tiny)
            # torch.rand never returns one, so only the lower end needs the clamp.
            return self.icdf(uniform)

    def icdf(self, value: Tensor) -> Tensor:
        """The grid point at which the distribution function passes `value`, in (0, 1)."""
        point = self.loc + self.log_scale.exp() * (value.log() - torch.log1p(-value))
        return torch.round(point.clamp(0, 1) / self.bin_width) * self.bin_width

    def _moments(self) -> tuple[Tensor, Tensor]:
        # E[x] = w sum_k P(x >= x_k) and E[x^2] = w^2 sum_k (2k - 1) P(x >= x_k): one pass, no [.., levels] tensor.
        first, second = torch.zeros_like(self.loc), torch.zeros_like(self.loc)
        inverse_scale = torch.exp(-self.log_scale)
        for k in range(1, self.levels):
            survival = torch.sigmoid((self.loc - (k - 0.5) * self.bin_width) * inverse_scale)
            first += survival
            second += (2 * k - 1) * survival
        return first * self.bin_width, second * self.bin_width**2

    @property
    def mean(self) -> Tensor:
        """The exact mean over the grid."""
        return self._moments()[0]

    @property
    def unrounded_mean(self) -> Tensor:
        r"""The mean without the rounding to levels, \(s\,[\log(1 + e^{m/s}) - \log(1 + e^{(m - 1)/s})]\).

        The sum over levels is the midpoint rule for this integral: the two differ by less than half a level, and by
        next to nothing where the scale is that of a level or more.
        """
        scale = torch.exp(self.log_scale)
        return scale * (softplus(self.loc / scale) - softplus((self.loc - 1) / scale))

    @property
    def variance(self) -> Tensor:
        """The exact variance over the grid."""
        first, second = self._moments()
        return (second - first.square()).clamp_min(0)
