"""Mixtures of discretised logistics: for single values, and for pixels whose colours depend on one another."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.distributions import Categorical, Distribution, MixtureSameFamily, constraints

from latentia.distributions.discretized_logistic import DiscretizedLogistic

CENTRE = 0.5
"""The grey from which a colour's deviation shifts the locations of the next."""
NODES, STEP = 37, 7
"""A lattice of points (Korobov's) at which the colours before one are taken for its mean."""


def mixture_of_logistics(logits: Tensor, loc: Tensor, log_scale: Tensor, levels: int) -> Distribution:
    """A mixture of discretised logistics over single values.

    Args:
        logits: Unnormalised log-weights, `[*batch, M]`.
        loc: Locations in the units of the grid, `[*batch, M]`.
        log_scale: Log-scales, `[*batch, M]`.
        levels: How many grid points.

    Returns:
        A distribution of single values with batch `[*batch]`.
    """
    weights = Categorical(logits=logits, validate_args=False)
    return MixtureSameFamily(weights, DiscretizedLogistic(loc, log_scale, levels), validate_args=False)


def pairs_of(channels: int) -> list[tuple[int, int]]:
    """Which colour depends on which: (later, earlier), in the order of the coefficients.

    >>> pairs_of(3)
    [(1, 0), (2, 0), (2, 1)]
    """
    return [(later, earlier) for later in range(channels) for earlier in range(later)]


class ColourLogisticMixture(Distribution):
    r"""A mixture over pixels in which green depends on red, and blue on both.

    \(p(r, g, b) = \sum_k \pi_k\, L(r; m_{kr}, s_{kr})\, L(g; m_{kg} + a_k (r - \frac12), s_{kg})\, L(b; m_{kb} + b_k
    (r - \frac12) + c_k (g - \frac12), s_{kb})\), where L is the discretised logistic. Each factor sums to one over its
    levels given the colours before it, so each pixel's joint distribution does. Pixels are independent.

    Args:
        logits: Unnormalised log-weights, `[*batch, M, *rest]`: of a pixel, shared by its colours.
        loc: Locations in the units of the grid, `[*batch, M, C, *rest]`.
        log_scale: Log-scales, `[*batch, M, C, *rest]`.
        coefficients: `[*batch, M, C(C - 1)/2, *rest]` in the order of `pairs_of`.
        levels: How many grid points.
        rest_dims: How many dimensions `rest` has; 2 for pictures.

    References:
        Salimans, Karpathy, Chen, Kingma, PixelCNN++: Improving the PixelCNN with discretized logistic mixture
        likelihood and other modifications, 2017, arXiv:1701.05517, section 2.2.
    """

    arg_constraints = {}  # noqa: RUF012 -- torch's own protocol
    has_rsample = False

    def __init__(
        self, logits: Tensor, loc: Tensor, log_scale: Tensor, coefficients: Tensor, levels: int, rest_dims: int = 2
    ) -> None:
        self.logits, self.loc, self.log_scale, self.coefficients = logits, loc, log_scale, coefficients
        self.levels, self._rest_dims = levels, rest_dims
        self._colour_dim = -1 - rest_dims
        split = loc.dim() - rest_dims - 2
        super().__init__(loc.shape[:split], loc.shape[split + 1 :], validate_args=False)

    @property
    def support(self) -> constraints.Constraint:
        """The unit interval; only grid points have mass."""
        return constraints.independent(constraints.unit_interval, len(self.event_shape))

    def expand(self, batch_shape: Any, _instance: Any = None) -> ColourLogisticMixture:
        """The same distribution with its batch broadcast to `batch_shape`."""
        batch = torch.Size(batch_shape)
        old = len(self.batch_shape)
        logits, loc, log_scale, coefficients = (
            part.expand(batch + part.shape[old:]) for part in (self.logits, self.loc, self.log_scale, self.coefficients)
        )
        return ColourLogisticMixture(logits, loc, log_scale, coefficients, self.levels, self._rest_dims)

    def _log_weights(self) -> Tensor:
        return self.logits.log_softmax(self._colour_dim)

    def _colour(self, values: Tensor, channel: int) -> Tensor:
        """One colour, without its dimension."""
        return values.select(self._colour_dim, channel)

    def _shift(self, channel: int, before: list[Tensor]) -> Tensor | float:
        """What the colours before a channel add to its location."""
        pairs = pairs_of(self.event_shape[0])
        shift: Tensor | float = 0.0
        for earlier, value in enumerate(before):
            shift = shift + self._colour(self.coefficients, pairs.index((channel, earlier))) * (value - CENTRE)
        return shift

    def _factor(self, channel: int, before: list[Tensor]) -> DiscretizedLogistic:
        """One channel of every component given the colours before it; batch `[*batch, M, *rest]`."""
        loc = self._colour(self.loc, channel) + self._shift(channel, before)
        return DiscretizedLogistic(loc, self._colour(self.log_scale, channel), self.levels)

    def log_prob(self, value: Tensor) -> Tensor:
        """Log-probability of whole pictures on the grid, in nats."""
        # The dimension of the components stands where that of the colours was taken out.
        colours = [colour.unsqueeze(self._colour_dim) for colour in value.unbind(self._colour_dim)]
        joint = self._log_weights()
        for channel, colour in enumerate(colours):
            joint = joint + self._factor(channel, colours[:channel]).log_prob(colour)
        of_pixels = joint.logsumexp(self._colour_dim)
        return of_pixels.sum(tuple(range(-self._rest_dims, 0))) if self._rest_dims else of_pixels

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Draws on the grid, `[*sample_shape, *batch, *event]`: a component, then one colour after the other."""
        with torch.no_grad():
            whole = self.expand(torch.Size(sample_shape) + self.batch_shape) if sample_shape else self
            last = whole.logits.movedim(self._colour_dim, -1)
            chosen = Categorical(logits=last, validate_args=False).sample().unsqueeze(self._colour_dim)
            colours: list[Tensor] = []
            for channel in range(whole.event_shape[0]):
                of_components = whole._factor(channel, colours)
                loc, log_scale = (
                    part.gather(self._colour_dim, chosen) for part in (of_components.loc, of_components.log_scale)
                )
                colours.append(DiscretizedLogistic(loc, log_scale, self.levels).sample())
            return torch.cat(colours, dim=self._colour_dim)

    @property
    def mean(self) -> Tensor:
        """The mean over the grid: of the first colour exactly, of the others by quadrature over those before them.

        Exact sums would run over 256 levels squared; what the lattice leaves out is below two levels of 256 where
        scales and coefficients are large, and a fifth of a level on average there.
        """
        weights, channels = self._log_weights().exp(), self.event_shape[0]
        sums = [NODES * self._factor(0, []).mean, *([torch.zeros_like(self._colour(self.loc, 0))] * (channels - 1))]
        for node in range(NODES):
            before: list[Tensor] = []
            for channel in range(channels):
                factor = self._factor(channel, before)
                if channel > 0:
                    sums[channel] = sums[channel] + factor.unrounded_mean
                if channel < channels - 1:
                    quantile = (node * STEP**channel + 0.5) % NODES / NODES
                    before.append(factor.icdf(torch.full_like(factor.loc, quantile)))
        means = [(weights * total).sum(self._colour_dim) / NODES for total in sums]
        return torch.stack(means, dim=self._colour_dim)
