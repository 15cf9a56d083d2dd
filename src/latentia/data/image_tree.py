"""Which files of a folder are images, and what their folders say of them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from latentia.data.files import reason, shown
from latentia.data.spec import SplitName
from latentia.errors import DataError

SUFFIXES = frozenset(
    (".bmp", ".gif", ".jpe", ".jpeg", ".jpg", ".pbm", ".pgm", ".png", ".pnm", ".ppm", ".tif", ".tiff", ".webp")
)
"""Suffixes of files that are taken for images."""

_SPLITS: dict[str, SplitName] = {
    "train": "train",
    "training": "train",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "test": "test",
    "testing": "test",
}


@dataclass(frozen=True, slots=True)
class Found:
    """An image file: its path, its split and the folder that may be its class."""

    path: Path
    split: SplitName
    group: str | None


@dataclass(frozen=True, slots=True)
class Tree:
    """All image files in a fixed order, and what was noticed."""

    images: tuple[Found, ...]
    notes: tuple[str, ...]


def find_images(folder: Path) -> Tree:
    """Walk a folder for images: sorted by name, links followed, each folder entered once.

    Hidden files are left out silently, files without an image's suffix are counted.

    Args:
        folder: The folder. If a folder `train` is in it, it and its siblings `validation` and `test` are splits;
            otherwise all is one part. Below, the first level of folders names the classes.

    Returns:
        The images.

    Raises:
        DataError: A folder that cannot be listed, or two folders for one split.
    """
    seen: set[tuple[int, int]] = set()
    top = _entries(folder, seen)
    named = {
        entry.name: _SPLITS[entry.name.lower()] for entry in top if entry.name.lower() in _SPLITS and _is_folder(entry)
    }
    if "train" not in named.values():
        named = {}
    if len(set(named.values())) < len(named):
        raise DataError(
            f"{shown(folder)} has several folders for one split: {', '.join(sorted(named))}; keep one of each"
        )
    images: list[Found] = []
    others: list[Path] = []
    if not named:
        _walk(folder, "train", images, others, set())
    for name, split in named.items():
        _walk(folder / name, split, images, others, seen)
    notes = [f"other files left out: {len(others)}, such as {shown(others[0].name)}"] if others else []
    if aside := [entry.name for entry in top if named and entry.name not in named and not entry.name.startswith(".")]:
        notes.append(
            f"beside the splits, left out: {', '.join(map(shown, aside[:5]))}{', ...' if len(aside) > 5 else ''}"
        )
    return Tree(tuple(images), tuple(notes))


def _entries(folder: Path, seen: set[tuple[int, int]]) -> list[os.DirEntry[str]]:
    """Entries in the order of their bytes; none for a folder seen before, which is what ends a loop of links."""
    try:
        status = os.stat(folder)
        if (status.st_dev, status.st_ino) in seen:
            return []
        seen.add((status.st_dev, status.st_ino))
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: os.fsencode(entry.name))
    except OSError as error:
        raise DataError(f"{shown(folder)} cannot be listed: {reason(error)}") from error


def _walk(root: Path, split: SplitName, images: list[Found], others: list[Path], seen: set[tuple[int, int]]) -> None:
    stack: list[tuple[Path, str | None]] = [(root, None)]
    while stack:
        folder, group = stack.pop()
        below = []
        for entry in _entries(folder, seen):
            path = folder / entry.name
            if entry.name.startswith("."):
                continue
            if _is_folder(entry):
                below.append((path, group or entry.name))
            elif path.suffix.lower() in SUFFIXES:
                images.append(Found(path, split, group))
            else:
                others.append(path)
        stack.extend(reversed(below))


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads to itself
        return False
