"""Heads over counts: each says how far a rate is from the training data's mean rate."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.distributions import Distribution, Independent, Poisson

from latentia.conditionals.likelihoods import GAIN, _Head
from latentia.distributions import smooth_bound
from latentia.distributions.counts import NegativeBinomial, ZeroInflated
from latentia.distributions.totals import Multinomial, Scaled
from latentia.names import Space

_LEAST = 1e-4
"""A rate to start from where the training data have none."""


class _CountHead(_Head):
    """A log-rate from the network beside that of the training data, and a gate of zeros where asked for.

    The network's output is added to the logarithm of each element's mean, so that training starts at the right order of
    magnitude, whatever the data's.
    """

    space: Space = "counts"
    LOW, HIGH = -20.0, 20.0

    def __init__(self, shape: Sequence[int], *, rate: Sequence[float], zero_inflated: bool = False) -> None:
        super().__init__(shape)
        self.zero_inflated = zero_inflated
        self.parameters_per_dim = 2 if zero_inflated else 1
        # One rate for each column, or for each channel of pictures.
        column = torch.tensor(rate, dtype=torch.float32).view(-1, *[1] * (len(self.event_shape) - 1))
        self.register_buffer("log_rate", column.clamp_min(_LEAST).log(), persistent=False)
        self.log_rate: Tensor

    def _log_mean_and_gate(self, features: Tensor) -> tuple[Tensor, Tensor | None]:
        raw, *gate = self._split(features)
        return self.log_rate + smooth_bound(raw, self.LOW, self.HIGH), gate[0] if gate else None

    def _event(self, base: Distribution, gate: Tensor | None) -> Distribution:
        whole = base if gate is None else ZeroInflated(base, gate)
        return Independent(whole, len(self.event_shape), validate_args=False)


class PoissonHead(_CountHead):
    """Independent Poisson counts, whose variance is their mean.

    Args:
        shape: Shape of one x.
        rate: Mean of each column (or channel) of the training data.
        zero_inflated: Whether the decoder also gives each element a probability of being zero regardless.
    """

    def forward(self, features: Tensor) -> Distribution:
        """p(x | features)."""
        log_mean, gate = self._log_mean_and_gate(features)
        return self._event(Poisson(log_mean.exp(), validate_args=False), gate)


class NegativeBinomialHead(_CountHead):
    r"""Independent negative binomial counts, with variance \(\mu + \mu^2/r\); r is learned for each element of x.

    Args:
        shape: Shape of one x.
        rate: Mean of each column (or channel) of the training data.
        zero_inflated: As for the Poisson.
    """

    LOW_R, HIGH_R = -12.0, 12.0

    def __init__(self, shape: Sequence[int], *, rate: Sequence[float], zero_inflated: bool = False) -> None:
        super().__init__(shape, rate=rate, zero_inflated=zero_inflated)
        self.raw_log_dispersion = nn.Parameter(torch.zeros(self.event_shape))

    @property
    def log_dispersion(self) -> Tensor:
        """Log r, smoothly bounded."""
        return smooth_bound(GAIN * self.raw_log_dispersion, self.LOW_R, self.HIGH_R)

    def forward(self, features: Tensor) -> Distribution:
        """p(x | features)."""
        log_mean, gate = self._log_mean_and_gate(features)
        return self._event(NegativeBinomial(log_mean, self.log_dispersion), gate)


class MultinomialHead(_CountHead):
    """Counts given their total: the rates become shares.

    Args:
        shape: `(D,)`.
        rate: Mean of each column of the training data; their sum is the total where there is no x.
    """

    def __init__(self, shape: Sequence[int], *, rate: Sequence[float]) -> None:
        super().__init__(shape, rate=rate)
        self.register_buffer("total", torch.tensor([max(sum(rate), 1.0)]), persistent=False)
        self.total: Tensor

    def forward(self, features: Tensor) -> Distribution:
        """p(x | features, the total of x)."""
        logits, _ = self._log_mean_and_gate(features)
        return Multinomial(logits, self.total)


class LibraryHead(NegativeBinomialHead):
    """Negative binomial counts whose means are shares of the row's total, as of molecules in a cell.

    Args:
        shape: `(D,)`.
        rate: Mean of each column of the training data; their sum is the total where there is no x.
        zero_inflated: As for the Poisson.
    """

    def __init__(self, shape: Sequence[int], *, rate: Sequence[float], zero_inflated: bool = False) -> None:
        super().__init__(shape, rate=rate, zero_inflated=zero_inflated)
        self.register_buffer("total", torch.tensor([max(sum(rate), 1.0)]), persistent=False)
        self.total: Tensor

    def forward(self, features: Tensor) -> Distribution:
        """p(x | features, the total of x)."""
        log_mean, gate = self._log_mean_and_gate(features)
        log_dispersion = self.log_dispersion

        def family(log_mean: Tensor) -> Distribution:
            base = NegativeBinomial(log_mean, log_dispersion)
            return base if gate is None else ZeroInflated(base, gate)

        return Scaled(family, torch.log_softmax(log_mean, -1), self.total)
