"""Convolutions know one batch dimension; the walk has two."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


def flatten_lead(function: Callable[[Tensor], Tensor], x: Tensor, event_dims: int) -> Tensor:
    """Apply a function that takes one batch dimension to a tensor with any number of leading dimensions.

    Args:
        function: Maps `[N, *event]` to `[N, *out]`.
        x: `[*lead, *event]`.
        event_dims: How many trailing dimensions belong to the event.

    Returns:
        `[*lead, *out]`.

    >>> flatten_lead(lambda t: t.sum(1), torch.ones(2, 3, 4), 1).shape
    torch.Size([2, 3])
    """
    split = x.dim() - event_dims
    lead = x.shape[:split]
    out = function(x.reshape(torch.Size([lead.numel()]) + x.shape[split:]))
    return out.reshape(lead + out.shape[1:])
