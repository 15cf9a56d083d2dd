"""Labels of any kind turned into codes and names of classes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from latentia.data.reading import Array
from latentia.data.spec import SplitName
from latentia.errors import DataError

MAX_CLASSES = 10_000
"""More distinct labels than this are no classes."""


def encode_labels(
    labels: Mapping[SplitName, Any],
) -> tuple[dict[SplitName, Array], tuple[str, ...]]:
    """Number the classes in sorted order, over all splits together.

    Args:
        labels: Labels of each split that has them: whole numbers, truth values or text, `[N]` or `[N, 1]`.

    Returns:
        Codes `[N]` int64 of each split, and the names of the classes.

    Raises:
        DataError: Labels that name no classes.

    >>> codes, classes = encode_labels({"train": np.array(["cat", "dog", "cat"])})
    >>> codes["train"].tolist(), classes
    ([0, 1, 0], ('cat', 'dog'))
    """
    flat = {name: flat_labels(each, name) for name, each in labels.items()}
    kinds = {"text" if each.dtype.kind == "U" else "numbers" for each in flat.values()}
    if len(kinds) > 1:
        raise DataError("labels are text in one split and numbers in another; give them alike")
    distinct, codes = np.unique(np.concatenate(list(flat.values())), return_inverse=True)
    if len(distinct) > MAX_CLASSES:
        raise DataError(f"labels have {len(distinct)} distinct values; more than {MAX_CLASSES} are no classes")
    parts = np.split(codes.astype(np.int64), np.cumsum([len(each) for each in flat.values()])[:-1])
    return dict(zip(flat, parts, strict=True)), tuple(str(each) for each in distinct.tolist())


def flat_labels(given: Any, name: str) -> Array:
    """Labels as one dimension of whole numbers, truth values or text.

    Args:
        given: Anything array-like.
        name: Whose labels, for messages.

    Returns:
        `[N]`.

    Raises:
        DataError: Labels that name no classes.
    """
    if type(given).__module__.startswith("torch"):
        given = given.detach().cpu().numpy()
    try:
        labels = np.asarray(given)
    except (ValueError, TypeError) as error:
        raise DataError(f"{name} labels are no array: {str(error).splitlines()[0]}") from error
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim != 1:
        raise DataError(f"{name} labels have shape {labels.shape}; give one label a row, shape (N,)")
    if labels.dtype.kind == "O" and all(isinstance(each, str) for each in labels):
        return labels.astype(str)
    if labels.dtype.kind == "f" and np.isfinite(labels).all() and (labels == np.floor(labels)).all():
        return labels.astype(np.int64)
    if labels.dtype.kind == "T":
        return labels.astype(str)
    if labels.dtype.kind == "S":
        return np.char.decode(labels, "utf-8", "backslashreplace")
    if labels.dtype.kind not in "biuU":
        raise DataError(f"{name} labels ({labels.dtype}) name no classes; give whole numbers or text")
    return labels
