"""Terms that an objective adds to its loss."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol, TypeGuard

import torch
from torch import Tensor, nn

from latentia.conditionals import Need
from latentia.latents import Trace
from latentia.model import VAE
from latentia.objectives.protocol import Loss, Step


class Penalty(Protocol):
    """Something else that is minimised beside a bound or a reconstruction."""

    @property
    def name(self) -> str:
        """Under which its value is reported."""
        ...

    @property
    def requires(self) -> frozenset[Need]:
        """What the model must provide."""
        ...

    def __call__(self, model: VAE, trace: Trace, step: Step) -> Tensor:
        """The scalar that is added to the loss, its weight included, in nats for each example.

        Args:
            model: The model.
            trace: Of the batch, with the objective's own samples.
            step: Where training stands.
        """
        ...


class Adversary(Penalty, Protocol):
    """A penalty that a second player measures."""

    @property
    def critic(self) -> nn.Module:
        """The second player's network."""
        ...

    def critic_loss(self, model: VAE, trace: Trace, step: Step) -> Tensor:
        """What the second player minimises: a scalar. The trace carries no gradient."""
        ...


def is_adversary(penalty: Penalty) -> TypeGuard[Adversary]:
    """Whether a penalty brings a second player."""
    return hasattr(penalty, "critic_loss")


def required(penalties: Iterable[Penalty]) -> frozenset[Need]:
    """What several penalties require together."""
    return frozenset().union(*(penalty.requires for penalty in penalties))


def critic_of(penalties: Iterable[Penalty]) -> nn.Module | None:
    """The second player's network, if a penalty brings one."""
    return next((penalty.critic for penalty in penalties if is_adversary(penalty)), None)


def penalised(loss: Loss, penalties: Sequence[Penalty], model: VAE, trace: Trace, step: Step) -> Loss:
    """A loss with penalties added, each reported under its name (the same number for every row).

    Args:
        loss: What is minimised without them.
        penalties: Zero or more.
        model: The model.
        trace: Of the batch.
        step: Where training stands.

    Returns:
        The sum and its terms.
    """
    total, terms = loss.loss, dict(loss.terms)
    for penalty in penalties:
        value = penalty(model, trace, step)
        total = total + value
        terms[penalty.name] = value.detach().expand(trace.lead[1])
    return Loss(total, terms)


def critic_turn(penalties: Sequence[Penalty], model: VAE, x: Tensor, step: Step) -> Loss:
    """The second player's loss on a batch: the model is walked anew, without gradients.

    Args:
        penalties: One of them an `Adversary`.
        model: The model.
        x: `[B, *shape]`.
        step: Where training stands.

    Returns:
        Its loss, reported as `critic`.
    """
    with torch.no_grad():
        trace = model.trace(x)
    adversary = next(penalty for penalty in penalties if is_adversary(penalty))
    loss = adversary.critic_loss(model, trace, step)
    return Loss(loss, {"critic": loss.detach().expand(x.shape[0])})
