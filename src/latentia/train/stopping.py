"""The best validation bound, and when to stop waiting for a better one."""

from __future__ import annotations

import math
from collections.abc import Mapping

from latentia.errors import ConfigurationError
from latentia.train.plan import Plan
from latentia.train.state import State

MEASURES = ("objective", "bound", "elbo", "reconstruction")
"""What is compared, the first that the validation reports: in nats, the higher the better."""


def measure(validation: Mapping[str, float]) -> float:
    """The figure that early stopping looks at.

    Raises:
        ConfigurationError: The validation reports none.
    """
    for name in MEASURES:
        if name in validation:
            return validation[name]
    raise ConfigurationError(
        f"patience: early stopping needs a validation that reports one of {', '.join(MEASURES)}; leave patience unset"
    )


def consider(state: State, plan: Plan, epoch: int) -> bool:
    """Keeps the weights of this epoch if its validation is the best so far, and says whether it is.

    While the KL divergence has not its full weight, the bound is not what is trained: such epochs do not count.
    """
    progress = state.progress
    if plan.patience is None or epoch < plan.kl_warmup:
        return False
    value = measure(progress.validation)
    if not math.isfinite(value) or (progress.best is not None and value <= progress.best):
        return False
    progress.best, progress.best_epoch, progress.best_validation = value, epoch, dict(progress.validation)
    state.keep_best()
    return True


def exhausted(state: State, plan: Plan) -> bool:
    """Whether the best epoch lies `patience` closed epochs back."""
    progress = state.progress
    return (
        plan.patience is not None
        and progress.best is not None
        and progress.epoch - progress.best_epoch >= plan.patience
    )
