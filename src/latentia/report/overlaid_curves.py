"""How several trainings went, in one picture: bounds and KL on validation rows, epoch by epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from latentia.report.curves import Points, Rows, series
from latentia.report.style import CLASSES, legend, quiet, sheet, shortened

_LONGEST = 30
_DASHES = ("-", "--", "-.", ":")
"""One for each round of the colours."""


def overlaid_curves(runs: Mapping[str, Rows], groups: Sequence[tuple[str, Sequence[str]]]) -> Figure | None:
    """Draw the curves of several runs over one another.

    Bounds share axes only among runs whose log-likelihoods may be compared; the KL, which is in nats of codes, is drawn
    for all.

    Args:
        runs: Name to rows of metrics.
        groups: A title, and the names of runs whose bounds may share axes.

    Returns:
        The figure, or None where there is nothing to draw.
    """
    panels = [(f"ELBO, {title}" if len(groups) > 1 else "ELBO", "elbo", list(names)) for title, names in groups]
    panels.append(("KL", "kl", list(runs)))
    drawn = [panel for panel in panels if any(len(_curve(runs[name], panel[1])) for name in panel[2])]
    if not drawn:
        return None
    figure = sheet(2.9 * -(-len(drawn) // 2))
    grid = figure.add_gridspec(-(-len(drawn) // 2), min(len(drawn), 2))
    labels = dict(zip(runs, shortened([_tail(name) for name in runs], "run {}", _LONGEST), strict=True))
    for place, (title, term, names) in enumerate(drawn):
        axes = quiet(figure.add_subplot(grid[place // 2, place % 2]), title=title, x="epoch", y="nats per example")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        for number, name in enumerate(runs):
            points = _curve(runs[name], term)
            if name in names and len(points):
                dash = _DASHES[number // len(CLASSES) % len(_DASHES)]
                colour = CLASSES[number % len(CLASSES)]
                few = "o" if len(points) <= 25 else ""
                axes.plot(
                    points[:, 0], points[:, 1], color=colour, linestyle=dash, linewidth=1.5, marker=few, markersize=2.8,
                    label=labels[name],
                )  # fmt: skip
        _settle(axes, [_curve(runs[name], term) for name in names])
        legend(axes)
    return figure


def _tail(name: str) -> str:
    """The end of a path: its beginning is what runs share."""
    return name if len(name) <= _LONGEST else "…" + name[1 - _LONGEST :]


def _curve(rows: Rows, term: str) -> Points:
    held_out = series(rows, "validation", term)
    return held_out if len(held_out) else series(rows, "train", term)


def _settle(axes: Axes, curves: Sequence[Points]) -> None:
    """Leave out the first epochs, which often lie far from all others."""
    settled = np.concatenate([each[max(1, len(each) // 20) :, 1] if len(each) > 2 else each[:, 1] for each in curves])
    low, high = float(settled.min()), float(settled.max())
    spread = max(high - low, 1e-3 * abs(high), 1e-9)
    axes.set_ylim(low - 0.08 * spread, high + 0.08 * spread)
