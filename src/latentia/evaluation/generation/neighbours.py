"""The nearest training rows of samples, found in one pass over a training set of any size."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from latentia.data.source import Source
from latentia.errors import DataError
from latentia.evaluation.generation.distances import feature_matrix, nearest

_ROWS = 4096


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The nearest rows of a source.

    Attributes:
        distance: `[N, num]`, in rising order.
        index: `[N, num]`, which rows of the source, counted from 0 in stored order.
    """

    distance: Tensor
    index: Tensor


def nearest_in(
    queries: Tensor, source: Source, features: Callable[[Tensor], Tensor], *, num: int = 2, rows: int = _ROWS
) -> Neighbours:
    """The nearest rows of a source for each query; memory does not grow with the source.

    Args:
        queries: Features `[N, F]`.
        source: Rows in the data's units, at least `num`.
        features: Maps them to `[B, F]`.
        num: How many neighbours.
        rows: Rows of the source at a time.

    Returns:
        The neighbours.

    Raises:
        DataError: Too few rows, other features, or features that are not finite.
    """
    if len(source) < num:
        raise DataError(f"{num} nearest rows are asked for, and there are {len(source)}: give more training rows")
    distance = torch.full((len(queries), 0), torch.inf, dtype=torch.float64)
    index = torch.zeros((len(queries), 0), dtype=torch.long)
    for batch in source.batches(rows, seed=None):
        x = feature_matrix(features(batch.x), "features of training rows", columns=queries.shape[1])
        near, which = nearest(queries, x, min(num, len(x)))
        distance = torch.cat([distance, near], dim=1)
        index = torch.cat([index, batch.index.cpu()[which]], dim=1)
        if distance.shape[1] > num:
            distance, order = distance.topk(num, dim=1, largest=False)
            index = index.gather(1, order)
    return Neighbours(distance, index)
