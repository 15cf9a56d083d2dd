"""What an autoencoder minimises: the reconstruction term alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from latentia import bounds
from latentia.conditionals import Need
from latentia.model import VAE
from latentia.objectives.protocol import Loss, Step


@dataclass(frozen=True, slots=True)
class Reconstruction:
    """Minimise -log p(x | z(x)). There is no bound to report, and none is.

    References:
        Rumelhart, Hinton, Williams, Learning representations by back-propagating errors, 1986; Hinton, Salakhutdinov,
        Reducing the dimensionality of data with neural networks, 2006.
    """

    requires: ClassVar[frozenset[Need]] = frozenset({Need.REPARAMETERISED})

    def __call__(self, model: VAE, x: Tensor, step: Step, player: int = 0) -> Loss:
        """The loss of one batch."""
        reconstruction = bounds.reconstruction(model.trace(x))
        return Loss(-reconstruction.mean(), {"reconstruction": reconstruction})
