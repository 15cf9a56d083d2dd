"""What a run tells those who watch it: values, readable without importing torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from latentia.train.plan import Plan
from latentia.train.schedule import Horizon


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """A run begins or goes on.

    Attributes:
        plan: Its plan.
        horizon: Its length.
        num_examples: Training rows.
        step: Optimiser steps done before; 0 for a new run.
        reported: The step of the last row of metrics that counts; -1 if none does. Later rows will come again.
        device: Where it computes.
        folder: Where it is saved, if anywhere.
    """

    plan: Plan
    horizon: Horizon
    num_examples: int
    step: int
    reported: int
    device: str
    folder: Path | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """The run at this moment, a few times a second.

    Attributes:
        epoch: The open epoch, counted from 1.
        epochs: Epochs of the whole run, where known.
        step: Optimiser steps done.
        fraction: How much of the run is done, 0 to 1.
        train: The loss and its terms, averaged over the open epoch so far, in nats.
        validation: The last validation's figures.
        examples_per_second: Since the epoch or the session began.
        remaining: Seconds that the rest may take.
    """

    epoch: int
    epochs: int | None
    step: int
    fraction: float
    train: Mapping[str, float]
    validation: Mapping[str, float]
    examples_per_second: float
    remaining: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """An epoch's figures: one row of metrics.

    Attributes:
        epoch: Counted from 1; the last one may have been trained in part.
        epochs: Epochs of the whole run, where known.
        step: Optimiser steps done.
        train: The loss and its terms, averaged over the epoch, in nats.
        validation: The validation's figures; empty where the epoch was not validated.
        best: Whether this validation is the best so far; None where no one asks.
        learning_rate: Of the last step.
        kl_weight: Of the last step.
        examples_per_second: While training.
        seconds: Since the run began, over all sessions.
        last: Whether this is the run's last row.
    """

    epoch: int
    epochs: int | None
    step: int
    train: Mapping[str, float]
    validation: Mapping[str, float] = field(default_factory=dict)
    best: bool | None = None
    learning_rate: float
    kl_weight: float
    examples_per_second: float
    seconds: float
    last: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """A run is over for now.

    Attributes:
        reason: `epochs`, `steps`, `minutes`, `patience`, `interrupted` or `failed`.
        step: Optimiser steps done.
        seconds: Over all sessions.
        weights: Which weights are kept: `last`, `average` or `best`.
        validation: Their validation.
    """

    reason: str
    step: int
    seconds: float
    weights: str
    validation: Mapping[str, float]


class Reporter(Protocol):
    """Watches a run. A reporter that cannot write says so once, by `OSError`, and is not asked again."""

    def start(self, event: Start) -> None:
        """Before the first step."""
        ...

    def live(self, event: Live) -> None:
        """A few times a second."""
        ...

    def row(self, event: Row) -> None:
        """After every epoch."""
        ...

    def message(self, text: str) -> None:
        """Something a person should know: one line."""
        ...

    def end(self, event: End) -> None:
        """After the last step, however it came about."""
        ...
