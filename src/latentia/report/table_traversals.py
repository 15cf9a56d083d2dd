"""The most active latent dimensions, each moved through its range, for rows of columns."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from latentia.data_model import DataModel
from latentia.operate import Activity, Track, offsets, traverse
from latentia.report.style import MUTED, SMALL, quiet, sheet
from latentia.report.table_reconstructions import column_names, columns_of_charts
from latentia.report.traversals import SPAN, dimension_labels

_NAMED = 40
"""Up to this many columns each has its name beside it."""
_STEPS = 21


def table_traversals(model: DataModel, activity: Activity, track: Track, *, most: int = 8) -> Figure:
    """A heat map for each of the most active dimensions: how every column of the mean moves as the dimension does.

    Codes of categories do not rise or fall; they are left out, unless there is nothing else.

    Args:
        model: The model.
        activity: Which dimensions are active.
        track: Where to start and how far to go.
        most: Heat maps.

    Returns:
        The figure.
    """
    dims = activity.ranking[:most]
    data = traverse(model, dims=dims, origin=track.origin, scale=track.scale, span=SPAN, steps=_STEPS)
    amounts = [i for i, each in enumerate(model.spec.columns or ()) if not each.coded]
    shown = np.array(amounts or range(model.spec.num_dims))
    width = np.array(model.spec.std)[shown]
    width[width == 0] = 1.0
    rows = data.double().numpy()[..., shown]
    change = (rows - rows[:, _STEPS // 2 : _STEPS // 2 + 1]) / width
    limit = max(float(np.quantile(np.abs(change), 0.995)), 1e-6)
    names = [name for i, name in enumerate(column_names(model.spec)) if i in shown]
    across = columns_of_charts(len(dims))
    down = -(-len(dims) // across)
    figure = sheet(down * float(np.clip(0.55 + 0.13 * len(names), 1.9, 3.6)))
    first, last = offsets(SPAN, _STEPS)[[0, -1]].tolist()
    drawn = None
    for i, label in enumerate(dimension_labels(model, activity, dims)):
        axes = quiet(figure.add_subplot(down, across, i + 1), title=label.replace("\n", ", "), rules=False)
        drawn = axes.imshow(
            change[i].T,
            cmap="RdBu_r",
            vmin=-limit,
            vmax=limit,
            aspect="auto",
            interpolation="nearest",
            extent=(first, last, len(names) - 0.5, -0.5),
        )
        named = i % across == 0 and len(names) <= _NAMED
        axes.set_yticks(range(len(names)) if named else [], names if named else [], fontsize=SMALL - 1)
        if i % across == 0 and not named:
            axes.set_ylabel(f"{len(names)} columns", fontsize=SMALL, color=MUTED)
        axes.set_xticks([-SPAN, 0, SPAN], [f"−{SPAN:g}", "0", f"+{SPAN:g}"])
    assert drawn is not None, "a model has at least one latent dimension"
    bar = figure.colorbar(drawn, ax=figure.axes, location="right", fraction=0.03, pad=0.01, aspect=30)
    bar.set_label("change, in the column's std", fontsize=SMALL, color=MUTED)
    bar.ax.tick_params(labelsize=SMALL - 1, colors=MUTED, length=2)
    bar.outline.set_visible(False)
    return figure
