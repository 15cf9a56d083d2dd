"""Sums of an epoch's terms, kept on the device: nothing waits for them until someone reads."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


class Meter:
    """Sums of the loss and of each term over the examples of an epoch.

    Sums are taken batch by batch in float64 (float32 on devices without it), so they do not depend on where a run was
    stopped and resumed.

    Args:
        device: Where the terms are.
    """

    def __init__(self, device: torch.device) -> None:
        self._dtype = torch.float32 if device.type == "mps" else torch.float64
        self._device = device
        self.names: tuple[str, ...] = ()
        self.loss = torch.zeros((), dtype=self._dtype, device=device)
        self.terms = torch.zeros(0, dtype=self._dtype, device=device)
        self.count = 0

    def add(self, loss: Tensor, terms: dict[str, Tensor], count: int) -> None:
        """Takes in one batch.

        Args:
            loss: Scalar, the mean over the batch.
            terms: Name to `[B]`, the same names at every batch of an epoch.
            count: B.
        """
        self.loss.add_(loss, alpha=count)
        if terms:
            if not self.names:
                self.names = tuple(terms)
                self.terms = torch.zeros(len(terms), dtype=self._dtype, device=self._device)
            self.terms.add_(torch.stack([terms[name] for name in self.names]).sum(1, dtype=self._dtype))
        self.count += count

    def reset(self) -> None:
        """Starts an epoch."""
        self.loss.zero_()
        self.terms.zero_()
        self.count = 0

    def means(self) -> dict[str, float]:
        """The loss and each term, averaged over the examples seen; waits for the device."""
        if self.count == 0:
            return {}
        values = torch.cat([self.loss.reshape(1), self.terms]).tolist()
        return {name: value / self.count for name, value in zip(("loss", *self.names), values, strict=True)}

    def restore(self, names: Sequence[str], loss: Tensor, terms: Tensor, count: int) -> None:
        """Puts saved sums back."""
        self.names, self.count = tuple(names), count
        self.loss = loss.to(self._device, self._dtype).clone()
        self.terms = terms.to(self._device, self._dtype).clone()
