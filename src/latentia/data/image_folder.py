"""A folder of images as one resident uint8 array."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np

from latentia.data.files import require_memory, shown
from latentia.data.image_file import Header, read_header, read_pixels, strict_decoding
from latentia.data.image_tree import Found, find_images
from latentia.data.reading import Array, Part, Reading
from latentia.data.spec import SPLITS, SplitName
from latentia.errors import DataError

MAX_SKIPPED = 0.05
"""If a larger part of the images cannot be read, something is wrong with the folder."""

_AT_ONCE = 1024
T = TypeVar("T")


def read_image_folder(
    folder: Path, source: str, *, resize: int | None = None, workers: int | None = None, channels: int | None = None
) -> Reading:
    """Read a folder of images: flat, a folder a class, and either of them under train, validation and test.

    Images that cannot be read are skipped, counted and listed.

    Args:
        folder: The folder.
        source: As the user gave it.
        resize: Side of the square to which each image is cropped and reduced; without it all must have one size.
        workers: Threads that decode; the result does not depend on it. None takes one a processor, at most 8.
        channels: 1 for grey, 3 for RGB; None takes grey if no image has colour.

    Returns:
        `[N, C, H, W]` in uint8 for each split, and the classes if there are any.

    Raises:
        DataError: No images, images of several sizes, or more than 5% that cannot be read.
    """
    tree = find_images(folder)
    if not tree.images:
        raise DataError(
            f"{shown(folder)} has no images in it; a folder of PNG, JPEG, WebP, TIFF, BMP, GIF or PPM files is expected"
        )
    threads = workers or min(8, os.cpu_count() or 1)
    with strict_decoding(), ThreadPoolExecutor(threads) as pool:
        headers = _each(pool, read_header, [image.path for image in tree.images])
        readable = [
            (image, header) for image, header in zip(tree.images, headers, strict=True) if isinstance(header, Header)
        ]
        skipped = {image.path: why for image, why in zip(tree.images, headers, strict=True) if isinstance(why, str)}
        _check_skipped(folder, skipped, len(tree.images))
        height, width = (resize, resize) if resize else _one_size(folder, [header for _, header in readable])
        depth = channels or (1 if all(header.grey for _, header in readable) else 3)
        require_memory(
            len(readable) * depth * height * width, f"{shown(folder)} ({len(readable)} images of {width}x{height})"
        )
        pixels = np.empty((len(readable), depth, height, width), np.uint8)
        decode = partial(_fill, pixels, resize)
        results = _each(pool, decode, list(enumerate(image.path for image, _ in readable)))
    skipped |= {image.path: why for (image, _), why in zip(readable, results, strict=True) if isinstance(why, str)}
    _check_skipped(folder, skipped, len(tree.images))
    kept = np.array([not isinstance(why, str) for why in results])
    parts, classes = _parts(folder, [image for image, _ in readable], pixels, kept)
    return Reading(
        name=shown(folder.resolve().name or "images"),
        source=source,
        what=f"folder of {int(kept.sum()):,} images",
        parts=parts,
        classes=classes,
        notes=(*tree.notes, *_notes([header for _, header in readable], skipped, folder)),
        skipped=tuple(f"{shown(path.relative_to(folder))}: {why}" for path, why in sorted(skipped.items())),
    )


def _each(pool: ThreadPoolExecutor, work: Callable[[T], object], items: Sequence[T]) -> list[object]:
    """Results in order; the reason in words where an image cannot be read."""

    def guarded(item: T) -> object:
        try:
            return work(item)
        except DataError as error:
            return str(error)

    batches = (items[first : first + _AT_ONCE] for first in range(0, len(items), _AT_ONCE))
    return [result for batch in batches for result in pool.map(guarded, batch)]


def _fill(pixels: Array, resize: int | None, item: tuple[int, Path]) -> None:
    row, path = item
    image = read_pixels(path, channels=pixels.shape[1], resize=resize)
    if image.shape != pixels.shape[1:]:
        raise DataError(f"its size changed to {image.shape[2]}x{image.shape[1]} while it was read")
    pixels[row] = image


def _check_skipped(folder: Path, skipped: dict[Path, str], total: int) -> None:
    if len(skipped) > MAX_SKIPPED * total:
        raise DataError(
            f"{shown(folder)}: {len(skipped)} of {total} images cannot be read, more than {MAX_SKIPPED:.0%}; "
            f"mend or remove them: {_listing(skipped, folder)}"
        )


def _listing(skipped: dict[Path, str], folder: Path) -> str:
    first = [f"{shown(path.relative_to(folder))} ({why})" for path, why in sorted(skipped.items())[:5]]
    return ", ".join(first) + (", ..." if len(skipped) > 5 else "")


def _one_size(folder: Path, headers: Iterable[Header]) -> tuple[int, int]:
    sizes = Counter(header.size for header in headers)
    if len(sizes) > 1:
        listed = ", ".join(f"{w}x{h}: {count}" for (w, h), count in sizes.most_common(5))
        listed += ", ..." if len(sizes) > 5 else ""
        raise DataError(
            f"{shown(folder)} has images of {len(sizes)} sizes ({listed}); give --resize N (resize=N) to crop "
            "each to its central square and reduce that to NxN"
        )
    ((width, height),) = sizes
    return height, width


def _parts(
    folder: Path, images: Sequence[Found], pixels: Array, kept: Array
) -> tuple[dict[SplitName, Part], tuple[str, ...] | None]:
    # a class is a folder that every image has; one single class says nothing
    names = sorted({image.group for image in images if image.group is not None})
    labelled = len(names) > 1 and all(image.group is not None for image in images)
    numbers: dict[str | None, int] = {name: number for number, name in enumerate(names)}
    codes = np.array([numbers.get(image.group, 0) for image in images], np.int64)
    given = np.array([image.split for image in images])
    parts: dict[SplitName, Part] = {}
    for split in SPLITS:
        rows = kept & (given == split)
        if rows.any():
            parts[split] = Part(pixels if rows.all() else pixels[rows], codes[rows] if labelled else None)
    if "train" not in parts:
        raise DataError(f"{shown(folder)}: no image in its train folder can be read")
    return parts, tuple(map(shown, names)) if labelled else None


def _notes(headers: Sequence[Header], skipped: dict[Path, str], folder: Path) -> tuple[str, ...]:
    counts = {
        "had transparency: composited on white": sum(header.alpha for header in headers),
        "had more than 8 bits a channel: scaled to 8": sum(header.deep for header in headers),
        "had several frames: the first was taken": sum(header.animated for header in headers),
        "were turned upright by their EXIF tag": sum(header.turned for header in headers),
    }
    notes = [f"{count} of {len(headers)} images {what}" for what, count in counts.items() if count]
    if skipped:
        notes.append(f"images skipped, as they cannot be read: {len(skipped)}, {_listing(skipped, folder)}")
    return tuple(notes)
