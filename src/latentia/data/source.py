"""A source of batches: the one protocol that training and evaluation read data through."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from latentia.errors import ConfigurationError, DataError


@dataclass(frozen=True, slots=True)
class Batch:
    """Some rows of a source.

    Args:
        x: `[B, *shape]` in the source's own dtype. In stored order it may share memory with the source.
        index: `[B]` int64, which rows of the source these are.
    """

    x: Tensor
    index: Tensor


class Source(Protocol):
    """Rows that come in batches."""

    def __len__(self) -> int:
        """Number of rows."""
        ...

    def batches(self, batch_size: int, *, seed: int | None, epoch: int = 0, start: int = 0) -> Iterator[Batch]:
        """One epoch of batches; the last, shorter one is kept.

        The order is a pure function of (seed, epoch), so (epoch, start) is all there is to remember of a position.

        Args:
            batch_size: Rows in a batch.
            seed: Of the shuffle; None gives the stored order.
            epoch: Which pass over the data.
            start: Number of batches to leave out at the beginning.

        Returns:
            An iterator over the batches from `start` on.
        """
        ...


class Resident:
    """A source kept in memory as one contiguous tensor in its own dtype.

    Args:
        x: `[N, *shape]`.
        labels: `[N]` int64, or None.

    Raises:
        DataError: No rows, or labels of another length.

    >>> source = Resident(torch.arange(5.0)[:, None])
    >>> [batch.x[:, 0].tolist() for batch in source.batches(2, seed=None)]
    [[0.0, 1.0], [2.0, 3.0], [4.0]]
    >>> all_of_it = [batch.index for batch in source.batches(2, seed=7, epoch=3)]
    >>> rest = [batch.index for batch in source.batches(2, seed=7, epoch=3, start=1)]
    >>> all(torch.equal(a, b) for a, b in zip(all_of_it[1:], rest, strict=True))
    True
    """

    def __init__(self, x: Tensor, labels: Tensor | None = None) -> None:
        if x.dim() < 2 or x.numel() == 0:
            raise DataError(f"a source needs at least one row and one column; it was given shape {tuple(x.shape)}")
        if labels is not None and labels.shape != x.shape[:1]:
            raise DataError(f"{tuple(labels.shape)} labels for {len(x)} rows; give one label a row")
        self.x = x.contiguous()
        self.labels = labels

    def __len__(self) -> int:
        return self.x.shape[0]

    def __repr__(self) -> str:
        labels = "" if self.labels is None else ", labelled"
        return f"Resident({tuple(self.x.shape)}, {self.x.dtype}, {self.x.device}{labels})"

    @property
    def device(self) -> torch.device:
        """Where the rows are."""
        return self.x.device

    def to(self, device: torch.device | str) -> Resident:
        """The same rows on another device, in the same dtype."""
        return Resident(self.x.to(device), None if self.labels is None else self.labels.to(device))

    def num_batches(self, batch_size: int) -> int:
        """Batches in an epoch, the short one included."""
        return -(-len(self) // batch_size)

    def batches(self, batch_size: int, *, seed: int | None, epoch: int = 0, start: int = 0) -> Iterator[Batch]:
        """One epoch of batches, each gathered at once from the resident tensor.

        Args:
            batch_size: Rows in a batch.
            seed: Of the shuffle; None gives the stored order.
            epoch: Which pass over the data.
            start: Number of batches to leave out at the beginning.

        Returns:
            An iterator over the batches from `start` on; rows and index on the source's device.

        Raises:
            ConfigurationError: A batch size below 1, or a start outside the epoch.
        """
        if batch_size < 1:
            raise ConfigurationError(f"batch size {batch_size} is not possible; give at least 1")
        if not 0 <= start <= self.num_batches(batch_size):
            raise ConfigurationError(f"batch {start} is outside an epoch of {self.num_batches(batch_size)} batches")
        return self._walk(batch_size, seed, epoch, start)

    def _walk(self, batch_size: int, seed: int | None, epoch: int, start: int) -> Iterator[Batch]:
        rows = len(self)
        order = torch.arange(rows) if seed is None else permutation(rows, seed, epoch)
        order = order.to(self.device)
        for first in range(start * batch_size, rows, batch_size):
            index = order[first : first + batch_size]
            x = self.x[first : first + batch_size] if seed is None else self.x.index_select(0, index)
            yield Batch(x, index)


def permutation(rows: int, *key: int | str) -> Tensor:
    """A permutation that is a pure function of its key, drawn on the CPU without touching torch's own generator.

    Args:
        rows: N.
        key: Seed, epoch, purpose: whatever names this shuffle.

    Returns:
        `[N]` int64.
    """
    # hashed, because neighbouring seeds and epochs must not give related streams, nor (1, 2) the same one as (2, 1)
    digest = hashlib.sha256(":".join(map(str, key)).encode()).digest()
    generator = torch.Generator().manual_seed(int.from_bytes(digest[:8], "big") >> 1)
    return torch.randperm(rows, generator=generator)
