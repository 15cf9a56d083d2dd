"""Residual convolutional encoder and decoder for pictures of any size, down to one pixel.

Downsampling halves the sides (rounding up) until the shorter is at most four; the decoder retraces exactly those sizes
by resizing and then convolving, because transposed convolutions leave checkerboards (Odena, Dumoulin, Olah,
Deconvolution and checkerboard artifacts, 2016). Normalisation is by groups: the same in training and evaluation.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, silu

from latentia.nets.lead import flatten_lead

SMALLEST = 4
LARGEST_WITH_BLOCKS = 32
"""Residual blocks at finer resolutions than this would take most of the time and little of the structure."""


def pyramid(height: int, width: int) -> list[tuple[int, int]]:
    """Sizes from the full picture down to the smallest feature map.

    Args:
        height: Pixels.
        width: Pixels.

    Returns:
        (height, width) of every stage, largest first.

    >>> pyramid(28, 20)
    [(28, 20), (14, 10), (7, 5), (4, 3)]
    """
    sizes = [(height, width)]
    while min(sizes[-1]) > SMALLEST:
        sizes.append(((sizes[-1][0] + 1) // 2, (sizes[-1][1] + 1) // 2))
    return sizes


def _norm(channels: int) -> nn.GroupNorm:
    groups = next(g for g in (8, 4, 2, 1) if channels % g == 0)
    return nn.GroupNorm(groups, channels)


class ResidualBlock(nn.Module):
    """x + conv(silu(norm(conv(silu(norm(x)))))); the second starts at zero, so depth costs nothing at first.

    Args:
        channels: Channels in and out.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm1, self.conv1 = _norm(channels), nn.Conv2d(channels, channels, 3, padding=1)
        self.norm2, self.conv2 = _norm(channels), nn.Conv2d(channels, channels, 3, padding=1)
        nn.init.zeros_(self.conv2.weight)
        nn.init.zeros_(cast(Tensor, self.conv2.bias))

    def forward(self, x: Tensor) -> Tensor:
        """`[N, C, H, W]` to the same shape."""
        hidden = self.conv1(silu(self.norm1(x)))
        return x + cast(Tensor, self.conv2(silu(self.norm2(hidden))))


def _widths(base: int, stages: int) -> list[int]:
    return [min(base * 2**i, base * 4) for i in range(stages)]


def _blocks(channels: int, size: tuple[int, int], blocks: int) -> list[nn.Module]:
    fine = max(size) > LARGEST_WITH_BLOCKS
    return [] if fine else [ResidualBlock(channels) for _ in range(blocks)]


class ConvEncoder(nn.Module):
    """Pictures to feature vectors.

    Args:
        in_shape: (C, H, W).
        features: Length of the feature vector.
        width: Channels of the first stage; they double per stage up to four times this.
        blocks: Residual blocks a stage.

    Shapes:
        `[*lead, C, H, W]` to `[*lead, features]`.

    >>> ConvEncoder((3, 1, 1), 7, width=8)(torch.zeros(2, 3, 1, 1)).shape
    torch.Size([2, 7])
    """

    def __init__(self, in_shape: Sequence[int], features: int, *, width: int = 32, blocks: int = 1) -> None:
        super().__init__()
        channels, height, wide = in_shape
        sizes = pyramid(height, wide)
        widths = _widths(width, len(sizes))
        layers: list[nn.Module] = [nn.Conv2d(channels, widths[0], 3, padding=1)]
        for stage, after in enumerate(widths):
            if stage:
                layers.append(nn.Conv2d(widths[stage - 1], after, 3, stride=2, padding=1))
            layers += _blocks(after, sizes[stage], blocks)
        layers += [_norm(widths[-1]), nn.SiLU(), nn.Flatten()]
        self.convolutions = nn.Sequential(*layers)
        self.head = nn.Sequential(nn.Linear(widths[-1] * sizes[-1][0] * sizes[-1][1], features), nn.SiLU())

    def forward(self, x: Tensor) -> Tensor:
        """Map `[*lead, C, H, W]` to `[*lead, features]`."""
        return flatten_lead(lambda flat: cast(Tensor, self.head(self.convolutions(flat))), x, 3)


class _Resize(nn.Module):
    def __init__(self, size: tuple[int, int]) -> None:
        super().__init__()
        self.size = size

    def forward(self, x: Tensor) -> Tensor:
        return interpolate(x, size=self.size, mode="nearest")


class ConvDecoder(nn.Module):
    """Vectors to pictures, through the encoder's sizes in reverse.

    Args:
        features: Length of the input vector.
        out_shape: (P, C, H, W) or (C, H, W): P parameters of the likelihood for every channel and pixel.
        width: Channels of the last stage, doubling towards the code up to four times this.
        blocks: Residual blocks a stage.

    Shapes:
        `[*lead, features]` to `[*lead, *out_shape]`.

    >>> ConvDecoder(4, (2, 3, 28, 20), width=8)(torch.zeros(5, 1, 4)).shape
    torch.Size([5, 1, 2, 3, 28, 20])
    """

    def __init__(self, features: int, out_shape: Sequence[int], *, width: int = 32, blocks: int = 1) -> None:
        super().__init__()
        self.out_shape = tuple(out_shape)
        *parameters, channels, height, wide = self.out_shape
        sizes = pyramid(height, wide)[::-1]
        widths = _widths(width, len(sizes))[::-1]
        self.start = (widths[0], *sizes[0])
        self.project = nn.Linear(features, widths[0] * sizes[0][0] * sizes[0][1])
        layers: list[nn.Module] = []
        for stage, after in enumerate(widths):
            if stage:
                layers += [_Resize(sizes[stage]), nn.Conv2d(widths[stage - 1], after, 3, padding=1)]
            layers += _blocks(after, sizes[stage], blocks)
        out_channels = channels * (parameters[0] if parameters else 1)
        layers += [_norm(widths[-1]), nn.SiLU(), nn.Conv2d(widths[-1], out_channels, 3, padding=1)]
        self.convolutions = nn.Sequential(*layers)

    def _decode(self, flat: Tensor) -> Tensor:
        grid = self.project(flat).reshape(torch.Size([flat.shape[0], *self.start]))
        return cast(Tensor, self.convolutions(grid)).reshape(torch.Size([flat.shape[0], *self.out_shape]))

    def forward(self, x: Tensor) -> Tensor:
        """Map `[*lead, features]` to `[*lead, *out_shape]`."""
        return flatten_lead(self._decode, x, 1)
