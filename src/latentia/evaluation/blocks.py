"""Rows of a split in blocks whose bounds never depend on the caller, so that every row meets the same noise.

Distributions draw for all rows of a batch at once. Were the batch the caller's choice, so would be the noise, and with
it the numbers; here it is a function of the model and of K alone. Grey pixels that are binarised are so from a stream
of their own: importance sampling, annealing and local optimisation, at whatever K, score the very same x.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from latentia.data.source import Resident, Source
from latentia.data_model import DataModel, seeded
from latentia.errors import ConfigurationError, DataError

READ = 512
"""Rows that are read and prepared at once."""


@dataclass(frozen=True, slots=True)
class Block:
    """Consecutive rows.

    Attributes:
        raw: `[B, *shape]`, in the data's units.
        x: `[B, *shape]`, as the likelihood scores them.
        offset: `[B]` float64 on the CPU: log|dx/draw|, what turns log p(x) into log p(raw), in nats.
    """

    raw: Tensor
    x: Tensor
    offset: Tensor


def blocks(model: DataModel, source: Source, rows: int, *, seed: int) -> Iterator[Block]:
    """Walk over a split.

    Args:
        model: Prepares the rows.
        source: The split.
        rows: Of a block, at most.
        seed: Of the binarisation, where there is one.

    Yields:
        Blocks, in order.

    Raises:
        DataError: There are no rows.
    """
    if len(source) == 0:
        raise DataError("there are no rows to evaluate: the split is empty")
    for number, batch in enumerate(source.batches(READ, seed=None)):
        raw = batch.x.to(model.device)
        with seeded(stream(seed, "binarisation", number), model.device):
            x = model.preparation(raw)
        offset = offsets(model, raw)
        parts = (each.split(rows) for each in (raw, x, offset))
        yield from (Block(*part) for part in zip(*parts, strict=True))


def offsets(model: DataModel, raw: Tensor) -> Tensor:
    """What turns log p(x) into log p(raw), row by row: missing cells have no part in it.

    Args:
        model: Its preparation knows the change of variables.
        raw: `[B, *shape]`, in the data's units.

    Returns:
        `[B]` float64 on the CPU, in nats.
    """
    if model.spec.missing > 0:
        return model.preparation.log_scale_of(raw).double().cpu()
    return torch.full((len(raw),), model.preparation.log_scale, dtype=torch.float64)


def stream(seed: int, *purpose: str | int) -> int:
    """A seed for one purpose, unrelated to those of all others.

    Args:
        seed: The caller's.
        purpose: What it is for.

    Returns:
        A number of 63 bits.

    >>> stream(0, "binarisation", 1) == stream(0, "binarisation", 1) != stream(1, "binarisation", 1)
    True
    """
    digest = hashlib.sha256(":".join(map(str, (seed, *purpose))).encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def some_rows(source: Source, count: int | None) -> Resident:
    """Evenly spaced rows of a split, for measurements that are too dear for all of them.

    Args:
        source: The split.
        count: How many at most; None for all.

    Returns:
        A source in memory.

    Raises:
        ConfigurationError: Fewer than one.
        DataError: There are no rows.
    """
    if count is not None and count < 1:
        raise ConfigurationError(f"{count} rows were asked for; give at least 1, or None for all")
    if len(source) == 0:
        raise DataError("there are no rows to evaluate: the split is empty")
    total = len(source)
    if count is None or count >= total:
        return Resident(torch.cat([batch.x for batch in source.batches(READ, seed=None)]))
    wanted = torch.arange(count) * total // count
    kept, first = [], 0
    for batch in source.batches(READ, seed=None):
        inside = wanted[(wanted >= first) & (wanted < first + len(batch.x))] - first
        kept.append(batch.x[inside.to(batch.x.device)])
        first += len(batch.x)
    return Resident(torch.cat(kept))
