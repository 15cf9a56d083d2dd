"""Files that somebody else named: shown safely, opened only when they are plain files, read only when they fit."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import IO, BinaryIO

import numpy as np

from latentia.data.reading import Array
from latentia.errors import DataError

MAX_RATIO = 1100
"""Deflate cannot shrink by more than about 1032 to 1: a header that claims more lies."""

_BLOCK = 1 << 20
_LONGEST = 300
_SPECIAL = {
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFDIR: "a folder",
}


def shown(path: str | Path) -> str:
    r"""A path as one printable line: newlines and bytes that are no text are escaped, and what is too long is cut.

    >>> shown("a\nb.png")
    'a\\nb.png'
    """
    text = os.fspath(path)
    text = text if text.isprintable() else ascii(text)[1:-1]
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def plain_size(path: Path) -> int:
    """Bytes of a plain file, without opening it: opening a pipe or a device could block or have effects.

    Args:
        path: Any path.

    Returns:
        Its size.

    Raises:
        DataError: Missing, not to be reached, or not a plain file; the message leaves out the path.
    """
    try:
        found = os.stat(path)
    except FileNotFoundError:
        raise DataError("no such file or folder") from None
    except (OSError, ValueError) as error:
        raise DataError(reason(error)) from error
    if not stat.S_ISREG(found.st_mode):
        kind = _SPECIAL.get(stat.S_IFMT(found.st_mode), "no plain file")
        raise DataError(f"this is {kind}; a plain file was expected")
    return found.st_size


def size_of(path: Path) -> int:
    """Bytes of a plain file, as `plain_size`, with the path in the message of its errors."""
    try:
        return plain_size(path)
    except DataError as error:
        raise DataError(f"{shown(path)}: {error}") from error


def open_plain(path: Path) -> BinaryIO:
    """Open a plain file for reading.

    Args:
        path: Any path.

    Returns:
        The file, in binary mode.

    Raises:
        DataError: As in `size_of`, or no permission.
    """
    size_of(path)
    try:
        return open(path, "rb")
    except OSError as error:
        raise DataError(f"{shown(path)}: {reason(error)}") from error


def read_bytes(stream: IO[bytes], num_bytes: int) -> tuple[Array, int]:
    """Read a known number of bytes into memory that is taken at once.

    Args:
        stream: An open file.
        num_bytes: How many are expected; checked by the caller against what the file can hold.

    Returns:
        `[num_bytes]` uint8, and how many of them were there.
    """
    content = np.empty(num_bytes, np.uint8)
    filled = 0
    while filled < num_bytes and (block := stream.read(min(_BLOCK, num_bytes - filled))):
        content[filled : filled + len(block)] = np.frombuffer(block, np.uint8)
        filled += len(block)
    return content, filled


def reason(error: BaseException) -> str:
    """The words of an error, on one line and without the path that an OSError repeats."""
    text = (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
    return " ".join(text.split())


def memory_limit() -> int | None:
    """Bytes of memory this process can have at most: the machine's, or its control group's if that is less."""
    limits = []
    try:
        limits.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
        limits.append(int(Path("/sys/fs/cgroup/memory.max").read_text()))
    except (OSError, ValueError, AttributeError):
        pass  # not told on this system, or "max"
    return min(limits, default=None)


def require_memory(num_bytes: int, what: str) -> None:
    """Refuse data that cannot fit, before anything is allocated for them.

    Args:
        num_bytes: Bytes that the data take in memory.
        what: The data, for the message.

    Raises:
        DataError: They are more than the memory there is.
    """
    limit = memory_limit()
    if limit is not None and num_bytes > limit:
        raise DataError(f"{what} takes {human(num_bytes)}, more than the memory of {human(limit)}; give a part of it")


def human(num_bytes: int) -> str:
    """Bytes for people.

    >>> human(999), human(12_500_000)
    ('999 bytes', '12.5 MB')
    """
    if num_bytes < 1000:
        return f"{num_bytes} bytes"
    power = min((len(str(num_bytes)) - 1) // 3, 6)
    return f"{num_bytes / 1000**power:.1f} {' kMGTPE'[power]}B"
