"""One process to a run folder."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from latentia.errors import RunFolderError

NAME = ".lock"


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Holds a run folder for this process.

    The lock belongs to the open file, so the system releases it when the holder dies, however it dies. The file itself
    stays: removing it would let a third process lock a new file while a second still waits on the old one.

    Args:
        folder: An existing folder.

    Yields:
        Nothing.

    Raises:
        RunFolderError: Another process holds it: names that process.
    """
    path = folder / NAME
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise RunFolderError(f"{folder}: cannot be locked ({error.strerror or error})") from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.read(descriptor, 32).decode("ascii", "replace").strip()
            raise RunFolderError(
                f"{folder} is in use by process {holder or 'unknown'}; wait until it ends, or give another folder"
            ) from error
        except OSError as error:
            raise RunFolderError(f"{folder}: cannot be locked ({error.strerror or error})") from error
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        try:
            yield
        finally:
            os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)
