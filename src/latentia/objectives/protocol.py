"""The meeting of a model and an objective."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from torch import Tensor

from latentia.conditionals import Need
from latentia.errors import CompatibilityError
from latentia.model import VAE


@dataclass(frozen=True, slots=True)
class Step:
    """Where training stands.

    Attributes:
        index: Optimiser steps taken.
        kl_weight: The annealing factor of the KL term, 0 to 1; the objective's own beta multiplies it.
    """

    index: int = 0
    kl_weight: float | Tensor = 1.0


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
    """What is minimised; with a critic, several players take turns."""

    @property
    def requires(self) -> frozenset[Need]:
        """What the model must provide."""
        ...

    def __call__(self, model: VAE, x: Tensor, step: Step, player: int = 0) -> Loss:
        """The loss of one batch x `[B, *shape]`."""
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
        Need.REPARAMETERISED: "choose a posterior with differentiable samples",
        Need.DENSITY: "choose a prior and a posterior with densities, or an autoencoder's objective",
        Need.ONE_GROUP: "choose a model with a single group of latent variables",
    }
    missing = sorted(objective.requires - model.provides)
    if missing:
        reasons = "; ".join(f"{need.value}: {advice[need]}" for need in missing)
        raise CompatibilityError(f"{type(objective).__name__} needs what this model does not provide ({reasons})")
