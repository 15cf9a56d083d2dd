"""The total correlation of the codes, measured by a critic: FactorVAE."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from latentia.conditionals import Need
from latentia.latents import Trace
from latentia.model import VAE
from latentia.nets import Critic
from latentia.objectives.penalties.contest import cross_entropy
from latentia.objectives.protocol import Step


def permuted(z: Tensor) -> Tensor:
    """Each dimension shuffled over the rows by itself: the marginals stay, what they know of each other goes.

    Args:
        z: `[B, D]`.

    Returns:
        `[B, D]`.

    >>> rows = permuted(torch.arange(6.0).reshape(3, 2))
    >>> rows.sort(0).values
    tensor([[0., 1.],
            [2., 3.],
            [4., 5.]])
    """
    return z.gather(0, torch.rand(z.shape, device=z.device).argsort(0))


@dataclass(frozen=True, slots=True, eq=False)
class CriticTotalCorrelation:
    r"""\(\gamma\, KL(q(z) \| \prod_j q(z_j))\), by the density-ratio trick.

    A critic tells codes from codes permuted in each dimension; at its best its log-odds are the logarithm of the
    ratio of the two densities, whose mean over codes is the total correlation. The paper permutes a second batch;
    here it is the same one, with other draws of z.

    Args:
        weight: gamma.
        critic: Over codes `[*lead, D]`.

    References:
        Kim, Mnih, Disentangling by factorising, 2018, arXiv:1802.05983.
    """

    weight: float
    critic: Critic
    name: ClassVar[str] = "total_correlation"
    requires: ClassVar[frozenset[Need]] = frozenset({Need.REPARAMETERISED, Need.ONE_GROUP})

    def __call__(self, model: VAE, trace: Trace, step: Step) -> Tensor:
        """The weighted mean of the log-odds over the codes."""
        _, odds = self.critic.held(trace.draw.z[0].flatten(2))
        return self.weight * odds.mean()

    def critic_loss(self, model: VAE, trace: Trace, step: Step) -> Tensor:
        """The cross-entropy of telling codes from permuted ones."""
        z = trace.draw.z[0][0].flatten(1)
        return cross_entropy(self.critic(z), self.critic(permuted(z)))
