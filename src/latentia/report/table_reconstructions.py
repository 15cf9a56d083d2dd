"""Originals against what the model makes of them, for rows of columns."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from torch import Tensor

from latentia.data.spec import DataSpec
from latentia.data_model import DataModel, seeded
from latentia.operate import has_prior
from latentia.report.reconstructions import evenly_spaced
from latentia.report.style import FAINT, HELD_OUT, MUTED, SMALL, TRAIN, quiet, sheet, shortened
from latentia.report.table_codes import column_of, confusion, labels_of

MOST_COLUMNS = 12
"""Columns that get a chart of their own; with more, rows are drawn as profiles."""
MOST_MIXED = 16
"""Likewise of mixed tables, which have no profile: of wider ones the first columns are drawn."""
_ROWS = 400


def column_names(spec: DataSpec) -> list[str]:
    """Names of the columns, short enough for charts; by number where they have none."""
    return shortened(spec.names or [f"x[{i}]" for i in range(spec.num_dims)], "column {}")


def table_reconstructions(model: DataModel, x: Tensor, seed: int) -> Figure:
    """A chart a column of reconstruction against original; of wide tables, a few whole rows instead.

    Of codes and of zeros and ones the chart is a map of what came back for what.

    Args:
        model: The model.
        x: `[N, D]` in the data's units.
        seed: Of the samples.

    Returns:
        The figure.
    """
    mixed = model.spec.columns is not None
    if model.spec.num_dims > MOST_COLUMNS and not mixed:
        return _profiles(model, x, seed)
    chosen = x[evenly_spaced(len(x), _ROWS)]
    original, mean = chosen.double().cpu().numpy(), model.reconstruct(chosen).double().numpy()
    names = column_names(model.spec)[: MOST_MIXED if mixed else MOST_COLUMNS]
    across = columns_of_charts(len(names))
    down = -(-len(names) // across)
    figure = sheet(2.1 * down)
    for i, name in enumerate(names):
        seen = ~np.isnan(original[:, i])
        given, back, column = original[seen, i], mean[seen, i], column_of(model.spec, i)
        axes = figure.add_subplot(down, across, i + 1)
        if column is not None and labels_of(column):
            title = f"{name}, {confusion(axes, given, back, column):.0%} right"
        else:
            title = f"{name}, {_explained(given, back)}"
            if len(given):
                axes.axline((given[0], given[0]), slope=1, color=FAINT, linewidth=0.8, zorder=0)
            axes.scatter(given, back, s=6, color=TRAIN, alpha=0.6, linewidth=0)
            axes.locator_params(nbins=4)
        quiet(axes, title=title, rules=False)
        if i % across == 0:
            axes.set_ylabel("reconstruction", fontsize=SMALL, color=MUTED)
        if i >= len(names) - across:
            axes.set_xlabel("original", fontsize=SMALL, color=MUTED)
    return figure


def columns_of_charts(num: int) -> int:
    """How many small charts to set side by side: three or four, whichever leaves fewer places empty.

    >>> [columns_of_charts(num) for num in (1, 3, 4, 6, 8, 12)]
    [1, 3, 4, 3, 4, 4]
    """
    return num if num < 3 else min((4, 3), key=lambda across: -num % across)


def _explained(original: npt.NDArray[np.float64], mean: npt.NDArray[np.float64]) -> str:
    if len(original) == 0:
        return "nothing observed"
    total = float(np.square(original - original.mean()).sum())
    if total == 0:
        return "constant"
    return f"R² {1 - float(np.square(original - mean).sum()) / total:.2f}".replace("-", "−")


def _profiles(model: DataModel, x: Tensor, seed: int) -> Figure:
    """Six rows, column by column, in standard deviations from each column's mean."""
    chosen = x[evenly_spaced(len(x), 6)]
    centre, width = np.array(model.spec.mean), np.array(model.spec.std)
    width[width == 0] = 1.0

    def standard(rows: Tensor) -> npt.NDArray[np.float64]:
        return np.asarray((rows.double().cpu().numpy() - centre) / width)

    original = standard(chosen)
    with seeded(seed, model.device):
        mean = standard(model.reconstruct(chosen))
        sample = standard(model.reconstruct(chosen, mean=False)) if has_prior(model) else None
    position = np.arange(original.shape[1])
    down = -(-len(chosen) // 2)
    figure = sheet(0.35 + 1.35 * down)
    for i in range(len(chosen)):
        axes = quiet(figure.add_subplot(down, 2, i + 1))
        if sample is not None:
            axes.plot(position, sample[i], color=FAINT, linewidth=0.9, label="sample of p(x|z)")
        axes.plot(position, mean[i], color=HELD_OUT, linewidth=1.1, label="mean of p(x|z)")
        axes.plot(position, original[i], color=TRAIN, linewidth=0, marker="o", markersize=2.2, label="original")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        if i % 2 == 0:
            axes.set_ylabel("standardised", fontsize=SMALL, color=MUTED)
        if i >= len(chosen) - 2:
            axes.set_xlabel("column, counted from 0", fontsize=SMALL, color=MUTED)
    handles, texts = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles[::-1], texts[::-1], loc="outside upper left", ncols=3, frameon=False, fontsize=SMALL)
    return figure
