"""Pictures in an array brought to another size, as the reader of image folders does it."""

from __future__ import annotations

import numpy as np
from PIL import Image

from latentia.data.files import require_memory
from latentia.data.image_file import central_square
from latentia.data.reading import Array


def resized(pictures: Array, side: int) -> Array:
    """Crop each picture to its central square and reduce that with an antialiasing filter.

    Args:
        pictures: `[N, C, H, W]` in any dtype.
        side: Height and width of the result.

    Returns:
        `[N, C, side, side]`: uint8 stays so, everything else is float32 within the range of its own picture.
    """
    count, channels, height, width = pictures.shape
    if (height, width) == (side, side):
        return pictures
    dtype = np.uint8 if pictures.dtype == np.uint8 else np.float32
    require_memory(count * channels * side * side * np.dtype(dtype).itemsize, f"{count} pictures of {side}x{side}")
    result = np.empty((count, channels, side, side), dtype)
    for row in range(count):
        for channel in range(channels):
            plane = np.ascontiguousarray(pictures[row, channel], dtype=dtype)
            # a filter with negative lobes overshoots at edges; Pillow clips bytes by itself
            result[row, channel] = np.clip(
                np.asarray(central_square(Image.fromarray(plane), side)), plane.min(), plane.max()
            )
    return result
