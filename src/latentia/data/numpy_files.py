"""NumPy's files, `.npy` and `.npz`, with every size checked before memory is taken and nothing ever unpickled."""

from __future__ import annotations

import math
import re
import tokenize
import warnings
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np

from latentia.data.arrays import FITTING_SHAPES, refuse_kind
from latentia.data.files import MAX_RATIO, human, open_plain, read_bytes, reason, require_memory, shown, size_of
from latentia.data.npz_columns import described, describes_columns
from latentia.data.reading import Array, Part, Reading
from latentia.data.spec import SplitName
from latentia.errors import DataError

_SLACK = 1 << 20
_LABELS = ("y", "labels", "label", "target", "targets")
_SPLITS: Mapping[SplitName, tuple[str, ...]] = {
    "train": ("train",),
    "validation": ("validation", "valid", "val"),
    "test": ("test",),
}


def read_npy(path: Path, source: str) -> Reading:
    """Read a `.npy` file.

    Args:
        path: The file.
        source: As the user gave it.

    Returns:
        One part.

    Raises:
        DataError: Not such a file, truncated, with bytes left over, or not of numbers.
    """
    size = size_of(path)
    with open_plain(path) as file:
        array = _parse(file, size, shown(path))
    return Reading(name=path.stem, source=source, what=".npy file", parts={"train": Part(array)})


def _parse(file: IO[bytes], size: int, name: str, *, text: bool = False) -> Array:
    shape, fortran, dtype, start = _header(file, name)
    if not text:
        refuse_kind(np.empty(0, dtype), name)
    if 0 in shape or len(shape) > 4:
        raise DataError(f"{name} has shape {shape}, which holds no rows; shapes that can be read: {FITTING_SHAPES}")
    num_bytes = math.prod(shape) * dtype.itemsize
    if num_bytes != size - start:
        fault = "is truncated" if num_bytes > size - start else "has bytes left over"
        raise DataError(
            f"{name} {fault}: its header says shape {shape} of {dtype}, {human(num_bytes)}, "
            f"but {human(size - start)} follow"
        )
    require_memory(num_bytes, f"{name} (shape {shape} of {dtype})")
    try:
        content, filled = read_bytes(file, num_bytes)
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile) as error:
        raise DataError(f"{name} is damaged: {reason(error)}") from error
    if filled < num_bytes:
        raise DataError(f"{name} is truncated: {filled} of {num_bytes} bytes are there")
    array = content.view(dtype)
    return array.reshape(shape[::-1]).T if fortran else array.reshape(shape)


def _header(file: IO[bytes], name: str) -> tuple[tuple[int, ...], bool, np.dtype[Any], int]:
    readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # headers written by Python 2
            version = np.lib.format.read_magic(file)
            if version not in readers:
                raise ValueError(f"format version {version} is not one of numbers")
            shape, fortran, dtype = readers[version](file)
    except (ValueError, TypeError, KeyError, SyntaxError, RecursionError, MemoryError, tokenize.TokenError) as error:
        raise DataError(f"{name} is no valid .npy file: {reason(error)}") from error
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile, NotImplementedError) as error:
        raise DataError(f"{name} is damaged: {reason(error)}") from error
    if any(each < 0 for each in shape) or dtype.subdtype is not None:
        raise DataError(f"{name} is no valid .npy file: its header says shape {shape} of {dtype}")
    return shape, fortran, dtype, file.tell()


