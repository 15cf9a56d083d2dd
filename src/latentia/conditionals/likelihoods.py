"""Heads that turn a decoder's output into p(x|z), and the likelihood that joins the two.

A head says how many parameters it needs for every dimension of x (`parameters_per_dim`), so that the decoder can be
built to fit, and in which space x lives (`space`), so that the data can be prepared to fit.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torch.distributions import Distribution, Independent

from latentia.distributions import DiscretizedLogistic, at_least_float32, bernoulli, normal, observed, smooth_bound
from latentia.errors import CompatibilityError, ConfigurationError
from latentia.names import LikelihoodName, Scale, Space

# Adam moves a parameter by about its rate a step, whatever the loss; with a gain a lone log-scale keeps up.
GAIN = 10.0


class _Head(nn.Module):
    family: LikelihoodName
    space: Space
    parameters_per_dim = 1
    factorised = True
    """Whether the dimensions of x are independent given z, so that some of them can be missing."""

    def __init__(self, shape: Sequence[int]) -> None:
        super().__init__()
        self.event_shape = torch.Size(shape)

    @property
    def parameter_shape(self) -> tuple[int, ...]:
        """Shape of one event of the decoder's output: (*shape) or (P, *shape)."""
        leading = (self.parameters_per_dim,) if self.parameters_per_dim > 1 else ()
        return (*leading, *self.event_shape)

    def _split(self, features: Tensor) -> tuple[Tensor, ...]:
        """The P parameters, each `[*lead, *shape]`, in float32 at least."""
        features = at_least_float32(features)
        if self.parameters_per_dim == 1:
            return (features,)
        return features.unbind(features.dim() - len(self.event_shape) - 1)


class BernoulliHead(_Head):
    """Independent coin tosses from their log-odds, for x in {0, 1}.

    Args:
        shape: Shape of one x.
    """

    family: LikelihoodName = "bernoulli"
    space: Space = "binary"

    def forward(self, features: Tensor) -> Distribution:
        """p(x | features)."""
        (logits,) = self._split(features)
        return bernoulli(logits, len(self.event_shape))


class _ScaledHead(_Head):
    """A location from the network, and a scale that is fixed, learned once, learned per dimension or predicted."""

    LOW: float
    HIGH: float

    def __init__(self, shape: Sequence[int], *, scale: Scale, initial: float) -> None:
        super().__init__(shape)
        if scale == "optimal":
            raise ConfigurationError("an optimal scale is known for the Gaussian alone: use OptimalGaussianHead")
        self.scale = scale
        self.parameters_per_dim = 2 if scale == "predicted" else 1
        self.initial = math.log(initial)
        if scale == "shared":
            self.raw_log_scale = nn.Parameter(torch.zeros(()))
        elif scale == "per_dimension":
            self.raw_log_scale = nn.Parameter(torch.zeros(self.event_shape))

    def _location_and_log_scale(self, features: Tensor) -> tuple[Tensor, Tensor]:
        loc, *predicted = self._split(features)
        if self.scale == "fixed":
            return loc, torch.full((), self.initial, dtype=loc.dtype, device=loc.device)
        raw = predicted[0] if predicted else GAIN * self.raw_log_scale
        return loc, smooth_bound(self.initial + raw, self.LOW, self.HIGH)


class GaussianHead(_ScaledHead):
    r"""A Gaussian around the network's output, \(N(\mu(z), \sigma^2)\), for real x.

    Args:
        shape: Shape of one x.
        scale: `fixed` keeps sigma; `shared` learns one; `per_dimension` learns one for every dimension; `predicted`
            lets the decoder give one for every dimension and z.
        sigma: The fixed or the initial standard deviation, in the units of x.

    References:
        Rybkin, Daniilidis, Levine, Simple and effective VAE training with calibrated decoders, 2021, arXiv:2006.13202,
        on why a learned sigma is the default.
    """

    family: LikelihoodName = "gaussian"
    space: Space = "real"
    LOW, HIGH = -8.0, 8.0

    def __init__(self, shape: Sequence[int], *, scale: Scale = "shared", sigma: float = 1.0) -> None:
        super().__init__(shape, scale=scale, initial=sigma)

    def forward(self, features: Tensor) -> Distribution:
        """p(x | features)."""
        loc, log_scale = self._location_and_log_scale(features)
        return normal(loc, log_scale.exp().expand_as(loc), len(self.event_shape))


class DiscretizedLogisticHead(_ScaledHead):
    """A logistic distribution over equally spaced levels in [0, 1], for pixels.

    Args:
        shape: Shape of one x.
        levels: Number of levels (256 for 8-bit pixels).
        scale: As for the Gaussian; `predicted` is the usual choice.
        initial: Scale to start from, in the units of x.

    References:
        Kingma and others, 2016, arXiv:1606.04934; Salimans and others, PixelCNN++, 2017, arXiv:1701.05517.
    """

    family: LikelihoodName = "discretized_logistic"
    space: Space = "levels"
    LOW, HIGH = -9.0, 3.0

    def __init__(
        self, shape: Sequence[int], *, levels: int = 256, scale: Scale = "predicted", initial: float = 0.15
    ) -> None:
        super().__init__(shape, scale=scale, initial=initial)
        self.levels = levels

    def forward(self, features: Tensor) -> Distribution:
        """p(x | features)."""
        loc, log_scale = self._location_and_log_scale(features)
        base = DiscretizedLogistic(0.5 + loc, log_scale, self.levels)
        return Independent(base, len(self.event_shape), validate_args=False)


class Likelihood(nn.Module):
    """p(x|z): a decoder network and the head that reads its output.

    Args:
        net: Maps a state `[*lead, S]` to `[*lead, *head.parameter_shape]`.
        head: One of the heads of this room, or anything with `space` that returns a distribution.
        missing: Whether elements of x may be NaN, for 'not observed'; they are then left out of log p(x|z).

    Raises:
        CompatibilityError: Values may be missing, and the head's dimensions depend on one another.
    """

    def __init__(self, net: nn.Module, head: nn.Module, *, missing: bool = False) -> None:
        super().__init__()
        if missing and not getattr(head, "factorised", True):
            raise CompatibilityError(
                f"values are missing from the data, and {type(head).__name__} gives no probability to a part of a row; "
                "choose a likelihood with independent dimensions, such as gaussian or discretized_logistic, or fill "
                "the gaps"
            )
        self.net, self.head, self.missing = net, head, missing
        self.space = cast(Space, head.space)
        self.event_shape = cast(torch.Size, head.event_shape)

    def forward(self, given: Tensor) -> Distribution:
        """p(x | state)."""
        px = cast(Distribution, self.head(self.net(given)))
        return observed(px) if self.missing else px
