"""Log-probabilities are accumulated in float32 at least, whatever the networks computed in."""

from __future__ import annotations

import torch
from torch import Tensor


def at_least_float32(x: Tensor) -> Tensor:
    """The same values in float32 if they came in half precision, otherwise untouched (float64 stays float64).

    Args:
        x: Any shape.

    Returns:
        The same shape.

    >>> at_least_float32(torch.ones(1, dtype=torch.bfloat16)).dtype
    torch.float32
    """
    return x.float() if x.dtype in (torch.bfloat16, torch.float16) else x
