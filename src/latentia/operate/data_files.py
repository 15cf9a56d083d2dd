"""Data in files: what `sample`, `reconstruct`, `decode`, `interpolate` and `traverse` write."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch
from torch import Tensor

from latentia.data.files import reason, shown
from latentia.data.spec import DataSpec
from latentia.errors import ConfigurationError
from latentia.operate.image_grid import Pixels, as_pixels, image_grid, square_layout
from latentia.operate.output_file import parquet, replacing, writer_for
from latentia.operate.tables import Table, write_csv, write_npy, write_parquet

_LARGE = 24
"""Pictures smaller than this on both sides are magnified in grids, so that their pixels can be seen."""


def _write_npz(file: BinaryIO, table: Table, names: Sequence[str]) -> None:
    np.savez_compressed(file, x=np.ascontiguousarray(table))


def _write_png(file: BinaryIO, pixels: Pixels, names: Sequence[str]) -> None:
    from PIL import Image

    Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels).save(file, format="PNG")


_ARRAYS: dict[str, Callable[..., None]] = {".npy": write_npy, ".npz": _write_npz}
_TABLES: dict[str, Callable[..., None]] = {".csv": write_csv, ".parquet": write_parquet}
_PICTURES: dict[str, Callable[..., None]] = {".png": _write_png}


def check_data_path(path: Path, spec: DataSpec) -> None:
    """Refuse, before any work is done, a place that such data could not be written to.

    Args:
        path: Where they shall go: a file, or for pictures a folder.
        spec: The data's description.

    Raises:
        ConfigurationError: A suffix that does not fit the data.
        MissingExtraError: `.parquet`, and pyarrow is not installed.
    """
    if spec.kind == "image" and (path.is_dir() or not path.suffix):
        return
    others = _PICTURES if spec.kind == "image" else _TABLES
    if writer_for(path, _ARRAYS | others, "pictures" if spec.kind == "image" else "rows") is write_parquet:
        parquet()


def write_data(path: Path, x: Tensor, spec: DataSpec) -> Path:
    """Write rows in the data's units.

    Pictures go to `.npy`, `.npz` (array `x`), `.png` (one grid, about as wide as high) or a folder (a PNG each); other
    rows to `.npy`, `.npz`, `.csv` or `.parquet` with the names of their columns. Whole numbers of 8-bit data are
    written as 8-bit numbers.

    Args:
        path: Its suffix decides; no suffix, or a folder that exists, means a folder.
        x: `[N, *shape]` in the data's units.
        spec: The data's description.

    Returns:
        The path.

    Raises:
        ConfigurationError: A suffix that does not fit the data, or a place that cannot be written.
        MissingExtraError: `.parquet`, and pyarrow is not installed.
    """
    check_data_path(path, spec)
    if spec.kind == "image" and (path.is_dir() or not path.suffix):
        return _write_folder(path, as_pixels(x, spec))
    if path.suffix.lower() in _PICTURES:
        columns = square_layout(len(x))
        missing = -len(x) % columns
        pixels = as_pixels(x, spec)
        blank = np.full((missing, *pixels.shape[1:]), 255, dtype=np.uint8)
        return _write_pixels(path, np.concatenate([pixels, blank]).reshape(-1, columns, *pixels.shape[1:]))
    names = spec.names or tuple(f"x[{i}]" for i in range(spec.num_dims))
    with replacing(path) as file:
        writer_for(path, _ARRAYS | _TABLES, "rows")(file, _stored(x, spec), names)
    return path


def write_grid(path: Path, x: Tensor, spec: DataSpec) -> Path:
    """Write rows of rows, as `interpolate` and `traverse` return them.

    Args:
        path: `.npy` or `.npz` (array `x`), the array as it is; for pictures also `.png`, a grid of R rows; for other
            rows also `.csv` or `.parquet`, with the columns `row` and `step` before those of the data.
        x: `[R, S, *shape]` in the data's units.
        spec: The data's description.

    Returns:
        The path.

    Raises:
        ConfigurationError: A suffix that does not fit the data, or a place that cannot be written.
        MissingExtraError: `.parquet`, and pyarrow is not installed.
    """
    writers = _ARRAYS | (_PICTURES if spec.kind == "image" else _TABLES)
    writer = writer_for(path, writers, "such grids")
    if writer is _write_png:
        return _write_pixels(path, as_pixels(x, spec))
    table, names = _stored(x, spec), spec.names or tuple(f"x[{i}]" for i in range(spec.num_dims))
    if writer in _TABLES.values():
        rows, steps = table.shape[:2]
        position = np.stack(np.meshgrid(range(rows), range(steps), indexing="ij"), -1).reshape(-1, 2)
        table = np.concatenate([position.astype(table.dtype), table.reshape(rows * steps, -1)], axis=1)
        names = ("row", "step", *names)
    with replacing(path) as file:
        writer(file, table, names)
    return path


def _stored(x: Any, spec: DataSpec) -> Table:
    array = torch.as_tensor(x).detach().cpu().numpy()
    # Samples of 8-bit data are 8-bit data again; means lie between the levels and stay as they are.
    whole = spec.dtype == "uint8" and bool((array == np.rint(array)).all()) and array.min() >= 0 and array.max() <= 255
    return array.astype(np.uint8) if whole else array


def _write_pixels(path: Path, pixels: Pixels) -> Path:
    side = max(pixels.shape[2:4])
    magnify = 1 if side >= _LARGE else -(-2 * _LARGE // side)
    with replacing(path) as file:
        _write_png(file, image_grid(pixels, gap=2, magnify=magnify), ())
    return path


def _write_folder(folder: Path, pixels: Pixels) -> Path:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigurationError(
            f"{shown(folder)} is there already and not an empty folder; give a new one for the pictures"
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(f"{shown(folder)} cannot be made: {reason(error)}; give another place") from error
    digits = len(str(max(len(pixels) - 1, 1)))
    for index, each in enumerate(pixels):
        with replacing(folder / f"{index:0{digits}d}.png") as file:
            _write_png(file, each, ())
    return folder
