"""Downloads: checked, bounded, atomic, and shown while they last."""

from __future__ import annotations

import os
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import Any, cast

from latentia.data.files import human, reason, shown
from latentia.data.idx import read_idx
from latentia.errors import DataError

MAX_BYTES = 64_000_000
"""No file of a named data set is larger; what is, is not it."""

_TIMEOUT = 30.0
_BLOCK = 1 << 16


@dataclass(frozen=True, slots=True)
class Remote:
    """A gzipped IDX file on the network.

    Args:
        url: Its address, http or https.
        name: What it is called in the cache.
        sha256: Checksum of its unpacked content.
    """

    url: str
    name: str
    sha256: str


def fetch(files: Sequence[Remote], folder: Path, advice: str) -> None:
    """Download files into a folder, where each appears under its name only when it is complete and its checksum right.

    Args:
        files: What to download.
        folder: Where to; made if it is missing.
        advice: What a person can do if it fails, for the message.

    Raises:
        DataError: A download that failed, is too large or has another checksum; nothing of it is left.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _sweep(folder)
    except OSError as error:
        raise DataError(f"{shown(folder)}: the cache cannot be written: {reason(error)}; set LATENTIA_CACHE") from error
    with _progress() as show:
        for remote in files:
            part = folder / f".{remote.name}.{os.getpid()}.part"
            try:
                _download(remote.url, part, partial(show, remote.name))
                read_idx(part, sha256=remote.sha256)
                os.replace(part, folder / remote.name)
                _sync_folder(folder)
            except (urllib.error.URLError, HTTPException, OSError, ValueError) as error:
                raise DataError(f"{remote.url} cannot be downloaded: {_words(error)}; {advice}") from error
            except DataError as error:
                raise DataError(f"{remote.url} is not what was expected: {error}; {advice}") from error
            finally:
                part.unlink(missing_ok=True)


def _download(url: str, part: Path, show: Callable[[int, int | None], None]) -> None:
    if not url.startswith(("http://", "https://")):
        raise DataError("the address is neither http nor https")
    with _answer(url) as answer, open(part, "wb") as file:
        stated = answer.headers.get("Content-Length")
        total = int(stated) if stated and stated.isdigit() else None
        got = 0
        while block := answer.read(_BLOCK):
            got += len(block)
            if max(got, total or 0) > MAX_BYTES:
                raise DataError(f"larger than {human(MAX_BYTES)}")
            file.write(block)
            show(got, total)
        if total is not None and got != total:
            raise DataError(f"the connection ended after {got} of {total} bytes")
        file.flush()
        os.fsync(file.fileno())


def _answer(url: str) -> HTTPResponse:
    try:
        return cast(HTTPResponse, urllib.request.urlopen(url, timeout=_TIMEOUT))
    except urllib.error.HTTPError as error:
        error.close()  # it is an answer as well, and holds the connection open
        raise


def _words(error: BaseException) -> str:
    if isinstance(error, urllib.error.HTTPError):
        return f"HTTP status {error.code}"
    if isinstance(error, urllib.error.URLError) and isinstance(error.reason, BaseException):
        return reason(error.reason)
    return reason(error)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sweep(folder: Path) -> None:
    """Remove what a killed process left; its number is in the name."""
    for part in folder.glob(".*.part"):
        owner = part.name.split(".")[-2]
        if owner.isdigit() and not _alive(int(owner)):
            part.unlink(missing_ok=True)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # somebody else's, so it is there
        return True
    return True


@contextmanager
def _progress() -> Iterator[Callable[[str, int, int | None], None]]:
    """A bar for each file on standard error; one plain line where that is no terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    tasks: dict[str, Any] = {}
    columns = (TextColumn("downloading {task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:

        def show(name: str, got: int, total: int | None) -> None:
            if name not in tasks:
                tasks[name] = progress.add_task(name, total=total)
                if not console.is_terminal:
                    console.print(f"downloading {name}" + (f" ({human(total)})" if total else ""), highlight=False)
            progress.update(tasks[name], completed=got)

        yield show
