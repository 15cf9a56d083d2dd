"""Networks whose every linear map has spectral norm one, and the slope they are given as a whole."""

from __future__ import annotations

from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrizations

Net = TypeVar("Net", bound=nn.Module)
WARM_UP = 500
"""Power iterations before training: from then on one a step keeps up with the weights."""


def spectrally_normalised(net: Net) -> Net:
    r"""Divide each weight matrix of a network by its largest singular value, \(W / \sigma(W)\), in place.

    A convolution's kernel counts as a matrix with a row for each output channel. The singular vectors are buffers that
    each pass in training mode improves by one power iteration; in evaluation they stand still. Weights and buffers are
    part of the state, as `parametrizations.weight.original`, `._u` and `._v`. Weights that are all zero are drawn anew.

    Args:
        net: Its layers `nn.Linear` and `nn.Conv2d` are changed.

    Returns:
        The same network.

    References:
        Miyato, Kataoka, Koyama, Yoshida, Spectral normalization for generative adversarial networks, 2018,
        arXiv:1802.05957.

    >>> layer = spectrally_normalised(nn.Linear(5, 4))
    >>> round(float(torch.linalg.matrix_norm(layer.weight.detach(), 2)), 3)
    1.0
    """
    for layer in [module for module in net.modules() if isinstance(module, nn.Linear | nn.Conv2d)]:
        if not layer.weight.any():
            layer.reset_parameters()  # a branch that starts at zero has no direction to normalise
        parametrizations.spectral_norm(layer)
        with torch.no_grad():
            for _ in range(WARM_UP):
                layer.weight  # noqa: B018 # in training mode, looking at the weight is one power iteration
    return net


class Slope(nn.Module):
    """Multiplies by a constant: before a network of Lipschitz constant one, it makes that constant the network's.

    Args:
        slope: The constant.

    >>> Slope(10.0)(torch.ones(2))
    tensor([10., 10.])
    """

    def __init__(self, slope: float) -> None:
        super().__init__()
        self.slope = slope

    def forward(self, x: Tensor) -> Tensor:
        """The multiple."""
        return self.slope * x

    def extra_repr(self) -> str:
        """What `print` shows."""
        return f"slope={self.slope:g}"
