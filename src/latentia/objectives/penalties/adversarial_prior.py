"""Codes made to look like draws from the prior, with a critic as the judge: the adversarial autoencoder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from latentia.conditionals import Need
from latentia.distributions import draw
from latentia.latents import Trace
from latentia.model import VAE
from latentia.nets import Critic
from latentia.objectives.penalties.contest import cross_entropy, unconvinced
from latentia.objectives.protocol import Step


@dataclass(frozen=True, slots=True, eq=False)
class AdversarialPrior:
    r"""\(-\lambda\, E_{q(z)}[\log D(z)]\), where D tells draws from the prior from codes.

    The paper takes a separate optimiser step for it; here it is a term of one loss, hence the weight.

    Args:
        weight: lambda.
        critic: Over codes `[*lead, D]`.

    References:
        Makhzani, Shlens, Jaitly, Goodfellow, Frey, Adversarial autoencoders, 2016, arXiv:1511.05644.
    """

    weight: float
    critic: Critic
    name: ClassVar[str] = "adversarial_prior"
    requires: ClassVar[frozenset[Need]] = frozenset({Need.REPARAMETERISED, Need.SAMPLES, Need.ONE_GROUP})

    def __call__(self, model: VAE, trace: Trace, step: Step) -> Tensor:
        """The weighted cost of being recognised."""
        _, odds = self.critic.held(trace.draw.z[0].flatten(2))
        return self.weight * unconvinced(odds)

    def critic_loss(self, model: VAE, trace: Trace, step: Step) -> Tensor:
        """The cross-entropy of telling draws from the prior from codes."""
        z = trace.draw.z[0].flatten(2)
        draws = draw(trace.draw.p[0], trace.lead).detach().flatten(2)
        return cross_entropy(self.critic(draws), self.critic(z))
