"""How the training went: the ELBO and its two parts, on training and validation rows, epoch by epoch."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from latentia.report.style import HELD_OUT, MUTED, SMALL, TRAIN, legend, number, quiet, sheet

Rows = Sequence[Mapping[str, Any]]
Points = npt.NDArray[np.float64]

_TERMS = (
    ("bound", "importance-weighted bound"),
    ("elbo", "ELBO"),
    ("reconstruction", "reconstruction term"),
    ("kl", "KL"),
)
_FEW = 25
"""Up to this many rows each is marked by a dot."""


def series(rows: Rows, split: str, term: str) -> Points:
    """One curve.

    Args:
        rows: Rows of metrics.
        split: `train` or `validation`.
        term: `elbo`, `reconstruction`, `kl`, ...

    Returns:
        `[n, 2]`, epoch and value, for the rows that have a finite value.
    """
    found = []
    for row in rows:
        value = (row.get(split) or {}).get(term)
        if isinstance(value, int | float) and math.isfinite(value):
            found.append((float(row["epoch"]), float(value)))
    return np.array(found, dtype=np.float64).reshape(-1, 2)


def loss_curves(rows: Rows) -> Figure | None:
    """Draw the terms that the rows have, each in its own axes; the KL weight below where it changed.

    The first epochs of a run often lie far from all others; the axes leave them out and say so.

    Args:
        rows: Rows of metrics.

    Returns:
        The figure, or None where there is nothing to draw.
    """
    terms = [
        (name, title)
        for name, title in _TERMS
        if len(series(rows, "train", name)) + len(series(rows, "validation", name))
    ]
    if not terms:
        return None
    weights = [float(row.get("kl_weight", 1.0)) for row in rows]
    warming = len(set(weights)) > 1 and any(name == "kl" for name, _ in terms)
    figure = sheet(2.7 + 0.9 * warming)
    grid = figure.add_gridspec(1 + warming, len(terms), height_ratios=[3, 1][: 1 + warming])
    for column, (name, title) in enumerate(terms):
        axes = quiet(
            figure.add_subplot(grid[0, column]), title=title, x="epoch", y="nats per example" if column == 0 else ""
        )
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        _draw(axes, rows, name)
        if column == 0:
            legend(axes, where="center right")
        if warming and name == "kl":
            below = quiet(figure.add_subplot(grid[1, column], sharex=axes), x="epoch", y="KL weight")
            below.plot([float(row["epoch"]) for row in rows], weights, color=MUTED, linewidth=1.2)
            below.set_ylim(0, max(1.05, 1.05 * max(weights)))
            axes.set_xlabel("")
    return figure


def _draw(axes: Axes, rows: Rows, term: str) -> None:
    curves = {split: series(rows, split, term) for split in ("train", "validation")}
    for (split, points), colour, width in zip(curves.items(), (TRAIN, HELD_OUT), (1.2, 1.7), strict=True):
        if len(points):
            marker = "o" if len(points) <= _FEW else ""
            axes.plot(
                points[:, 0], points[:, 1], color=colour, linewidth=width, marker=marker, markersize=2.8, label=split
            )
    values = [points[:, 1] for points in curves.values() if len(points)]
    whole = np.concatenate(values)
    settled = np.concatenate([each[max(1, len(each) // 20) :] if len(each) > 2 else each for each in values])
    low, high = float(settled.min()), float(settled.max())
    spread = max(high - low, 1e-3 * abs(high), 1e-9)
    outside = whole[(whole < low - spread) | (whole > high + spread)]
    if len(outside):
        axes.set_ylim(low - 0.08 * spread, high + 0.08 * spread)
        axes.annotate(
            f"from {number(float(outside[0]))} (cut off)",
            (0.99, 0.02 if outside[0] < low else 0.98),
            xycoords="axes fraction",
            ha="right",
            va="bottom" if outside[0] < low else "top",
            fontsize=SMALL - 1,
            color=MUTED,
        )
