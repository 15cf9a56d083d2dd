"""The multilayer perceptron."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import cast

import torch
from torch import Tensor, nn

from latentia.names import Activation
from latentia.nets.activation import activation


class MLP(nn.Module):
    """Fully connected layers from events of one shape to events of another.

    Args:
        in_shape: Shape of one input event; it is flattened.
        out_shape: Shape of one output event.
        hidden: Widths of the hidden layers; empty makes the map linear (affine).
        nonlinearity: Activation after every hidden layer.
        norm: LayerNorm before every activation.
        final: Also put the activation (and norm) after the last layer, for a network whose output feeds a head.

    Shapes:
        `[*lead, *in_shape]` to `[*lead, *out_shape]`.

    >>> MLP((1, 8, 8), (5,), (16,))(torch.zeros(3, 2, 1, 8, 8)).shape
    torch.Size([3, 2, 5])
    """

    def __init__(
        self,
        in_shape: Sequence[int],
        out_shape: Sequence[int],
        hidden: Sequence[int] = (),
        *,
        nonlinearity: Activation = "relu",
        norm: bool = False,
        final: bool = False,
    ) -> None:
        super().__init__()
        self.in_dims = len(in_shape)
        self.out_shape = tuple(out_shape)
        widths = [math.prod(in_shape), *hidden, math.prod(out_shape)]
        layers: list[nn.Module] = []
        for i, (before, after) in enumerate(pairwise(widths)):
            layers.append(nn.Linear(before, after))
            if i < len(widths) - 2 or final:
                if norm:
                    layers.append(nn.LayerNorm(after))
                layers.append(activation(nonlinearity))
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        """Map `[*lead, *in_shape]` to `[*lead, *out_shape]`."""
        if self.in_dims != 1:
            x = x.reshape(x.shape[: x.dim() - self.in_dims] + torch.Size([-1]))
        out = cast(Tensor, self.layers(x))
        if len(self.out_shape) != 1:
            out = out.reshape(out.shape[:-1] + self.out_shape)
        return out
