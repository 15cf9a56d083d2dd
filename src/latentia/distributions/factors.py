"""Independent dimensions that name what stands for them, and how they are cooled."""

from __future__ import annotations

from typing import Protocol, cast

from torch import Tensor
from torch.distributions import Distribution, Independent

from latentia.distributions.point_mass import PointMass


class Coolable(Protocol):
    """A family with a representative inside its domain and a way to narrow its spread."""

    @property
    def centre(self) -> Tensor:
        """What stands for the distribution where there is to be no noise."""
        ...

    def cooled(self, temperature: float) -> Distribution:
        """The same family with its spread multiplied by about `temperature`, which is above 0."""
        ...


class Factors(Independent):  # type: ignore[type-arg] # not generic in the oldest torch
    """`torch.distributions.Independent` over a `Coolable` family."""

    @property
    def centre(self) -> Tensor:
        """The base distribution's representative, `[*batch, *event]`."""
        return cast(Coolable, self.base_dist).centre

    def tempered(self, temperature: float) -> Distribution:
        """See `latentia.distributions.temper`; at 0 all the mass is at the centre."""
        if temperature == 0:
            return PointMass(self.centre, len(self.event_shape))
        part = cast(Coolable, self.base_dist).cooled(temperature)
        return Factors(part, self.reinterpreted_batch_ndims, validate_args=False)


def factors(part: Distribution, event_dims: int) -> Distribution:
    """A `Coolable` family over whole events.

    Args:
        part: Its own event may have dimensions (one simplex, say).
        event_dims: How many trailing dimensions of batch and event together form one event, at least as many.

    Returns:
        A distribution that can be tempered.
    """
    return Factors(part, event_dims - len(part.event_shape), validate_args=False)
