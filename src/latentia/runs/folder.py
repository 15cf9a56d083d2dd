"""Run folders: where a new one goes, what makes a folder one, and small files written whole."""

from __future__ import annotations

import itertools
import json
import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from latentia.errors import RunFolderError
from latentia.runs.settings import FILE as CONFIG
from latentia.train.durable import remove, write_file
from latentia.train.manifest import CURRENT, PREVIOUS

HOME = Path("runs")
"""Where runs go that were given no folder."""
DATA, MODEL, METRICS, EVIDENCE = "data.json", "model.safetensors", "metrics.jsonl", "evidence.json"
PICTURES, REPORT = "pictures", "report.html"


def is_run(folder: Path) -> bool:
    """Whether a folder holds a run, trained or only begun."""
    return any((folder / name).exists() for name in (CURRENT, PREVIOUS)) or all(
        (folder / name).exists() for name in (CONFIG, DATA)
    )


def require_run(folder: Path) -> None:
    """Refuse a folder that holds no run.

    Args:
        folder: What was given as a run.

    Raises:
        RunFolderError: Says what it is instead.
    """
    if not folder.exists():
        raise RunFolderError(f"{folder}: no such folder; give a run folder that `latentia fit` made")
    if not folder.is_dir():
        raise RunFolderError(f"{folder} is a file; give a run folder that `latentia fit` made")
    if not is_run(folder):
        raise RunFolderError(f"{folder} is no run folder: it has no {CURRENT}; give one that `latentia fit` made")


def check_new(folder: Path) -> None:
    """Refuse a place where a new run would meet something else.

    Args:
        folder: Where the run is to go.

    Raises:
        RunFolderError: A run, other files, or a file is there.
    """
    if is_run(folder):
        raise RunFolderError(
            f"{folder} holds a run already; go on with it (latentia fit --resume {folder}; from Python, resume=True), "
            "or give another folder"
        )
    if folder.exists() and not folder.is_dir():
        raise RunFolderError(f"{folder} is a file; give a folder for the run")
    try:
        strangers = folder.exists() and any(folder.iterdir())
    except OSError as error:
        raise RunFolderError(f"{folder} cannot be read ({error.strerror or error}); give another folder") from error
    if strangers:
        raise RunFolderError(f"{folder} has other files in it and is no run; give a new or an empty folder")


def make_new(folder: Path | None, name: str) -> Path:
    """Make the folder of a new run.

    Args:
        folder: Where; None numbers one `runs/NAME-1`, `runs/NAME-2`, ...
        name: What the run is called.

    Returns:
        The folder; it exists and is empty.

    Raises:
        RunFolderError: It cannot be made, or is in the way of something.
    """
    try:
        if folder is not None:
            check_new(folder)
            folder.mkdir(parents=True, exist_ok=True)
            return folder
        HOME.mkdir(parents=True, exist_ok=True)
        for number in itertools.count(1):
            numbered = HOME / f"{slug(name)}-{number}"
            try:
                numbered.mkdir()
            except FileExistsError:
                continue
            return numbered
    except OSError as error:
        where = folder or HOME
        raise RunFolderError(
            f"{where} cannot be made ({error.strerror or error}); give another folder for the run (out, --out)"
        ) from error
    raise AssertionError("counting does not end")


def slug(name: str) -> str:
    """A name that is safe and short as a folder's.

    >>> slug("My photos (2024)-vae")
    'My-photos-2024-vae'
    """
    return re.sub(r"[^\w.]+", "-", name).strip("-.")[:80] or "run"


def abandon(folder: Path) -> None:
    """Take back a new folder in which nothing was trained, so that the same command can be given again.

    Args:
        folder: The folder; one with a checkpoint, or with files that are not ours, stays.
    """
    if not any((folder / name).exists() for name in (CURRENT, PREVIOUS)):
        for name in (CONFIG, DATA, METRICS, ".lock"):
            remove(folder / name)
        remove_if_empty(folder)


def remove_if_empty(folder: Path) -> None:
    """Remove a folder that holds nothing."""
    try:
        folder.rmdir()
    except OSError:
        return


def write_text(path: Path, text: str) -> None:
    """Write a small file whole: after a crash the old or the new text is there.

    Args:
        path: The file.
        text: Its content.

    Raises:
        RunFolderError: It cannot be written.
    """
    try:
        write_file(path, [text.encode()])
    except OSError as error:
        raise RunFolderError(f"{path} cannot be written: {error.strerror or error}") from error


def write_json(path: Path, values: Mapping[str, Any]) -> None:
    """Write a mapping as JSON that people can read too."""
    write_text(path, json.dumps(values, indent=2, allow_nan=False) + "\n")


def read_json(path: Path) -> dict[str, Any] | None:
    """Read a mapping; None where there is none or it is damaged: what is read so can be made again."""
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def link_or_copy(source: Path, target: Path) -> None:
    """Give a file a second name, or copy it where the file system has no such links; the new name appears whole.

    Args:
        source: The file.
        target: Its other name, replaced if it exists.

    Raises:
        RunFolderError: Neither is possible.
    """
    beside = target.with_name(f"{target.name}.partial")
    try:
        remove(beside)
        try:
            os.link(source, beside)
        except OSError:
            shutil.copyfile(source, beside)
        os.replace(beside, target)
        # Renaming one name of a file onto another name of the same file does nothing, and leaves both.
        remove(beside)
    except OSError as error:
        remove(beside)
        raise RunFolderError(f"{target} cannot be written: {error.strerror or error}") from error
