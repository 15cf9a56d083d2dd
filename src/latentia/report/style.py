"""The look that all pictures share: a white sheet, dark ink, thin lines, colours that colour-blind eyes tell apart."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Literal

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont, get_font

from latentia.operate.output_file import replacing

DPI = 200
"""Dots an inch; a sheet of `WIDTH` inches fills a page of 860 pixels at twice their density."""
WIDTH = 8.6
"""Inches; the width of every chart."""
TEXT, SMALL = 8.5, 7.5
"""Sizes of letters, in points."""

INK, MUTED, RULE, PAPER = "#1f2430", "#666d7a", "#d9dce1", "#ffffff"
TRAIN, HELD_OUT = "#0072b2", "#d55e00"
"""Okabe and Ito's blue and vermilion; in curves the second one is also thicker, so colour is not all that differs."""
FAINT = "#c3c8cf"
"""What is there but not the point."""

CLASSES = (
    "#332288",
    "#cc6677",
    "#117733",
    "#88ccee",
    "#ddaa33",
    "#882255",
    "#44aa99",
    "#999933",
    "#aa4499",
    "#555555",
)
"""Colours of classes, after Paul Tol's 'muted' scheme; names stand beside them, so a repeated colour does no harm."""


Where = Literal["best", "center right"]
"""Places of a legend."""


def sheet(height: float, *, width: float = WIDTH, constrained: bool = True) -> Figure:
    """An empty white figure that belongs to nobody: no global state is touched.

    Args:
        height: In inches.
        width: In inches.
        constrained: Whether matplotlib arranges the axes so that no labels overlap.

    Returns:
        The figure.
    """
    figure = Figure(figsize=(width, height), dpi=DPI, facecolor=PAPER, layout="constrained" if constrained else None)
    FigureCanvasAgg(figure)
    return figure


def save(figure: Figure, path: Path) -> Path:
    """Write a figure as PNG, equal bytes for equal figures.

    Args:
        figure: The figure.
        path: Where.

    Returns:
        The path.
    """
    with replacing(path) as file:
        figure.savefig(file, format="png", dpi=DPI, facecolor=PAPER, metadata={"Software": None})
    return path


def quiet(axes: Axes, *, title: str = "", x: str = "", y: str = "", rules: bool = True) -> Axes:
    """Give axes the common look: two thin spines, small ticks, faint horizontal rules.

    Args:
        axes: To be changed.
        title: Above, on the left.
        x: Below, with the unit.
        y: On the left, with the unit.
        rules: Whether to draw horizontal rules.

    Returns:
        The same axes.
    """
    axes.set_facecolor(PAPER)
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(FAINT)
        spine.set_linewidth(0.7)
    axes.tick_params(colors=MUTED, labelsize=SMALL, length=2.5, width=0.7, color=FAINT)
    axes.set_title(title, loc="left", fontsize=TEXT, color=INK, pad=6)
    axes.set_xlabel(x, fontsize=SMALL, color=MUTED)
    axes.set_ylabel(y, fontsize=SMALL, color=MUTED)
    axes.grid(visible=False)
    if rules:
        axes.grid(visible=True, axis="y", color=RULE, linewidth=0.5)
    axes.set_axisbelow(True)
    return axes


def legend(axes: Axes, *, where: Where = "best", columns: int = 1) -> None:
    """A legend without a frame, in the common size."""
    if axes.get_legend_handles_labels()[0]:
        axes.legend(
            loc=where, ncols=columns, frameon=False, fontsize=SMALL, labelcolor=INK, handlelength=1.4, borderpad=0.2
        )


def number(value: float) -> str:
    """A number for people: about four digits that count, a real minus sign, no exponent where none is needed.

    >>> number(-94.1234), number(0.01234), number(123456.0), number(1.9), number(16.0)
    ('−94.12', '0.0123', '123,456', '1.90', '16')
    """
    size = abs(value)
    if not math.isfinite(value):
        return "not finite"
    if (value == int(value) and size < 1e7) or 1000 <= size < 1e7:
        text = f"{value:,.0f}"
    elif size >= 1e7 or size < 1e-4:
        text = f"{value:.3g}"
    else:
        text = f"{value:.2f}" if size >= 10 else f"{value:#.3g}"
    return text.replace("-", "−")


@cache
def _glyphs() -> frozenset[int]:
    return frozenset(get_font(findfont("DejaVu Sans")).get_charmap())


def drawable(text: str, instead: str) -> str:
    r"""A text as matplotlib can set it: dollar signs start no mathematics, characters that its font lacks become "?".

    Args:
        text: Any text.
        instead: What stands for a text of which less than half can be set.

    Returns:
        The text in matplotlib's notation.

    >>> drawable("cost in $", "x[0]"), drawable("价格", "x[0]")
    ('cost in \\$', 'x[0]')
    """
    known = [character if ord(character) in _glyphs() and character.isprintable() else "?" for character in text]
    if not text.strip() or 2 * sum(a != b for a, b in zip(known, text, strict=True)) > len(text):
        return instead
    return "".join(known).replace("$", r"\$")


def shortened(names: Sequence[str], instead: str, length: int = 18) -> list[str]:
    """Names that can be drawn beside a chart; `instead` has a place for the number of a name that cannot.

    >>> shortened(["height", "a name that goes on and on"], "x[{}]")
    ['height', 'a name that goes …']
    """
    cut = (name if len(name) <= length else name[: length - 1] + "…" for name in names)
    return [drawable(name, instead.format(index)) for index, name in enumerate(cut)]
