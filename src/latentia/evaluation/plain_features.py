"""Rows as plain numbers, for methods that know no VAE: what a baseline is given beside a model."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from latentia.data.source import Resident, Source
from latentia.data.spec import DataSpec

Array = npt.NDArray[Any]


def plain_features(spec: DataSpec, x: Tensor) -> Array:
    """Columns standardised by the training rows, categories as one column each, pictures flattened.

    A missing value becomes the mean of its column; a constant column is centred and not scaled.

    Args:
        spec: What the data are; its statistics are those of the training rows.
        x: `[N, *shape]` in the data's units.

    Returns:
        `[N, F]`, float32 of pictures and float64 of columns; F is the number of dimensions, or more where there are
        categories.

    >>> import numpy as np
    >>> from latentia.data import load_data
    >>> data = load_data(np.array([[0.0, 5.0], [2.0, 5.0]]), validation=[[4.0, 5.0]], test=[[1.0, 5.0]])
    >>> plain_features(data.spec, data.validation.x).tolist()
    [[3.0, 0.0]]
    """
    wide = torch.float32 if spec.kind == "image" else torch.float64
    column = (-1, *[1] * (len(spec.shape) - 1))
    mean = torch.tensor(spec.mean, dtype=wide).view(column)
    std = torch.tensor([each or 1.0 for each in spec.std], dtype=wide).view(column)
    scaled = ((x.cpu().to(wide) - mean) / std).nan_to_num(0.0)
    if spec.columns is None:
        return scaled.flatten(1).numpy()
    parts = []
    for index, each in enumerate(spec.columns):
        if each.coded:
            codes = x[:, index].cpu().to(wide)
            parts.append((codes[:, None] == torch.arange(each.size, dtype=wide)).to(wide))
        else:
            parts.append(scaled[:, index : index + 1])
    return torch.cat(parts, dim=1).numpy()


def some_rows(source: Source, most: int, *, seed: int) -> Resident:
    """All rows of a source in stored order, or as many drawn from it without replacement.

    Args:
        source: The rows.
        most: How many at most.
        seed: Of the choice.

    Returns:
        The rows, in memory.
    """
    few = len(source) <= most
    found, count = [], 0
    for batch in source.batches(min(most, len(source)), seed=None if few else seed):
        found.append(batch.x)
        count += len(batch.x)
        if count >= most:
            break
    return Resident(torch.cat(found)[:most])


def principal_components(train: Array, num: int) -> tuple[Array, Array]:
    """Mean and leading principal directions of rows.

    Args:
        train: `[N, F]`.
        num: How many directions; at most min(N, F) are there.

    Returns:
        `[F]` and `[k, F]`, orthonormal, by falling variance.
    """
    from sklearn.decomposition import PCA

    size = min(num, *train.shape)
    # The randomised solver pays where few of many directions are wanted; its seed is fixed, so the answer is.
    fitted = PCA(size, random_state=0).fit(train)
    return np.asarray(fitted.mean_), np.asarray(fitted.components_)
