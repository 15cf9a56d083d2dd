"""Output files that are complete or not there: written aside, then renamed over what was there before."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from latentia.data.files import reason, shown
from latentia.errors import ConfigurationError, MissingExtraError


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file to write into that takes its place at `path` when the scope ends well.

    Args:
        path: Where it shall stand; missing parent folders are made.

    Yields:
        The open file.

    Raises:
        ConfigurationError: It cannot be written there; what stood there before is intact.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with open(beside, "wb") as file:
                yield file
            os.replace(beside, path)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigurationError(f"{shown(path)} cannot be written: {reason(error)}; give another place") from error


def writer_for(path: Path, writers: dict[str, Callable[..., None]], what: str) -> Callable[..., None]:
    """The writer that a file's suffix asks for.

    Args:
        path: The file.
        writers: Suffix to writer.
        what: What is to be written, for the message.

    Returns:
        One of the writers.

    Raises:
        ConfigurationError: Names the suffixes that there are.
    """
    if path.suffix.lower() not in writers:
        given = f"the suffix {path.suffix!r}" if path.suffix else "no suffix"
        raise ConfigurationError(f"{shown(path)} has {given}; {what} can be written as {', '.join(writers)}")
    return writers[path.suffix.lower()]


def parquet() -> tuple[Any, Any]:
    """The modules that read and write Parquet.

    Returns:
        `pyarrow` and `pyarrow.parquet`.

    Raises:
        MissingExtraError: They are not installed.
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise MissingExtraError(
            "Parquet files need pyarrow, which is missing: pip install 'latentia[parquet]', or choose .csv or .npy"
        ) from error
    return pyarrow, pyarrow.parquet
