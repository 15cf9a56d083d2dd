"""Bits for each dimension: computed here and nowhere else."""

from __future__ import annotations

import math


def bits_per_dim(nats: float, num_dims: float) -> float:
    """Turn a log-likelihood (or a bound) of one example into bits for each dimension.

    Args:
        nats: log p(x), in nats.
        num_dims: Dimensions of x.

    Returns:
        -nats / (num_dims ln 2); less is better.

    >>> bits_per_dim(-math.log(256) * 10, 10)
    8.0
    """
    return -nats / (num_dims * math.log(2))
