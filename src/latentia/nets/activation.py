"""Activation functions by name, so that a saved model can say which it used."""

from __future__ import annotations

from torch import nn

from latentia.names import Activation

_MODULES: dict[Activation, type[nn.Module]] = {
    "relu": nn.ReLU,
    "tanh": nn.Tanh,
    "silu": nn.SiLU,
    "gelu": nn.GELU,
    "elu": nn.ELU,
    "softplus": nn.Softplus,
    "none": nn.Identity,
}


def activation(name: Activation) -> nn.Module:
    """A fresh module of the named activation.

    Args:
        name: One of the names of `Activation`.

    Returns:
        A module that acts elementwise.

    >>> activation("tanh")
    Tanh()
    """
    return _MODULES[name]()
