"""A Gaussian that takes its standard deviation from the residuals of what it scores."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.distributions import Normal

SMALLEST = 1e-7
"""The smallest variance: a batch reconstructed to the last bit has no finite density otherwise."""


class OptimalNormal(Normal):
    r"""N(x; m, sigma^2) with the sigma of greatest likelihood for all values scored together.

    \(\sigma^2 = \mathrm{mean}\,(x - m)^2\) over samples, rows and dimensions, so the mean log-density of a value is
    \(-(\log(2 \pi \sigma^2) + 1)/2\). sigma carries no gradient: at its optimum the likelihood's derivative in it is
    zero, so the gradient of the mean log-density is the same as if it did.

    Moments and samples are those of the `scale` given, as there is nothing to score.

    Args:
        loc: Means, any shape.
        scale: Standard deviations for moments and samples, broadcastable to `loc`.
        record: Called with every variance that is found, a scalar.

    References:
        Rybkin, Daniilidis, Levine, Simple and effective VAE training with calibrated decoders, 2021, arXiv:2006.13202,
        section 3.2.
    """

    def __init__(self, loc: Tensor, scale: Tensor, record: Callable[[Tensor], None]) -> None:
        self.record = record
        super().__init__(loc, scale, validate_args=False)

    def expand(self, batch_shape: Any, _instance: Any = None) -> OptimalNormal:
        """The same distribution with its batch broadcast to `batch_shape`."""
        shape = torch.Size(batch_shape)
        return OptimalNormal(self.loc.expand(shape), self.scale.expand(shape), self.record)

    def fitted(self, value: Tensor, observed: Tensor | None = None) -> Normal:
        """The Gaussian with the sigma of greatest likelihood for `value`.

        Args:
            value: Broadcastable with `loc`.
            observed: Which elements of `value` count, broadcastable with it; None for all.

        Returns:
            A Gaussian of one sigma.
        """
        square = (value - self.loc).detach().square()
        if observed is None:
            variance = square.mean()
        else:
            counts = observed.expand_as(square)
            variance = torch.where(counts, square, torch.zeros_like(square)).sum() / counts.sum().clamp_min(1)
        variance = variance.clamp_min(SMALLEST)
        self.record(variance)
        return Normal(self.loc, variance.sqrt().expand_as(self.loc), validate_args=False)

    def log_prob(self, value: Tensor) -> Tensor:
        """Log-density under the fitted sigma, elementwise, in nats."""
        score: Tensor = self.fitted(value).log_prob(value)
        return score
