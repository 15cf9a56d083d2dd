"""Codes in the unit interval: logistic units, as in the autoencoders of the perceptron's time."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.distributions import Distribution

from latentia.conditionals.protocol import Need, lacking
from latentia.distributions import PointMass, at_least_float32
from latentia.names import Domain


class LogisticUnits(nn.Module):
    r"""A certain code with entries in (0, 1): \(z = \sigma(W h + b)\).

    Args:
        features: Length of the feature vector.
        dim: Number of units.
        initial: The activity that units start from at h = 0, in (0, 1).

    >>> LogisticUnits(4, 2)(torch.zeros(3, 4)).mean.shape
    torch.Size([3, 2])
    """

    provides: frozenset[Need] = lacking(Need.DENSITY, Need.EVALUABLE, Need.FACTORISED)
    domain: Domain = "real"

    def __init__(self, features: int, dim: int, *, initial: float = 0.5) -> None:
        super().__init__()
        self.event_shape = torch.Size([dim])
        self.linear = nn.Linear(features, dim)
        nn.init.constant_(self.linear.bias, math.log(initial / (1 - initial)))

    def forward(self, given: Tensor) -> Distribution:
        """All the mass at one code."""
        return PointMass(at_least_float32(self.linear(given)).sigmoid())
