"""Arrays of any layout brought into the one layout that data are kept in."""

from __future__ import annotations

from typing import Any

import numpy as np

from latentia.data.reading import Array
from latentia.data.spec import Kind
from latentia.errors import DataError

FITTING_SHAPES = "(N, D) columns, (N,) one column, (N, H, W) or (N, H, W, C) or (N, C, H, W) pictures with C = 1 or 3"
"""The shapes that can be read, for messages."""

_REFUSED = {
    "c": "complex numbers",
    "O": "Python objects",
    "M": "dates",
    "m": "time differences",
    "S": "byte strings",
    "U": "text",
    "T": "text",
    "V": "records",
}


def as_array(data: Any, what: str) -> Array:
    """View anything array-like as a NumPy array of numbers, without copying where that is possible.

    Args:
        data: Array, tensor, nested list of numbers, or anything with `__array__`.
        what: Its name, for messages.

    Returns:
        The array, real numbers of any dtype and layout.

    Raises:
        DataError: Ragged, sparse, masked, or not of real numbers.
    """
    if type(data).__module__.startswith("torch"):
        data = _from_torch(data, what)
    if isinstance(data, np.ma.MaskedArray) and np.ma.is_masked(data):
        raise DataError(f"{what} has masked values; fill or remove them first")
    try:
        array = np.asarray(data)
    except (ValueError, TypeError) as error:
        raise DataError(f"{what} is no array: {str(error).splitlines()[0]}") from error
    if array.dtype == np.longdouble and array.dtype != np.float64:
        with np.errstate(over="ignore"):  # what overflows is found as infinite, with its row and column
            array = array.astype(np.float64)
    return refuse_kind(array, what)


def refuse_kind(array: Array, what: str) -> Array:
    """Pass an array of real numbers through.

    Args:
        array: Any array.
        what: Its name, for messages.

    Returns:
        The array itself.

    Raises:
        DataError: It holds anything but real numbers.
    """
    if array.dtype.kind not in "biuf":
        named = _REFUSED.get(array.dtype.kind, "values")
        raise DataError(f"{what} holds {named} ({array.dtype}); give whole or real numbers")
    return array


def _from_torch(data: Any, what: str) -> Any:
    import torch

    if not isinstance(data, torch.Tensor):
        return data
    if data.layout != torch.strided or data.is_quantized:
        raise DataError(f"{what} is a sparse or quantised tensor; give a dense one")
    if data.is_complex():
        raise DataError(f"{what} holds complex numbers ({data.dtype}); give whole or real numbers")
    data = data.detach().cpu()
    small = data.is_floating_point() and data.dtype not in (torch.float32, torch.float64)
    return data.to(torch.float32).numpy() if small else data.numpy()


def as_rows(array: Array, what: str) -> tuple[Array, Kind, tuple[str, ...]]:
    """View an array as rows of pictures `(C, H, W)` or of columns `(D,)`.

    Args:
        array: Shape as in `FITTING_SHAPES`; four channels are read where they come last.
        what: Its name, for messages.

    Returns:
        `[N, C, H, W]` or `[N, D]`, its kind, and notes.

    Raises:
        DataError: Another shape, or an empty one.
    """
    shape = array.shape
    if array.ndim == 0 or array.ndim > 4:
        raise DataError(f"{what} has shape {shape}; shapes that can be read: {FITTING_SHAPES}")
    if shape[0] == 0:
        raise DataError(f"{what} has no rows (shape {shape})")
    if array.size == 0:
        raise DataError(f"{what} has {'no columns' if array.ndim == 2 else 'an empty dimension'} (shape {shape})")
    if array.ndim == 1:
        return array[:, None], "vector", ()
    if array.ndim == 2:
        return array, "vector", ()
    if array.ndim == 3:
        return array[:, None], "image", ()
    first, last = shape[1] in (1, 3), shape[3] in (1, 3, 4)
    if first:
        notes = (f"{what}: shape {shape} was read with the channels first",) if last and array[0].size > 1 else ()
        return array, "image", notes
    if last:
        return np.moveaxis(array, 3, 1), "image", ()
    raise DataError(
        f"{what} has shape {shape}, with no axis of 1 or 3 channels; shapes that can be read: {FITTING_SHAPES}"
    )
