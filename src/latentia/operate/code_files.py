"""Codes in files: what `encode` writes and `decode` reads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from latentia.data.files import shown
from latentia.errors import ConfigurationError, DataError
from latentia.operate.output_file import parquet, replacing, writer_for
from latentia.operate.tables import Table, read_array, read_csv, read_parquet, write_csv, write_npy, write_parquet

_WRITERS: dict[str, Callable[..., None]] = {".npy": write_npy, ".csv": write_csv, ".parquet": write_parquet}
_READERS: dict[str, Callable[[Path], Table]] = {".npy": read_array, ".csv": read_csv, ".parquet": read_parquet}


def check_codes_path(path: Path) -> None:
    """Refuse, before any work is done, a file that codes could not be written to.

    Args:
        path: Where codes shall go.

    Raises:
        ConfigurationError: A suffix other than `.npy`, `.csv`, `.parquet`.
        MissingExtraError: `.parquet`, and pyarrow is not installed.
    """
    if writer_for(path, _WRITERS, "codes") is write_parquet:
        parquet()


def write_codes(path: Path, codes: Any, names: Sequence[str]) -> Path:
    """Write codes to `.npy` (float32, no names), `.csv` or `.parquet` (one column a latent dimension).

    Args:
        path: Its suffix decides.
        codes: `[N, L]`.
        names: L column names, such as `code_names` gives.

    Returns:
        The path.

    Raises:
        ConfigurationError: Another suffix, or a place that cannot be written.
        MissingExtraError: `.parquet`, and pyarrow is not installed.
    """
    check_codes_path(path)
    table = torch.as_tensor(codes).detach().cpu().numpy()
    if table.ndim != 2 or table.shape[1] != len(names):
        raise ConfigurationError(
            f"codes have shape {table.shape} and {len(names)} names; give (N, L) codes and L names"
        )
    with replacing(path) as file:
        writer_for(path, _WRITERS, "codes")(file, table, names)
    return path


def read_codes(path: Path) -> Tensor:
    """Read codes that `write_codes` wrote, or any table of numbers in these formats.

    Args:
        path: `.npy`, `.csv` with a header, or `.parquet`.

    Returns:
        `[N, L]` float32, bit for bit as written.

    Raises:
        DataError: Missing, damaged, of another kind, not two-dimensional, or with values that are not finite.
        MissingExtraError: `.parquet`, and pyarrow is not installed.
    """
    if path.suffix.lower() not in _READERS:
        raise DataError(f"{shown(path)}: codes are read from {', '.join(_READERS)}")
    table = _READERS[path.suffix.lower()](path)
    if table.ndim != 2:
        raise DataError(f"{shown(path)} has shape {table.shape}; codes are a table, one row each: (N, L)")
    with np.errstate(over="ignore"):
        codes = np.ascontiguousarray(table, dtype=np.float32)
    if not np.isfinite(codes).all():
        row, column = np.argwhere(~np.isfinite(codes))[0].tolist()
        raise DataError(
            f"{shown(path)}, row {row}, column {column} (counted from 0) is {table[row, column]}; give finite numbers"
        )
    return torch.from_numpy(codes)
