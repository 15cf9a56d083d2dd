"""What an autoencoder minimises: the reconstruction term, and whatever penalties are added."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from latentia import bounds
from latentia.conditionals import Need
from latentia.model import VAE
from latentia.objectives.penalty import Penalty, critic_of, critic_turn, penalised, required
from latentia.objectives.protocol import Loss, Step


@dataclass(frozen=True, slots=True)
class Reconstruction:
    """Minimise -log p(x | z(x)) and penalties. There is no bound to report, and none is.

    Args:
        penalties: Terms added to the loss.

    References:
        Rumelhart, Hinton, Williams, Learning representations by back-propagating errors, 1986; Hinton, Salakhutdinov,
        Reducing the dimensionality of data with neural networks, 2006.
    """

    penalties: tuple[Penalty, ...] = ()

    @property
    def requires(self) -> frozenset[Need]:
        """Differentiable codes, and what the penalties need."""
        return frozenset({Need.REPARAMETERISED}) | required(self.penalties)

    @property
    def critic(self) -> nn.Module | None:
        """The penalties' critic."""
        return critic_of(self.penalties)

    def __call__(self, model: VAE, x: Tensor, step: Step, player: int = 0) -> Loss:
        """The loss of one batch."""
        if player == 1:
            return critic_turn(self.penalties, model, x, step)
        trace = model.trace(x)
        reconstruction = bounds.reconstruction(trace)
        plain = Loss(-reconstruction.mean(), {"reconstruction": reconstruction})
        return penalised(plain, self.penalties, model, trace, step)
