"""Every way of dividing a pool of rows into two sets: an exact average over exchangeable sets, without Monte Carlo."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations

import torch
from torch import Tensor


def splits(pool: Tensor, first: int) -> Iterator[tuple[Tensor, Tensor]]:
    """All pairs of disjoint sets that make up the pool, the first of `first` rows."""
    for chosen in combinations(range(len(pool)), first):
        mask = torch.zeros(len(pool), dtype=torch.bool)
        mask[list(chosen)] = True
        yield pool[mask], pool[~mask]


def average(pool: Tensor, first: int, measure: Callable[[Tensor, Tensor], float]) -> tuple[float, float]:
    """Mean and variance of a measure over all of them."""
    values = torch.tensor([measure(a, b) for a, b in splits(pool, first)], dtype=torch.float64)
    return float(values.mean()), float(values.var(correction=0))


def normal(rows: int, columns: int, *, seed: int = 0) -> Tensor:
    """Standard normal rows in float64."""
    return torch.randn(rows, columns, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
