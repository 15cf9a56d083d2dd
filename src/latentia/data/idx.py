"""IDX files, plain or gzipped: the format of MNIST and its kin."""

from __future__ import annotations

import gzip
import hashlib
import math
import struct
import zlib
from pathlib import Path
from typing import IO, cast

import numpy as np

from latentia.data.files import MAX_RATIO, open_plain, read_bytes, reason, require_memory, shown, size_of
from latentia.data.reading import Array, Part, Reading
from latentia.data.spec import SplitName
from latentia.errors import DataError

_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_GZIP = b"\x1f\x8b"


def looks_like_idx(head: bytes) -> bool:
    """Whether a file that begins with these bytes may be an IDX file."""
    return head[:2] == _GZIP or (len(head) >= 4 and head[:2] == b"\0\0" and head[2] in _TYPES and head[3] > 0)


def read_idx(path: Path, *, sha256: str | None = None) -> Array:
    """Read one IDX file.

    Args:
        path: The file; whether it is gzipped is seen from its content.
        sha256: What the unpacked content must hash to, in hexadecimal.

    Returns:
        The array in the file's own dtype, whole numbers of one byte as uint8.

    Raises:
        DataError: Not an IDX file, truncated, with bytes left over, damaged, or with another checksum.
    """
    packed_size = size_of(path)
    with open_plain(path) as file:
        packed = file.read(2) == _GZIP
        file.seek(0)
        try:
            with gzip.GzipFile(fileobj=file) if packed else file as stream:
                return _parse(cast(IO[bytes], stream), shown(path), packed_size * (MAX_RATIO if packed else 1), sha256)
        except (OSError, EOFError, zlib.error) as error:
            raise DataError(f"{shown(path)} is damaged or incomplete: {reason(error)}") from error


def _parse(stream: IO[bytes], name: str, most: int, sha256: str | None) -> Array:
    head = stream.read(4)
    if not looks_like_idx(head) or head[:2] == _GZIP:
        raise DataError(
            f"{name} is no IDX file: it begins with {head.hex(' ') or 'nothing'}, not with 00 00 and a type"
        )
    dtype = np.dtype(_TYPES[head[2]])
    sizes = stream.read(4 * head[3])
    if len(sizes) < 4 * head[3]:
        raise DataError(f"{name} ends within its header")
    shape = struct.unpack(f">{head[3]}I", sizes)
    if 0 in shape or len(shape) > 4:
        raise DataError(f"{name} has shape {shape}, which holds no rows of pictures or columns")
    num_bytes = math.prod(shape) * dtype.itemsize
    if num_bytes > most:
        raise DataError(
            f"{name} is truncated: its header claims shape {shape}, {num_bytes} bytes, more than the file can hold"
        )
    require_memory(num_bytes, f"{name} (shape {shape})")
    content, filled = read_bytes(stream, num_bytes)
    if filled < num_bytes:
        raise DataError(f"{name} is truncated: shape {shape} needs {num_bytes} bytes, {filled} are there")
    if stream.read(1):  # reading to the end also checks gzip's own sum
        raise DataError(f"{name} has bytes left over after the {num_bytes} that its shape {shape} takes")
    if sha256 is not None:
        whole = hashlib.sha256(head + sizes)
        whole.update(content.data)
        if whole.hexdigest() != sha256:
            raise DataError(
                f"{name} is not the file it should be: unpacked, it has SHA-256 {whole.hexdigest()}, not {sha256}"
            )
    return content.view(dtype).reshape(shape)


def idx_file(folder: Path, stem: str) -> Path | None:
    """The file of this stem in a folder, in any of the spellings in use: `-idx3` or `.idx3`, gzipped or not."""
    for spelling in (stem, stem.replace("-idx", ".idx")):
        for suffix in (".gz", ""):
            if (path := folder / f"{spelling}{suffix}").is_file():
                return path
    return None


def is_idx_folder(folder: Path) -> bool:
    """Whether a folder holds MNIST's training images."""
    return idx_file(folder, "train-images-idx3-ubyte") is not None


def read_idx_folder(folder: Path, source: str) -> Reading:
    """Read a folder of MNIST's layout: `train-images-idx3-ubyte`, its labels, and both for `t10k` where they are there.

    Args:
        folder: The folder.
        source: As the user gave it.

    Returns:
        `train` and, where given, `test`.

    Raises:
        DataError: As in `read_idx`.
    """
    parts: dict[SplitName, Part] = {}
    splits: tuple[tuple[SplitName, str], ...] = (("train", "train"), ("test", "t10k"))
    for split, prefix in splits:
        if (images := idx_file(folder, f"{prefix}-images-idx3-ubyte")) is not None:
            labels = idx_file(folder, f"{prefix}-labels-idx1-ubyte")
            parts[split] = Part(read_idx(images), None if labels is None else read_idx(labels))
    return Reading(name=folder.resolve().name, source=source, what="folder of IDX files", parts=parts)


def read_idx_file(path: Path, source: str) -> Reading:
    """Read one IDX file, and the labels beside it where MNIST's names tell which they are.

    Args:
        path: The file.
        source: As the user gave it.

    Returns:
        One part.

    Raises:
        DataError: As in `read_idx`.
    """
    name = path.name.removesuffix(".gz")
    labels = None
    if "images" in name:
        sibling = idx_file(path.parent, name.replace("images", "labels").replace("idx3", "idx1"))
        labels = None if sibling is None else read_idx(sibling)
    return Reading(
        name=name.split(".")[0], source=source, what="IDX file", parts={"train": Part(read_idx(path), labels)}
    )
