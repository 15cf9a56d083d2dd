"""Codes of which few entries are active at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from latentia.conditionals import Need
from latentia.latents import Trace
from latentia.model import VAE
from latentia.objectives.protocol import Step


@dataclass(frozen=True, slots=True)
class MeanActivity:
    r"""\(\lambda \sum_j KL(\rho \| \hat\rho_j)\), with \(\hat\rho_j\) the mean activity of unit j over the batch.

    Units are codes in (0, 1); the KL is that of two coins.

    Args:
        weight: lambda.
        target: rho, the share of the time that a unit should be active, in (0, 1).

    References:
        Lee, Ekanadham, Ng, Sparse deep belief net model for visual area V2, 2008 (the idea); Ng, Sparse autoencoder,
        CS294A lecture notes, 2011 (this form).
    """

    weight: float
    target: float
    name: ClassVar[str] = "sparsity"
    requires: ClassVar[frozenset[Need]] = frozenset({Need.REPARAMETERISED})

    def __call__(self, model: VAE, trace: Trace, step: Step) -> Tensor:
        """The weighted sum over units."""
        means = torch.cat([z.flatten(2).mean((0, 1)) for z in trace.draw.z])
        # A unit that is off, or on, in every row to the last bit would have an infinite KL and no gradient.
        tiny = torch.finfo(means.dtype).eps
        means = means.clamp(tiny, 1 - tiny)
        target = self.target
        off = (1 - target) * ((1 - target) / (1 - means)).log()
        return self.weight * (target * (target / means).log() + off).sum()


@dataclass(frozen=True, slots=True)
class AbsoluteCodes:
    r"""\(\lambda \sum_j |z_j|\), the mean over the batch.

    Args:
        weight: lambda.

    References:
        Olshausen, Field, Emergence of simple-cell receptive field properties by learning a sparse code for natural
        images, 1996, doi:10.1038/381607a0.
    """

    weight: float
    name: ClassVar[str] = "sparsity"
    requires: ClassVar[frozenset[Need]] = frozenset({Need.REPARAMETERISED})

    def __call__(self, model: VAE, trace: Trace, step: Step) -> Tensor:
        """The weighted mean."""
        return self.weight * torch.cat([z.flatten(2).abs() for z in trace.draw.z], dim=2).sum(2).mean()
