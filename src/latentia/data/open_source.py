"""Which reader a source of data belongs to."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from latentia.data.arrays import as_array
from latentia.data.digits import read_digits
from latentia.data.files import open_plain, shown, size_of
from latentia.data.idx import is_idx_folder, looks_like_idx, read_idx_file, read_idx_folder
from latentia.data.image_tree import SUFFIXES
from latentia.data.named import NAMED, read_named
from latentia.data.numpy_files import read_npy, read_npz
from latentia.data.reading import Part, Reading
from latentia.errors import ConfigurationError, DataError

NAMES = ("digits", *NAMED)
"""Data sets known by name."""

READABLE = "a name (" + ", ".join(NAMES) + "), an IDX file, a .npy or .npz file (FILE.npz:KEY), or a folder of images"
"""What can be read from the command line, for messages."""


def open_source(
    source: Any, *, resize: int | None = None, workers: int | None = None, channels: int | None = None
) -> Reading:
    """Read a source with the reader it belongs to. Names win over files; `./mnist` is always a path.

    Args:
        source: A name, a path, an array or a tensor.
        resize: Side to which pictures are cropped and reduced, or None.
        workers: Threads that decode images.
        channels: 1 or 3 where a folder of images must be read as grey or RGB, else None.

    Returns:
        What was found.

    Raises:
        DataError: Nothing there, or nothing that can be read.
        ConfigurationError: An option out of range.
    """
    for option, value in (("resize", resize), ("workers", workers)):
        if value is not None and not 1 <= value <= 65535:
            raise ConfigurationError(f"{option} {value} is not possible; give a whole number from 1 to 65535")
    if not isinstance(source, str | Path):
        return _read_array(source)
    if isinstance(source, str) and (name := source.lower().replace("_", "-")) in NAMES:
        return read_digits() if name == "digits" else read_named(name)
    given = str(source)
    path, key = _split_key(given)
    # os.path answers False where Path raises: names that are too long or hold a NUL
    if not given or not os.path.lexists(path):
        raise DataError(f"{shown(given)}: no such file or folder; give {READABLE}")
    if not path.is_dir():
        return _read_file(path, key, given)
    if is_idx_folder(path):
        return read_idx_folder(path, given)
    from latentia.data.image_folder import read_image_folder

    return read_image_folder(path, given, resize=resize, workers=workers, channels=channels)


def _split_key(given: str) -> tuple[Path, str | None]:
    path = os.path.expanduser(given)
    match = re.fullmatch(r"(.+\.npz):(.+)", path, re.IGNORECASE | re.DOTALL)
    if match is None or os.path.lexists(path):
        return Path(path), None
    return Path(match[1]), match[2]


def _read_file(path: Path, key: str | None, given: str) -> Reading:
    if size_of(path) == 0:
        raise DataError(f"{shown(path)} is empty")
    with open_plain(path) as file:
        head = file.read(8)
    readers: tuple[tuple[bool, Callable[[], Reading]], ...] = (
        (head[:6] == b"\x93NUMPY", lambda: read_npy(path, given)),
        (head[:4] in (b"PK\3\4", b"PK\5\6"), lambda: read_npz(path, key, given)),
        (looks_like_idx(head), lambda: read_idx_file(path, given)),
    )
    for fits, read in readers:
        if fits:
            return read()
    if path.suffix.lower() in SUFFIXES:
        raise DataError(f"{shown(path)} is one image; give the folder of images it lies in")
    if path.suffix.lower() in (".npy", ".npz"):
        raise DataError(f"{shown(path)} is no valid {path.suffix.lower()} file: it begins with {head.hex(' ')}")
    raise DataError(f"{shown(path)} is of no kind that can be read; give {READABLE}")


def _read_array(source: Any) -> Reading:
    what = "array" if not type(source).__module__.startswith("torch") else "tensor"
    array = as_array(source, f"the {what}")
    columns = getattr(source, "columns", None)
    names = None if columns is None or array.ndim != 2 else tuple(str(each) for each in columns)
    given = f"{what} {array.shape} {array.dtype}"
    return Reading(name=what, source=given, what=given, parts={"train": Part(array)}, names=names)
