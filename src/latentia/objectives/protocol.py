"""The meeting of a model and an objective."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from torch import Tensor, nn

from latentia.conditionals import Need
from latentia.errors import CompatibilityError
from latentia.model import VAE


@dataclass(frozen=True, slots=True)
class Step:
    """Where training stands.

    Attributes:
        index: Optimiser steps taken.
        kl_weight: The annealing factor of the KL term, 0 to 1; the objective's own beta multiplies it.
        fraction: How much of the run is over, 0 to 1: what schedules of objectives follow. Evaluation stands at 1.
    """

    index: int = 0
    kl_weight: float | Tensor = 1.0
    fraction: float | Tensor = 1.0


@dataclass(frozen=True, slots=True)
class Loss:
    """A scalar to minimise and what it is made of.

    Attributes:
        loss: Scalar, in nats for each example.
        terms: Name to `[B]`, in nats: always honest bounds and their parts, whatever the loss weighs.
    """

    loss: Tensor
    terms: dict[str, Tensor] = field(default_factory=dict)


class Objective(Protocol):
    """What is minimised; with a critic, two players take turns.

    Player 0 is the model. Player 1, where there is one, is `critic`: a network of the objective's own (a
    discriminator, a learned baseline) that is trained beside the model and is no part of it.
    """

    @property
    def requires(self) -> frozenset[Need]:
        """What the model must provide."""
        ...

    @property
    def critic(self) -> nn.Module | None:
        """The second player's network, or None."""
        ...

    def __call__(self, model: VAE, x: Tensor, step: Step, player: int = 0) -> Loss:
        """The loss of one batch x `[B, *shape]` for one of the players; the gradients of the other are not used."""
        ...


def require(model: VAE, objective: Objective) -> None:
    """Refuse a pair that cannot work together, when they meet and not in the middle of training.

    Args:
        model: What is to be trained.
        objective: What is to be minimised.

    Raises:
        CompatibilityError: Names what is missing and what would fit.
    """
    advice = {
        Need.REPARAMETERISED: "choose a posterior with differentiable samples, such as diagonal or relaxed_bernoulli, "
        "or an estimator by the score function, such as score_loo",
        Need.DENSITY: "choose a prior and a posterior with densities, or an autoencoder's objective",
        Need.ONE_GROUP: "choose a model with a single group of latent variables",
        Need.EVALUABLE: "choose a posterior whose density is known at any z, such as diagonal, full, maf or spline",
        Need.FACTORISED: "choose a posterior and a prior with independent dimensions, such as diagonal and standard",
        Need.MOMENTS: "choose a posterior whose mean and variance are known, such as diagonal",
        Need.SAMPLES: "choose a prior that can be sampled, such as standard",
    }
    missing = sorted(objective.requires - model.provides)
    if missing:
        reasons = "; ".join(f"{need.value}: {advice[need]}" for need in missing)
        raise CompatibilityError(f"{type(objective).__name__} needs what this model does not provide ({reasons})")
