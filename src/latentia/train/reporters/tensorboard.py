"""TensorBoard event files beside the metrics, if the extra is installed."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from latentia.errors import MissingExtraError
from latentia.train.reporters.events import End, Live, Row, Start

FOLDER = "tensorboard"


def available() -> bool:
    """Whether the extra is installed."""
    return find_spec("tensorboard") is not None


class TensorBoard:
    """Writes each row of metrics as scalars, `train/elbo`, `validation/kl`, ..., over optimiser steps.

    Args:
        folder: Where the event files go.

    Raises:
        MissingExtraError: The extra is not installed.
    """

    def __init__(self, folder: Path) -> None:
        if not available():
            raise MissingExtraError("TensorBoard events need the extra: pip install 'latentia[tensorboard]'")
        self.folder = folder
        self._writer: Any = None

    def start(self, event: Start) -> None:
        """Opens a file; events after a resumed checkpoint are marked as void."""
        from torch.utils.tensorboard import SummaryWriter

        purge = event.reported + 1 if event.step > 0 else None
        self._writer = SummaryWriter(str(self.folder), purge_step=purge)

    def live(self, event: Live) -> None:
        """Nothing: a point is an epoch."""

    def row(self, event: Row) -> None:
        """Adds a point to each curve."""
        rates = {"learning_rate": event.learning_rate, "kl_weight": event.kl_weight}
        groups: dict[str, Mapping[str, float]] = {
            "train": event.train,
            "validation": event.validation,
            "schedule": rates,
        }
        for group, figures in groups.items():
            for name, value in figures.items():
                self._writer.add_scalar(f"{group}/{name}", value, event.step)
        self._writer.flush()

    def message(self, text: str) -> None:
        """Nothing: messages are for people."""

    def end(self, event: End) -> None:
        """Closes the file."""
        if self._writer is not None:
            self._writer.close()
