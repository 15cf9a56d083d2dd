"""How long a run lasts, and the learning rate and KL weight at each of its steps: pure functions."""

from __future__ import annotations

import math
from dataclasses import dataclass

from latentia.train.plan import Plan

DEFAULT_STEPS = 8_000
FEWEST_EPOCHS, MOST_EPOCHS = 5, 500


@dataclass(frozen=True, slots=True)
class Horizon:
    """The length of a run, resolved from the plan and the size of the data.

    Args:
        steps_per_epoch: Optimiser steps in one pass over the data; the last one may see fewer examples.
        total_steps: Optimiser steps of the whole run, or None where the clock limits it.
        seconds: Wall-clock limit, or None where steps limit the run.
    """

    steps_per_epoch: int
    total_steps: int | None
    seconds: float | None

    @classmethod
    def resolve(cls, plan: Plan, num_examples: int) -> Horizon:
        """Resolves `epochs`, `steps` or `minutes`, or the default, for `num_examples` training rows.

        >>> Horizon.resolve(Plan(), 1_437).total_steps      # 12 steps an epoch: capped at 500 epochs
        6000
        >>> Horizon.resolve(Plan(epochs=2, batch_size=10, accumulate=2), 45).total_steps
        6
        """
        per_epoch = math.ceil(num_examples / (plan.batch_size * plan.accumulate))
        if plan.minutes is not None:
            return cls(per_epoch, None, plan.minutes * 60)
        if plan.steps is not None:
            return cls(per_epoch, plan.steps, None)
        default = min(max(math.ceil(DEFAULT_STEPS / per_epoch), FEWEST_EPOCHS), MOST_EPOCHS)
        epochs = plan.epochs if plan.epochs is not None else default
        return cls(per_epoch, epochs * per_epoch, None)

    @property
    def epochs(self) -> int | None:
        """Epochs of the whole run, the last one perhaps in part; None where the clock limits it."""
        return None if self.total_steps is None else math.ceil(self.total_steps / self.steps_per_epoch)

    def fraction(self, step: int, elapsed: float) -> float:
        """How much of the run lies behind: steps done over all steps, or seconds over the limit; at most 1."""
        if self.total_steps is not None:
            return min(step / self.total_steps, 1.0)
        assert self.seconds is not None
        return min(elapsed / self.seconds, 1.0)

    def over(self, step: int, elapsed: float) -> bool:
        """Whether the limit is reached."""
        return self.fraction(step, elapsed) >= 1.0


def learning_rate(plan: Plan, step: int, fraction: float) -> float:
    r"""The learning rate of optimiser step `step` (from 0), with `fraction` of the run behind it.

    \( \eta_t = \eta \, \min(1, (t + 1) / w) \, d(f) \), where d is 1 (constant), 1 - f (linear) or
    (1 + cos(pi f)) / 2 (cosine).

    >>> learning_rate(Plan(learning_rate=0.1, warmup_steps=4), 1, 0.0)
    0.05
    >>> learning_rate(Plan(learning_rate=0.1, schedule="linear"), 5, 0.5)
    0.05
    """
    rise = min(1.0, (step + 1) / plan.warmup_steps) if plan.warmup_steps else 1.0
    if plan.schedule == "linear":
        fall = 1.0 - fraction
    elif plan.schedule == "cosine":
        fall = 0.5 * (1.0 + math.cos(math.pi * fraction))
    else:
        fall = 1.0
    return plan.learning_rate * rise * fall


def kl_weight(plan: Plan, step: int, steps_per_epoch: int) -> float:
    """The weight of the KL divergence at optimiser step `step`: from 0 to 1 over `plan.kl_warmup` epochs, then 1.

    >>> [kl_weight(Plan(kl_warmup=2), step, 2) for step in (0, 1, 2, 4, 9)]
    [0.0, 0.25, 0.5, 1.0, 1.0]
    """
    length = plan.kl_warmup * steps_per_epoch
    return min(1.0, step / length) if length > 0 else 1.0
