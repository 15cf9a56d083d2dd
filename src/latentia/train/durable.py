"""Files that survive a crash: written aside, flushed to the disk, renamed into place, and the folder flushed too.

After a rename without the first flush, a power cut can leave an empty file under the new name; without the second, no
file at all. An error of either flush means that nothing was saved, whatever the cache holds.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from latentia.errors import CheckpointError, RunFolderError

TEMPORARY = ".partial"
"""Suffix of a file that is being written; such a file found at the start is left over from a kill."""
CHUNK = 1 << 22

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


def write_file(path: Path, chunks: Iterable[bytes | memoryview]) -> None:
    """Writes a file so that, at every moment, either the old or the new content stands under its name.

    Args:
        path: Where; missing parent folders are made.
        chunks: The content, in order.

    Raises:
        OSError: As the system gave it; the old content is untouched and nothing is left beside it.
    """
    os.makedirs(path.parent, exist_ok=True)
    temporary = path.with_name(path.name + TEMPORARY)
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666)
        try:
            for chunk in chunks:
                _write_all(descriptor, memoryview(chunk).cast("B"))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.replace(temporary, path)
    except OSError:
        remove(temporary)
        raise
    flush_folder(path.parent)


def _write_all(descriptor: int, data: memoryview) -> None:
    offset = 0
    while offset < len(data):
        offset += os.write(descriptor, data[offset : offset + CHUNK])


def flush_folder(folder: Path) -> None:
    """Flushes a folder's list of names to the disk, which a rename or a new file in it needs to be lasting."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove(path: Path) -> None:
    """Removes a file or a folder with what it holds, as far as the system lets us: what stays is swept another time."""
    try:
        if path.is_dir() and not path.is_symlink():
            for entry in path.iterdir():
                remove(entry)
            os.rmdir(path)
        else:
            os.unlink(path)
    except OSError:
        return


def free_bytes(folder: Path) -> int | None:
    """Bytes that can still be written where the folder lies or will lie; None where that cannot be known."""
    for place in (folder, *folder.parents):
        try:
            return shutil.disk_usage(place).free
        except OSError:
            continue
    return None


def explain(error: OSError, folder: Path, needed: int, kept: str) -> CheckpointError:
    """The error that a person sees for a failed save: what was needed, what there is, what is left.

    Args:
        error: What the system said.
        folder: Where the files were to go.
        needed: Bytes that they take.
        kept: What stands untouched, such as "the checkpoint of step 12 is kept".

    Returns:
        The error to raise.
    """
    reason = error.strerror or str(error)
    if error.errno in _FULL:
        free = free_bytes(folder)
        space = f"{needed:,} bytes are needed" + ("" if free is None else f", {free:,} are free")
        return CheckpointError(
            f"no checkpoint could be saved in {folder}: {reason} ({space}); {kept}; free some space and resume"
        )
    return CheckpointError(
        f"no checkpoint could be saved in {folder}: {reason}; {kept}; mend the disk or choose another folder and resume"
    )


def check_writable(folder: Path) -> None:
    """Makes the folder and proves that files can be written in it, before any work is done.

    Raises:
        RunFolderError: Names the folder and what the system said.
    """
    probe = folder / f".writable{TEMPORARY}"
    try:
        os.makedirs(folder, exist_ok=True)
        descriptor = os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666)
        try:
            os.write(descriptor, b"latentia")
        finally:
            os.close(descriptor)
    except OSError as error:
        raise RunFolderError(
            f"{folder}: cannot be written ({error.strerror or error}); "
            "give another folder for the run, or make this one writable"
        ) from error
    finally:
        remove(probe)
