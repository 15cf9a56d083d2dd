"""Pictures laid out in labelled grids, every pixel of theirs a square of whole pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from latentia.operate.image_grid import Pixels, image_grid
from latentia.report.style import DPI, INK, MUTED, SMALL, TEXT, WIDTH, sheet

_MARGIN, _LINE, _BETWEEN = 16, 34, 60
"""Pixels around the sheet, of one line of text, and between panels."""
_LETTER = 0.61
"""Mean width of a letter, in units of its size."""
_LARGEST = 256
"""Pixels of the longest side of one picture; larger ones are reduced."""
_VISIBLE = 104
"""Pixels that the longest side of one picture should have on the sheet."""


@dataclass(frozen=True, slots=True)
class Panel:
    """A grid of pictures with its labels.

    Attributes:
        pixels: `[R, S, H, W, C]`.
        title: Above the grid.
        rows: A label left of every row, or nothing; after a line break the rest is set smaller.
        columns: A label above every column, or nothing.
    """

    pixels: Pixels
    title: str = ""
    rows: Sequence[str] = ()
    columns: Sequence[str] = ()

    @property
    def margin(self) -> int:
        """Pixels that the row labels take."""
        if not any(self.rows):
            return 0
        points = max(
            len(line) * size
            for label in self.rows
            for line, size in zip(label.split("\n"), (TEXT, SMALL), strict=False)
        )
        return round(points * _LETTER * DPI / 72) + _MARGIN


def reduced(pixels: Pixels) -> Pixels:
    """Pictures at a size at which several fit side by side.

    Args:
        pixels: `[*lead, H, W, C]`.

    Returns:
        The same pictures, their longest side at most 256 pixels.
    """
    height, width, channels = pixels.shape[-3:]
    factor = _LARGEST / max(height, width)
    if factor >= 1:
        return pixels
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    flat = pixels.reshape(-1, height, width, channels)
    small = [
        np.asarray(Image.fromarray(each[:, :, 0] if channels == 1 else each).resize(size, Image.Resampling.LANCZOS))
        for each in flat
    ]
    return np.stack(small).reshape(*pixels.shape[:-3], size[1], size[0], channels)


def columns_that_fit(shape: Sequence[int], *, largest: int, labels: int = 240) -> int:
    """How many pictures to show side by side, each magnified to a size at which it can be seen.

    Args:
        shape: `(C, H, W)`.
        largest: The most.
        labels: Pixels of the page that labels take.

    Returns:
        At least 2: few of large pictures, `largest` of small ones.

    >>> [columns_that_fit((3, side, side), largest=12) for side in (8, 28, 64, 300)]
    [12, 12, 10, 5]
    """
    longest = min(max(shape[1:]), _LARGEST)
    magnify = -(-_VISIBLE // longest)
    return max(2, min(largest, (round(WIDTH * DPI) - 2 * _MARGIN - labels) // (longest * magnify + 4)))


def contact_sheet(panels: Sequence[Panel], *, gap: int = 4) -> Figure:
    """Draw panels side by side, as large as the page allows and crisp.

    Args:
        panels: With equally large pictures.
        gap: Pixels between pictures.

    Returns:
        A figure at most `WIDTH` inches wide.
    """
    page = round(WIDTH * DPI)
    room = page - 2 * _MARGIN - _BETWEEN * (len(panels) - 1) - sum(panel.margin for panel in panels)
    columns = sum(panel.pixels.shape[1] for panel in panels)
    high, wide = panels[0].pixels.shape[2:4]
    # Small pictures are magnified to fill the page, but single pixels need not grow beyond legibility.
    magnify = max(1, min((room // columns - gap) // wide, -(-180 // max(high, wide))))
    grids = [image_grid(panel.pixels, gap=gap, magnify=magnify) for panel in panels]

    lines_above = max((bool(panel.title) + bool(panel.columns) for panel in panels), default=0)
    top = _MARGIN + _LINE * lines_above
    width = (
        2 * _MARGIN
        + _BETWEEN * (len(panels) - 1)
        + sum(p.margin + g.shape[1] for p, g in zip(panels, grids, strict=True))
    )
    height = top + max(grid.shape[0] for grid in grids) + _MARGIN
    figure = sheet(height / DPI, width=width / DPI, constrained=False)

    def write(text: str, x: float, y: float, **style: object) -> None:
        figure.text(x / width, 1 - y / height, text, **{"fontsize": TEXT, "color": INK, **style})  # type: ignore[arg-type] # one call for all labels

    left = _MARGIN
    for panel, grid in zip(panels, grids, strict=True):
        left += panel.margin
        colours = grid.repeat(3, axis=2) if grid.shape[2] == 1 else grid
        figure.figimage(colours, left, height - top - grid.shape[0], origin="upper")
        if panel.title:
            write(panel.title, left, _MARGIN + _LINE * 0.45, va="center")
        for index, label in enumerate(panel.columns):
            centre = left + index * (wide * magnify + gap) + wide * magnify / 2
            write(label, centre, top - _LINE * 0.5, ha="center", va="center", fontsize=SMALL, color=MUTED)
        for index, label in enumerate(panel.rows):
            first, _, rest = label.partition("\n")
            middle = top + index * (high * magnify + gap) + high * magnify / 2
            shift = 13 if rest else 0
            write(first, left - _MARGIN, middle - shift, ha="right", va="center")
            if rest:
                write(rest, left - _MARGIN, middle + shift + 1, ha="right", va="center", fontsize=SMALL, color=MUTED)
        left += grid.shape[1] + _BETWEEN
    return figure