def read_npz(path: Path, key: str | None, source: str) -> Reading:
    """Read an `.npz` file: the array under a key, the only array, or the splits that its keys name.

    Splits are `train`, `val`/`valid`/`validation` and `test`, or `x_train` and so on, with labels under `y_train` or
    `train_labels`. Beside a single array, `y`, `labels` or `target` are labels. Lists of text say more of the columns
    of a table: `columns` what each is (`real`, `categorical`, ...), `names` what they are called.

    Args:
        path: The file.
        key: Which array, or None.
        source: As the user gave it.

    Returns:
        The splits found, or one part.

    Raises:
        DataError: Not such a file, damaged, several arrays and no key, or no such key.
    """
    name = shown(path)
    size_of(path)
    try:
        with open_plain(path) as file, zipfile.ZipFile(file) as archive:
            members = {info.filename[:-4]: info for info in archive.infolist() if info.filename.endswith(".npy")}
            shapes = {
                each: _member(archive, info, f"{name}:{each}", header_only=True) for each, info in members.items()
            }
            texts = {each for each, (shape, dtype) in shapes.items() if describes_columns(each, shape, dtype)} - {key}
            shapes = {each: shape for each, shape in shapes.items() if each not in texts}
            chosen, what = _choose(shapes, key, name)
            arrays = {
                each: _member(archive, members[each], f"{name}:{each}")
                for pair in chosen.values()
                for each in pair
                if each
            }
            words = {each: _member(archive, members[each], f"{name}:{each}", text=True) for each in texts}
            first = next(iter(arrays.values())).shape
            about = described(words, {1: 1, 2: first[-1]}.get(len(first)), name)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError) as error:
        raise DataError(f"{name} is no valid .npz file: {reason(error)}") from error
    parts = {split: Part(arrays[x], arrays[y] if y else None) for split, (x, y) in chosen.items()}
    return Reading(name=path.stem, source=source, what=what, parts=parts, names=about.names, columns=about.kinds)


def _member(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str, *, header_only: bool = False, text: bool = False
) -> Any:
    if info.flag_bits & 1:
        raise DataError(f"{name} is encrypted; give a plain .npz file")
    if info.file_size > MAX_RATIO * info.compress_size + _SLACK:
        raise DataError(
            f"{name} claims {human(info.file_size)} from {human(info.compress_size)}: not possible, so not read"
        )
    with archive.open(info) as file:
        if not header_only:
            return _parse(file, info.file_size, name, text=text)
        shape, _, dtype, _ = _header(file, name)
        return shape, dtype


def _choose(
    shapes: Mapping[str, Any], key: str | None, name: str
) -> tuple[dict[SplitName, tuple[str, str | None]], str]:
    listing = ", ".join(f"{each} {shape} {dtype}" for each, (shape, dtype) in shapes.items())
    if key is not None:
        if key not in shapes:
            raise DataError(f"{name} has no array {key!r}; it has {listing or 'none'}")
        return {"train": (key, _labels_for(key, shapes))}, f"array {key!r} of an .npz file"
    if splits := _split_keys(shapes):
        return splits, f".npz file with the splits {', '.join(splits)}"
    data = [each for each in shapes if not _is_label(each, shapes[each][0])]
    if len(data) != 1:
        raise DataError(
            f"{name} has {len(data) or 'no'} arrays to choose from ({listing or 'it is empty'}); "
            f"name one, as in {name}:{next(iter(data), 'key')}"
        )
    return {"train": (data[0], _labels_for(data[0], shapes))}, f"array {data[0]!r} of an .npz file"


def _is_label(key: str, shape: tuple[int, ...]) -> bool:
    return key.lower() in _LABELS and len(shape) <= 2 and math.prod(shape[1:]) == 1


def _labels_for(key: str, shapes: Mapping[str, Any]) -> str | None:
    rows = shapes[key][0][:1]
    fit = (each for each in shapes if each != key and _is_label(each, shapes[each][0]) and shapes[each][0][:1] == rows)
    return next(fit, None)


def _split_keys(shapes: Mapping[str, Any]) -> dict[SplitName, tuple[str, str | None]]:
    found: dict[SplitName, tuple[str, str | None]] = {}
    by_words = {frozenset(re.split(r"[_\-. ]", each.lower())): each for each in shapes}
    for split, spellings in _SPLITS.items():
        for spelling in spellings:
            data = (
                by_words.get(frozenset({spelling, *more})) for more in ((), ("x",), ("data",), ("images",), ("imgs",))
            )
            labels = (by_words.get(frozenset({spelling, each})) for each in _LABELS)
            if (x := next(filter(None, data), None)) is not None:
                found[split] = (x, next(filter(None, labels), None))
                break
    return found if "train" in found else {}
