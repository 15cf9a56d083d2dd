"""A network whose input is spoilt, in training only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, cast

import torch
from torch import Tensor, nn

from latentia.names import Corruption


class Corrupted(nn.Module):
    """A network that sees noise on its input while in training mode, and the input itself in evaluation.

    Args:
        inner: The network.
        kind: `masking` sets elements to zero, `salt_and_pepper` to the lowest or highest value (even odds), `gaussian`
            adds noise to all.
        level: The share of the elements that is spoilt, each independently; for `gaussian` the noise's standard
            deviation, in the units of x.
        low: The value of pepper, in the units of x.
        high: The value of salt.

    Shapes:
        Those of the network.

    References:
        Vincent, Larochelle, Bengio, Manzagol, Extracting and composing robust features with denoising autoencoders,
        2008, doi:10.1145/1390156.1390294; Vincent, Larochelle, Lajoie, Bengio, Manzagol, Stacked denoising
        autoencoders, 2010, JMLR 11.

    >>> net = Corrupted(nn.Identity(), "masking", 1.0)
    >>> net(torch.ones(3)), net.eval()(torch.ones(3))
    (tensor([0., 0., 0.]), tensor([1., 1., 1.]))
    """

    exempt: ClassVar[Mapping[str, str]] = {
        "rows_do_not_influence_one_another": "in training mode its noise is another at each call"
    }

    def __init__(
        self, inner: nn.Module, kind: Corruption, level: float, *, low: float = 0.0, high: float = 1.0
    ) -> None:
        super().__init__()
        self.inner, self.kind, self.level, self.low, self.high = inner, kind, level, low, high

    def corrupt(self, x: Tensor) -> Tensor:
        """The input with noise, whatever the mode.

        Args:
            x: Any shape.

        Returns:
            The same shape.
        """
        if self.kind == "gaussian":
            return x + self.level * torch.randn_like(x)
        spoilt = torch.rand_like(x) < self.level
        if self.kind == "masking":
            return x.masked_fill(spoilt, 0.0)
        noise = torch.where(torch.rand_like(x) < 0.5, self.high, self.low).to(x.dtype)
        return torch.where(spoilt, noise, x)

    def forward(self, x: Tensor) -> Tensor:
        """The network's answer to the spoilt input in training mode, else to the input."""
        return cast(Tensor, self.inner(self.corrupt(x) if self.training else x))

    def extra_repr(self) -> str:
        """What `print` shows."""
        return f"{self.kind}, level={self.level:g}"
