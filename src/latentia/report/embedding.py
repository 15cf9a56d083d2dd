"""Pictures inside a page: as data, within a limit of size."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

LIMIT = 3_400_000
"""Bytes of all pictures of a page together; in base64 they take a third more."""
_QUALITIES = (90, 80, 65, 45, 25)


@dataclass(frozen=True, slots=True)
class Embedded:
    """A picture as a page holds it.

    Attributes:
        uri: `data:` and the bytes in base64.
        width: In dots of the screen, half the pixels: sharp on dense screens.
        height: Likewise.
    """

    uri: str
    width: int
    height: int


def embed(pictures: Mapping[str, Path], *, limit: int = LIMIT) -> dict[str, Embedded]:
    """Read pictures for a page; those too large for it become JPEG, at the best quality that the limit allows.

    Args:
        pictures: Name to PNG file.
        limit: Bytes of all together.

    Returns:
        Name to picture, in the same order.
    """
    share = limit // max(len(pictures), 1)
    result = {}
    for name, path in pictures.items():
        content, kind = path.read_bytes(), "png"
        with Image.open(io.BytesIO(content)) as image:
            width, height = image.size
            colours = image.convert("RGB")
        for quality in _QUALITIES:
            if len(content) <= share:
                break
            buffer = io.BytesIO()
            colours.save(buffer, format="JPEG", quality=quality, optimize=True)
            content, kind = buffer.getvalue(), "jpeg"
        uri = f"data:image/{kind};base64,{base64.b64encode(content).decode('ascii')}"
        result[name] = Embedded(uri, width // 2, height // 2)
    return result
