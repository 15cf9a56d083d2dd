"""A data set: its description and its three splits."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch

from latentia.data.source import Resident
from latentia.data.spec import DataSpec, SplitName


@dataclass(frozen=True)
class Dataset:
    """Training, validation and test rows, and what is known of them.

    Args:
        spec: The description.
        train: Rows to learn from.
        validation: Rows to stop and to choose by.
        test: Rows to report on.
        notes: What was noticed while reading, one sentence each, for printing.
        skipped: Files that could not be read, each with the reason.
    """

    spec: DataSpec
    train: Resident
    validation: Resident
    test: Resident
    notes: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()

    def split(self, name: SplitName) -> Resident:
        """One of the splits by its name."""
        return {"train": self.train, "validation": self.validation, "test": self.test}[name]

    def to(self, device: torch.device | str) -> Dataset:
        """The same data on another device."""
        return replace(
            self, train=self.train.to(device), validation=self.validation.to(device), test=self.test.to(device)
        )
