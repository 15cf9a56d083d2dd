"""Distributions over counts: negative binomial by mean and dispersion, and the same with more zeros."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.distributions import Distribution, constraints
from torch.nn.functional import logsigmoid

_LARGE = 100.0


def log_rising(r: Tensor, x: Tensor) -> Tensor:
    r"""\(\log \Gamma(r + x) - \log \Gamma(r)\) for r > 0 and x >= 0, without the cancellation of large r.

    Above r = 100 both logarithms are written by Stirling's series, whose leading terms cancel on paper; what is left
    out is below 1/(360 r^3).

    Args:
        r: Any shape.
        x: Broadcastable to `r`.

    Returns:
        The difference.

    >>> float(log_rising(torch.tensor(1e7), torch.tensor(1.0))) - float(torch.tensor(1e7).log())
    0.0
    """
    large = r > _LARGE
    small_r = torch.where(large, torch.ones_like(r), r)
    exact = torch.lgamma(small_r + x) - torch.lgamma(small_r)
    big_r = torch.where(large, r, torch.full_like(r, _LARGE))
    total = big_r + x
    series = (total - 0.5) * torch.log1p(x / big_r) + x * big_r.log() - x + (1 / total - 1 / big_r) / 12
    return torch.where(large, series, exact)


class NegativeBinomial(Distribution):
    r"""Counts with mean \(\mu\) and variance \(\mu + \mu^2/r\): a Poisson whose rate is itself Gamma distributed.

    torch's class of that name takes a number of failures and log-odds; in terms of the mean nothing has to be undone
    where r is large and the distribution almost Poisson.

    Args:
        log_mean: log mu, any shape; this is the batch shape.
        log_dispersion: log r, broadcastable to it; small r means much spread.

    References:
        Lopez, Regier, Cole, Jordan, Yosef, Deep generative modeling for single-cell transcriptomics, 2018,
        doi:10.1038/s41592-018-0229-2.
    """

    arg_constraints = {"log_mean": constraints.real, "log_dispersion": constraints.real}  # noqa: RUF012 -- torch's own protocol
    has_rsample = False

    def __init__(self, log_mean: Tensor, log_dispersion: Tensor) -> None:
        self.log_mean: Tensor
        self.log_dispersion: Tensor
        self.log_mean, self.log_dispersion = torch.broadcast_tensors(log_mean, log_dispersion)
        super().__init__(self.log_mean.shape, validate_args=False)

    @property
    def support(self) -> constraints.Constraint:
        """Whole numbers from zero."""
        return constraints.nonnegative_integer

    def expand(self, batch_shape: Any, _instance: Any = None) -> NegativeBinomial:
        """The same distribution with its batch broadcast to `batch_shape`."""
        shape = torch.Size(batch_shape)
        return NegativeBinomial(self.log_mean.expand(shape), self.log_dispersion.expand(shape))

    def log_prob(self, value: Tensor) -> Tensor:
        """Log-probability of counts, elementwise, in nats."""
        log_r, log_mean = self.log_dispersion, self.log_mean
        r = log_r.exp()
        log_sum = torch.logaddexp(log_r, log_mean)
        # r log(r / (r + mu)) = -r log(1 + mu/r): softplus keeps it exact where mu/r is tiny.
        at_zero = -r * torch.nn.functional.softplus(log_mean - log_r)
        return log_rising(r, value) - torch.lgamma(value + 1) + at_zero + value * (log_mean - log_sum)

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Draws, `[*sample_shape, *batch]`."""
        shape = self._extended_shape(torch.Size(sample_shape))
        with torch.no_grad():
            r = self.log_dispersion.exp().expand(shape)
            # The rate is Gamma(r) scaled to the mean; for tiny r it can underflow to zero, which is a fine rate.
            rate = torch._standard_gamma(r) * (self.log_mean - self.log_dispersion).exp()
            return torch.poisson(rate)

    @property
    def mean(self) -> Tensor:
        """The mean mu."""
        return torch.exp(self.log_mean)

    @property
    def variance(self) -> Tensor:
        """The variance mu + mu^2/r."""
        return self.mean + torch.exp(2 * self.log_mean - self.log_dispersion)


class ZeroInflated(Distribution):
    r"""With probability \(\pi\) zero whatever the base says, otherwise a draw from it.

    Args:
        base: Counts, batch shape `[*batch]`.
        gate_logits: Log-odds of pi, broadcastable to the batch.

    References:
        Lambert, Zero-inflated Poisson regression, 1992, doi:10.2307/1269547.
    """

    arg_constraints = {"gate_logits": constraints.real}  # noqa: RUF012 -- torch's own protocol
    has_rsample = False

    def __init__(self, base: Distribution, gate_logits: Tensor) -> None:
        shape = torch.broadcast_shapes(base.batch_shape, gate_logits.shape)
        self.base: Distribution = base.expand(shape)
        self.gate_logits = gate_logits.expand(shape)
        super().__init__(shape, validate_args=False)

    @property
    def support(self) -> constraints.Constraint:
        """Whole numbers from zero."""
        return constraints.nonnegative_integer

    def expand(self, batch_shape: Any, _instance: Any = None) -> ZeroInflated:
        """The same distribution with its batch broadcast to `batch_shape`."""
        shape = torch.Size(batch_shape)
        return ZeroInflated(self.base.expand(shape), self.gate_logits.expand(shape))

    def log_prob(self, value: Tensor) -> Tensor:
        """Log-probability of counts, elementwise, in nats."""
        drawn = logsigmoid(-self.gate_logits) + self.base.log_prob(value)
        return torch.where(value == 0, torch.logaddexp(logsigmoid(self.gate_logits), drawn), drawn)

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Draws, `[*sample_shape, *batch]`."""
        shape = torch.Size(sample_shape)
        with torch.no_grad():
            closed = torch.bernoulli(torch.sigmoid(self.gate_logits).expand(self._extended_shape(shape)))
            return self.base.sample(shape) * (1 - closed)

    @property
    def mean(self) -> Tensor:
        """(1 - pi) times the base's mean."""
        return torch.sigmoid(-self.gate_logits) * self.base.mean

    @property
    def variance(self) -> Tensor:
        """(1 - pi) (var + pi mean^2), with the base's moments."""
        kept = torch.sigmoid(-self.gate_logits)
        return kept * (self.base.variance + (1 - kept) * self.base.mean.square())
