"""How much each latent dimension carries: bars of the KL, or of the codes' spread where there is no KL."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from latentia.data_model import DataModel
from latentia.operate import Activity
from latentia.report.style import FAINT, MUTED, SMALL, TRAIN, WIDTH, quiet, sheet

_NAMED = 40
"""Up to this many bars each has its number below it."""
_NARROWEST = 2.6
"""Inches of the narrowest chart: its labels need that much."""
_LOWEST = 0.1
"""The axis reaches at least this far up, so that dimensions that carry nothing look it."""


def dimension_bars(model: DataModel, activity: Activity) -> Figure:
    """One chart a latent group, bars in falling order, active dimensions in colour.

    Args:
        model: The model.
        activity: Of its dimensions.

    Returns:
        The figure.
    """
    sizes = model.latent_sizes
    room = [max(_NARROWEST, min(size, _NAMED) * 0.3) for size in sizes.values()]
    figure = sheet(2.6, width=min(WIDTH, 0.8 + sum(room)))
    grid = figure.add_gridspec(1, len(sizes), width_ratios=room)
    measured = (activity.variance.sqrt() if activity.kl is None else activity.kl).numpy()
    unit = "standard deviation of the code" if activity.kl is None else "mean KL, nats"
    active = activity.active.numpy()
    first, left = 0, None
    for column, (name, size) in enumerate(sizes.items()):
        values, alive = measured[first : first + size], active[first : first + size]
        first += size
        order = np.argsort(-values, kind="stable")
        axes = quiet(
            figure.add_subplot(grid[0, column], sharey=left),
            title="" if len(sizes) == 1 else name,
            x=f"dimension of {name}, most active first",
            y=unit if column == 0 else "",
        )
        colours = [TRAIN if alive[dim] else FAINT for dim in order]
        axes.bar(np.arange(size), values[order], color=colours, width=0.8 if size <= 2 * _NAMED else 1.0)
        axes.set_xlim(-0.7, size - 0.3)
        axes.set_ylim(0, max(1.1 * float(measured.max()), _LOWEST))
        left = left or axes
        if size <= _NAMED:
            axes.set_xticks(np.arange(size), [str(dim) for dim in order], fontsize=SMALL if size <= 24 else SMALL - 2.5)
        if not alive.all():
            axes.annotate(
                "grey: inactive",
                (0.99, 0.95),
                xycoords="axes fraction",
                ha="right",
                va="top",
                fontsize=SMALL - 0.5,
                color=MUTED,
            )
    return figure
