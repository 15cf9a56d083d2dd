"""The negative importance-weighted bound."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from latentia import bounds
from latentia.conditionals import Need
from latentia.model import VAE
from latentia.objectives.protocol import Loss, Step


@dataclass(frozen=True, slots=True)
class IWAE:
    r"""Minimise \(-\log \frac1K \sum_k p(x, z_k)/q(z_k|x)\).

    The reported term `bound` is that bound; `elbo`, `reconstruction` and `kl` come from the same samples, so that runs
    with different K compare.

    Args:
        num_samples: K. The bound tightens with K while the encoder's gradient gets noisier (Rainforth and others, 2018,
            arXiv:1802.04537).

    References:
        Burda, Grosse, Salakhutdinov, Importance weighted autoencoders, 2016, arXiv:1509.00519.
    """

    num_samples: int = 10
    requires: ClassVar[frozenset[Need]] = frozenset({Need.REPARAMETERISED, Need.DENSITY})
    critic: ClassVar[None] = None

    def __call__(self, model: VAE, x: Tensor, step: Step, player: int = 0) -> Loss:
        """The loss of one batch; KL annealing does not apply to it."""
        trace = model.trace(x, num_samples=self.num_samples)
        bound = bounds.iwae(trace)
        reconstruction, divergence = bounds.reconstruction(trace), bounds.divergence(trace)
        terms = {
            "bound": bound,
            "elbo": reconstruction - divergence,
            "reconstruction": reconstruction,
            "kl": divergence,
        }
        return Loss(-bound.mean(), terms)
