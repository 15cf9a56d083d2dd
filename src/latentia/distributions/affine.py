"""The elementwise affine map."""

from __future__ import annotations

import torch
from torch import Tensor


class Affine:
    r"""\(z = \mu + e^s u\), elementwise.

    Args:
        shift: mu, `[*batch, D]`.
        log_scale: s, `[*batch, D]`.

    >>> z, log_det = Affine(torch.ones(2), torch.full((2,), 0.5)).push(torch.zeros(3, 2))
    >>> z.shape, float(log_det)
    (torch.Size([3, 2]), 1.0)
    """

    def __init__(self, shift: Tensor, log_scale: Tensor) -> None:
        self.shift, self.log_scale = torch.broadcast_tensors(shift, log_scale)

    def push(self, u: Tensor) -> tuple[Tensor, Tensor]:
        """The image, and log|det J|."""
        return self.shift + self.log_scale.exp() * u, self.log_scale.sum(-1)

    def pull(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """The inverse image, and log|det| of the inverse."""
        return (z - self.shift) * torch.exp(-self.log_scale), -self.log_scale.sum(-1)
