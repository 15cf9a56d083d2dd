"""An encoder that hardly moves when x does: the contractive autoencoder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from latentia.conditionals import Need
from latentia.distributions import factor_means
from latentia.latents import Trace
from latentia.model import VAE
from latentia.objectives.penalties.jacobian import squared_jacobian
from latentia.objectives.protocol import Step


@dataclass(frozen=True, slots=True)
class Contraction:
    r"""\(\lambda\, \|\partial z(x)/\partial x\|_F^2\), the mean over the batch.

    x is in the units that the likelihood scores.

    Args:
        weight: lambda.
        probes: Random directions of a Hutchinson estimate; 0 is exact and takes a backward pass for each latent
            dimension.

    References:
        Rifai, Vincent, Muller, Glorot, Bengio, Contractive auto-encoders, 2011.
    """

    weight: float
    probes: int = 0
    name: ClassVar[str] = "contraction"
    requires: ClassVar[frozenset[Need]] = frozenset({Need.REPARAMETERISED})

    def __call__(self, model: VAE, trace: Trace, step: Step) -> Tensor:
        """The weighted mean."""

        def codes(x: Tensor) -> Tensor:
            drawn = model.latents.infer(model.encoder(x), pick=factor_means)
            return torch.cat([z[0].flatten(1) for z in drawn.z], dim=1)

        return self.weight * squared_jacobian(codes, trace.x, self.probes).mean()
