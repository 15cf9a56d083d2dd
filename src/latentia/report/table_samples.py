"""New rows from the prior against the data, column by column."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from latentia.columns import Column
from latentia.data_model import DataModel, seeded
from latentia.report.style import FAINT, HELD_OUT, MUTED, SMALL, TRAIN, quiet, sheet
from latentia.report.table_codes import bins_of, column_of, labels_of, name_values
from latentia.report.table_reconstructions import MOST_COLUMNS, MOST_MIXED, column_names, columns_of_charts

_ROWS = 2000
Values = npt.NDArray[np.float64]


def table_samples(model: DataModel, x: Tensor | None, seed: int) -> Figure:
    """A histogram a column: data, samples of p(x|z), and the means of p(x|z); of two columns also a map of each.

    Args:
        model: A model with a prior.
        x: `[N, D]` rows to compare with, or None.
        seed: Of the draws.

    Returns:
        The figure.
    """
    drawn: dict[str, Values] = {}
    for name, mean in (("sample", False), ("mean", True)):
        with seeded(seed, model.device):
            drawn[name] = model.sample(_ROWS, mean=mean).double().numpy()
    data = None if x is None else x.double().cpu().numpy()
    if model.spec.num_dims == 2:
        return _maps(model, data, drawn)
    names = column_names(model.spec)
    shown = names[: MOST_COLUMNS if model.spec.columns is None else MOST_MIXED]
    across = columns_of_charts(len(shown))
    down = -(-len(shown) // across)
    figure = sheet(0.35 + 1.75 * down)
    for i, name in enumerate(shown):
        axes = quiet(figure.add_subplot(down, across, i + 1), title=name, rules=False)
        seen = None if data is None else data[~np.isnan(data[:, i]), i]
        column = column_of(model.spec, i)
        _histograms(axes, seen if seen is not None and len(seen) else None, drawn, i, column)
        name_values(axes, column)
    handles, texts = figure.axes[0].get_legend_handles_labels()
    if len(shown) < len(names):
        figure.suptitle(
            f"the first {len(shown)} of {len(names)} columns", fontsize=SMALL, color=MUTED, x=0.01, ha="left"
        )
    figure.legend(handles, texts, loc="outside lower center", ncols=3, frameon=False, fontsize=SMALL)
    return figure


def _histograms(axes: Axes, data: Values | None, drawn: dict[str, Values], i: int, column: Column | None) -> None:
    sample, mean = drawn["sample"][:, i], drawn["mean"][:, i]
    reference = sample if data is None else data
    both = np.concatenate([reference, sample])
    edges = bins_of(column, both)
    if edges is None:
        low, high = (float(each) for each in np.quantile(both, [0.002, 0.998]))
        pad = 0.03 * (high - low) or 0.5
        edges = np.linspace(low - pad, high + pad, 36)
    for values, style in (
        (data, {"histtype": "stepfilled", "color": FAINT, "label": "data"}),
        (mean, {"histtype": "step", "color": HELD_OUT, "linewidth": 0.9, "linestyle": ":", "label": "means of p(x|z)"}),
        (sample, {"histtype": "step", "color": TRAIN, "linewidth": 1.3, "label": "samples of p(x|z)"}),
    ):
        if values is not None:
            weights = np.full(len(values), 1 / len(values))
            axes.hist(values, bins=edges.tolist(), weights=weights, **style)
    highest = max(np.histogram(v, edges)[0].max() / len(v) for v in (reference, sample))
    # means can pile up in one bin; they must not flatten what is compared
    axes.set_ylim(0, 1.15 * highest)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    if not labels_of(column):
        axes.locator_params(axis="x", nbins=4)


def _maps(model: DataModel, data: Values | None, drawn: dict[str, Values]) -> Figure:
    panels = ([] if data is None else [("data", data, MUTED)]) + [
        ("samples of p(x|z)", drawn["sample"], TRAIN),
        ("means of p(x|z)", drawn["mean"], HELD_OUT),
    ]
    names = column_names(model.spec)
    figure = sheet(3.1)
    first: Axes | None = None
    for i, (title, points, colour) in enumerate(panels):
        axes = figure.add_subplot(1, len(panels), i + 1, sharex=first, sharey=first)
        quiet(axes, title=title, x=names[0], y=names[1] if i == 0 else "", rules=False)
        axes.scatter(points[:_ROWS, 0], points[:_ROWS, 1], s=3, color=colour, alpha=0.5, linewidth=0)
        first = first or axes
    return figure
