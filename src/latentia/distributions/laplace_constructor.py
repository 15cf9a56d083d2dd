"""A constructor for Laplace distributions over events."""

from __future__ import annotations

from torch import Tensor
from torch.distributions import Distribution, Independent, Laplace


def laplace(loc: Tensor, scale: Tensor, event_dims: int = 1) -> Distribution:
    r"""A Laplace distribution with independent dimensions, \(e^{-|z - m| / b} / 2b\) in each.

    Args:
        loc: Locations m, `[*batch, *event]`.
        scale: Scales b, positive; the standard deviation is the root of 2 times b.
        event_dims: How many trailing dimensions form one event.

    Returns:
        A distribution whose `log_prob` is summed over the event, in nats.
    """
    return Independent(Laplace(loc, scale, validate_args=False), event_dims, validate_args=False)
