"""What a finished run hands back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The end of a run; the model it was given holds the weights that are kept.

    Attributes:
        reason: Why it ended: `epochs`, `steps`, `minutes` or `patience`.
        steps: Optimiser steps done.
        epochs: Epochs done in full.
        seconds: Of training, over all sessions.
        weights: Which weights the model holds: `last`, `average` or `best`.
        validation: Their validation; empty if none was asked for.
        best_epoch: The epoch of the best weights, counted from 1; None without `patience`.
    """

    reason: str
    steps: int
    epochs: int
    seconds: float
    weights: str
    validation: Mapping[str, float]
    best_epoch: int | None
