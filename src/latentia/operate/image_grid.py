"""Pictures as pixels: data in their own units turned into 8-bit colours, one by one or laid out in a grid."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from latentia.data.spec import DataSpec
from latentia.errors import CompatibilityError

Pixels = npt.NDArray[np.uint8]


def as_pixels(x: Any, spec: DataSpec) -> Pixels:
    """Turn pictures into 8-bit pixels: 0 is black; the value that stands for 1 in the data is white.

    Real-valued pictures have no such value; for them the range of the training data is used.

    Args:
        x: `[*lead, C, H, W]` in the data's units.
        spec: The data's description.

    Returns:
        `[*lead, H, W, C]`; C is 1 or 3, values outside the range are clipped.

    Raises:
        CompatibilityError: The data are no pictures of 1 or 3 channels.
    """
    if spec.kind != "image" or spec.shape[0] not in (1, 3):
        raise CompatibilityError(
            f"{spec.name!r} has rows of shape {spec.shape}, no pictures of 1 or 3 channels; give a .npy file instead"
        )
    low, high = (spec.low, spec.high) if spec.support == "real" else (0.0, spec.unit)
    values = torch.as_tensor(x).detach().cpu().to(torch.float64).movedim(-3, -1).numpy()
    # missing pixels are grey
    scaled = np.nan_to_num((values - low) / (high - low if high > low else 1.0), nan=0.5)
    return np.asarray(np.rint(255 * np.clip(scaled, 0, 1)), dtype=np.uint8)


def image_grid(pixels: Pixels, *, gap: int = 1, background: int = 255, magnify: int = 1) -> Pixels:
    """Lay pictures out in a grid with gaps between them.

    Args:
        pixels: `[R, S, H, W, C]`: R rows of S pictures.
        gap: Pixels between pictures, after magnification.
        background: Grey value of the gaps.
        magnify: Each pixel becomes a square of this many pixels.

    Returns:
        One picture, `[R (H m + gap) - gap, S (W m + gap) - gap, C]`.

    >>> image_grid(np.zeros((2, 3, 4, 4, 1), np.uint8), gap=2).shape
    (10, 16, 1)
    """
    big = pixels.repeat(magnify, axis=2).repeat(magnify, axis=3)
    rows, columns, height, width, channels = big.shape
    grid = np.full((rows * (height + gap), columns * (width + gap), channels), background, dtype=np.uint8)
    tiles = grid.reshape(rows, height + gap, columns, width + gap, channels)
    tiles[:, :height, :, :width] = big.transpose(0, 2, 1, 3, 4)
    return grid[: grid.shape[0] - gap, : grid.shape[1] - gap] if gap else grid


def square_layout(num: int) -> int:
    """Columns of a grid of `num` pictures that is about as wide as high.

    >>> [square_layout(num) for num in (1, 4, 10, 64)]
    [1, 2, 4, 8]
    """
    return max(1, int(np.ceil(np.sqrt(num))))
