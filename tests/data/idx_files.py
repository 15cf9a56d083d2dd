"""IDX files made on the spot."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path
from typing import Any

import numpy as np

CODES = {"|u1": 0x08, "|i1": 0x09, ">i2": 0x0B, ">i4": 0x0C, ">f4": 0x0D, ">f8": 0x0E}


def idx_bytes(x: Any) -> bytes:
    """An array as the content of an IDX file."""
    big = np.asarray(x).astype(np.asarray(x).dtype.newbyteorder(">"))
    header = bytes([0, 0, CODES[big.dtype.str], big.ndim])
    return header + struct.pack(f">{big.ndim}I", *big.shape) + big.tobytes()


def write_idx(path: Path, x: Any) -> Path:
    """Write an IDX file, gzipped if its name ends so."""
    content = idx_bytes(x)
    path.write_bytes(gzip.compress(content, mtime=0) if path.suffix == ".gz" else content)
    return path


def write_mnist_like(folder: Path, *, suffix: str = ".gz", rows: int = 20, side: int = 4, seed: int = 0) -> None:
    """The four files of MNIST's layout, small."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    for prefix, count in (("train", rows), ("t10k", rows // 2)):
        pictures = rng.integers(0, 256, (count, side, side), dtype=np.uint8)
        write_idx(folder / f"{prefix}-images-idx3-ubyte{suffix}", pictures)
        write_idx(folder / f"{prefix}-labels-idx1-ubyte{suffix}", np.arange(count, dtype=np.uint8) % 10)
