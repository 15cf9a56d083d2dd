"""Likelihoods for pixels: a density on [0, 1], mixtures of logistics and free probabilities over levels."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.distributions import Distribution, Independent

from latentia.conditionals.likelihoods import _Head
from latentia.distributions import (
    ColourLogisticMixture,
    ContinuousBernoulli,
    LevelCategorical,
    at_least_float32,
    mixture_of_logistics,
    pairs_of,
    smooth_bound,
)
from latentia.names import LikelihoodName, Space


class ContinuousBernoulliHead(_Head):
    """A continuous Bernoulli density for x in [0, 1], from its natural parameter.

    Args:
        shape: Shape of one x.

    References:
        Loaiza-Ganem, Cunningham, The continuous Bernoulli, 2019, arXiv:1907.06845.
    """

    family: LikelihoodName = "continuous_bernoulli"
    space: Space = "unit"

    def forward(self, features: Tensor) -> Distribution:
        """p(x | features)."""
        (logits,) = self._split(features)
        return Independent(ContinuousBernoulli(logits), len(self.event_shape), validate_args=False)


class CategoricalHead(_Head):
    """A probability for every level of every pixel.

    Args:
        shape: Shape of one x.
        levels: Number of levels L (256 for 8-bit pixels); the decoder gives as many numbers for each pixel.

    References:
        Oord, Kalchbrenner, Kavukcuoglu, Pixel recurrent neural networks, 2016, arXiv:1601.06759.
    """

    family: LikelihoodName = "categorical"
    space: Space = "levels"

    def __init__(self, shape: Sequence[int], *, levels: int = 256) -> None:
        super().__init__(shape)
        self.levels = self.parameters_per_dim = levels

    def forward(self, features: Tensor) -> Distribution:
        """p(x | features)."""
        event_dims = len(self.event_shape)
        logits = at_least_float32(features).movedim(-1 - event_dims, -1)
        return Independent(LevelCategorical(logits), event_dims, validate_args=False)


class LogisticMixtureHead(_Head):
    r"""A mixture of M discretised logistics for every pixel; the colours of a pixel depend on one another.

    Mixture weights belong to a pixel. Green's location is shifted by red, blue's by red and green, with coefficients
    in (-1, 1) that the decoder gives for every component. Pictures of one channel and rows of columns have a plain
    mixture for every value. Locations start spread over [0, 1], so that the components differ from the first step.

    Args:
        shape: Shape of one x, `(C, H, W)` or `(D,)`.
        levels: Number of levels (256 for 8-bit pixels).
        logistics: M, at least 1.
        initial: Scale to start from, in the units of x.

    References:
        Salimans, Karpathy, Chen, Kingma, PixelCNN++, 2017, arXiv:1701.05517, section 2.
    """

    family: LikelihoodName = "logistic_mixture"
    space: Space = "levels"
    LOW, HIGH = -9.0, 3.0

    def __init__(self, shape: Sequence[int], *, levels: int = 256, logistics: int = 5, initial: float = 0.15) -> None:
        super().__init__(shape)
        self.levels, self.logistics, self.initial = levels, logistics, math.log(initial)
        self.channels = shape[0] if len(shape) > 1 else 1
        self.factorised = self.channels == 1
        self.pixels = torch.Size(shape[1:]) if len(shape) > 1 else torch.Size(shape)
        spread = (torch.arange(logistics) + 0.5) / logistics
        self.register_buffer("spread", spread.reshape(-1, *[1] * len(self.pixels)), persistent=False)
        self.spread: Tensor
        self.sizes = [logistics * each for each in (1, self.channels, self.channels, len(pairs_of(self.channels)))]

    @property
    def parameter_shape(self) -> tuple[int, ...]:
        """`(P, *pixels)`: for every pixel weights, locations, scales and coefficients of all components."""
        return (sum(self.sizes), *self.pixels)

    def forward(self, features: Tensor) -> Distribution:
        """p(x | features)."""
        at = -1 - len(self.pixels)
        logits, loc, log_scale, raw = at_least_float32(features).split(self.sizes, dim=at)
        log_scale = smooth_bound(self.initial + log_scale, self.LOW, self.HIGH)
        if self.channels == 1:
            return self._plain(logits, self.spread + loc, log_scale)
        loc, log_scale, raw = (part.unflatten(at, (self.logistics, -1)) for part in (loc, log_scale, raw))
        loc = self.spread.unsqueeze(1) + loc
        return ColourLogisticMixture(logits, loc, log_scale, raw.tanh(), self.levels, len(self.pixels))

    def _plain(self, logits: Tensor, loc: Tensor, log_scale: Tensor) -> Distribution:
        """Every value by itself; each parameter is `[*lead, M, *pixels]`."""
        at = -1 - len(self.pixels)
        shape = torch.Size([*loc.shape[:at], *self.event_shape, self.logistics])
        logits, loc, log_scale = (part.movedim(at, -1).reshape(shape) for part in (logits, loc, log_scale))
        base = mixture_of_logistics(logits, loc, log_scale, self.levels)
        return Independent(base, len(self.event_shape), validate_args=False)
