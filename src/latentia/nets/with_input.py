"""A network that hands on what it was given."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class WithInput(nn.Module):
    """A network's output and, behind it, the input itself: evidence for a posterior that looks at x as well.

    Args:
        inner: Maps `[*lead, *shape]` to `[*lead, F]`.

    Shapes:
        `[*lead, *shape]` to `[*lead, F + D]` with D the size of `shape`.

    >>> WithInput(nn.Linear(4, 2))(torch.zeros(3, 4)).shape
    torch.Size([3, 6])
    """

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: Tensor) -> Tensor:
        """Map `[*lead, *shape]` to `[*lead, F + D]`."""
        out: Tensor = self.inner(x)
        return torch.cat([out, x.reshape(out.shape[:-1] + torch.Size([-1]))], dim=-1)
