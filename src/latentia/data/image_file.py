"""One image file: what its header says, and its pixels as 8-bit grey or RGB."""

from __future__ import annotations

import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFile, UnidentifiedImageError
from PIL.TiffImagePlugin import TiffImageFile

from latentia.data.files import plain_size, reason
from latentia.errors import DataError

FORMATS = ("BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")
"""Formats that are decoded; Pillow's rarer decoders never see a file."""

MAX_PIXELS = 2**26
"""Pictures of more pixels are refused before they are decoded: 67 million, 8192 x 8192."""

_DEEP = ("I", "I;16", "I;16L", "I;16B", "I;16N")
_GREY = ("1", "L", "LA", "La", "F", *_DEEP)
_WIDTH, _HEIGHT, _ORIENTATION = 256, 257, 274  # tags of TIFF and EXIF
_SIDEWAYS = (5, 6, 7, 8)
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_FAULTS = (
    OSError, SyntaxError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError, EOFError, MemoryError,
    RuntimeError, struct.error, zlib.error, Warning, Image.DecompressionBombError,
)  # fmt: skip
"""What Pillow's decoders have been seen to raise on damaged files."""


@dataclass(frozen=True, slots=True)
class Header:
    """What is known of an image before it is decoded.

    Args:
        size: Width and height as the picture is meant to be seen.
        grey: It has no colour by its mode.
        alpha: It has transparent pixels, or may have.
        deep: It has more than 8 bits a channel.
        animated: It has several frames.
        turned: Its EXIF tag says that it is stored rotated or mirrored.
    """

    size: tuple[int, int]
    grey: bool
    alpha: bool
    deep: bool
    animated: bool
    turned: bool


@contextmanager
def strict_decoding() -> Iterator[None]:
    """A scope for decoding, in one thread or many: truncated files fail, and Pillow's warnings of bombs are errors."""
    before = ImageFile.LOAD_TRUNCATED_IMAGES
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"PIL\.")
        warnings.filterwarnings("error", category=Image.DecompressionBombWarning)
        warnings.filterwarnings("error", message=".*[Tt]runcated")
        ImageFile.LOAD_TRUNCATED_IMAGES = False
        try:
            yield
        finally:
            ImageFile.LOAD_TRUNCATED_IMAGES = before


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    if plain_size(path) == 0:
        raise DataError("empty file")
    try:
        with open(path, "rb") as file, Image.open(file, formats=FORMATS) as image:
            if image.width * image.height > MAX_PIXELS:
                raise DataError(f"{image.width}x{image.height} pixels, more than {MAX_PIXELS}")
            yield image
    except UnidentifiedImageError:
        raise DataError(f"not an image in one of the formats {', '.join(FORMATS)}") from None
    except _FAULTS as error:
        raise DataError(reason(error)) from error


def _orientation(image: Image.Image) -> int:
    """The EXIF tag, 1 where the picture is upright; asked for before decoding."""
    if image.format == "PNG" and "exif" not in image.info:
        return 1  # getexif would decode the whole picture to look behind it
    try:
        found = (
            image.tag_v2.get(_ORIENTATION) if isinstance(image, TiffImageFile) else image.getexif().get(_ORIENTATION)
        )
    except _FAULTS:
        return 1  # a damaged tag is no reason to lose the picture
    return found if isinstance(found, int) and found in _TURNS else 1


def _upright_size(image: Image.Image, orientation: int) -> tuple[int, int]:
    width, height = image.size
    if isinstance(image, TiffImageFile):  # whose `size` is turned in some versions of Pillow, and in some is not
        width, height = image.tag_v2[_WIDTH], image.tag_v2[_HEIGHT]
    return (height, width) if orientation in _SIDEWAYS else (width, height)


def read_header(path: Path) -> Header:
    """Read the header of an image file.

    Args:
        path: The file.

    Returns:
        What it says.

    Raises:
        DataError: Why it cannot be read; the message leaves out the path.
    """
    with _opened(path) as image:
        orientation = _orientation(image)
        return Header(
            size=_upright_size(image, orientation),
            grey=image.mode in _GREY,
            alpha=image.has_transparency_data,
            deep=image.mode in _DEEP or image.mode == "F",
            # the second picture of a phone's multi-picture JPEG is a preview, no frame
            animated=image.format != "MPO" and bool(getattr(image, "is_animated", False)),
            turned=orientation in _TURNS,
        )


def read_pixels(path: Path, *, channels: int, resize: int | None = None) -> npt.NDArray[np.uint8]:
    """Decode the first frame of an image file, upright, on white where it is transparent.

    Args:
        path: The file.
        channels: 1 for grey, 3 for RGB.
        resize: Side of the square to which the central square is reduced, with antialiasing; None keeps the size.

    Returns:
        `[C, H, W]`.

    Raises:
        DataError: Why it cannot be read; the message leaves out the path.
    """
    with _opened(path) as image:
        turn = (
            None if isinstance(image, TiffImageFile) else _TURNS.get(_orientation(image))
        )  # TIFF: Pillow turns it itself
        if resize is not None:
            # JPEG decodes at 1/2, 1/4 or 1/8 of its size almost for free; twice the target leaves the filter its work
            image.draft(None, (2 * resize, 2 * resize))
        image.load()
        flat = _eight_bit(image).convert("L" if channels == 1 else "RGB")
        if turn is not None:
            flat = flat.transpose(turn)
        if resize is not None:
            flat = central_square(flat, resize)
        pixels = np.asarray(flat)
    return pixels[None] if channels == 1 else np.ascontiguousarray(pixels.transpose(2, 0, 1))


def central_square(image: Image.Image, side: int) -> Image.Image:
    """Cut out the largest central square and reduce it to `side` pixels with an antialiasing filter.

    Args:
        image: Any size.
        side: Width and height of the result.

    Returns:
        A square image of the same mode.
    """
    edge = min(image.size)
    left, top = (image.width - edge) // 2, (image.height - edge) // 2
    # cut before the filter runs: given a box, it would still look beyond it
    return image.crop((left, top, left + edge, top + edge)).resize((side, side), Image.Resampling.LANCZOS)


def _eight_bit(image: Image.Image) -> Image.Image:
    if image.mode in _DEEP:
        values = np.asarray(image).astype(np.int64)
        if values.min() < 0 or values.max() > 65535:
            raise DataError(f"whole numbers from {values.min()} to {values.max()}, outside 0..65535")
        return Image.fromarray(((values * 255 + 32767) // 65535).astype(np.uint8))
    if image.mode == "F":
        reals = np.asarray(image).astype(np.float64)
        if not (np.isfinite(reals).all() and reals.min() >= 0 and reals.max() <= 255):
            raise DataError("real numbers outside 0..255")
        return Image.fromarray(np.round(reals * (255 if reals.max() <= 1 else 1)).astype(np.uint8))
    if image.has_transparency_data:
        seen = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", seen.size, "white"), seen)
    return image
