"""Columns whose values are few: codes of categories, zeros and ones, small counts; drawn as shares, not as amounts."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap

from latentia.columns import Column
from latentia.data.spec import DataSpec
from latentia.report.style import SMALL, TRAIN, shortened

Values = npt.NDArray[np.float64]

MOST_LABELS = 4
"""Up to so many categories are named at the axis."""
_UNIT_BINS = 40
"""Counts up to this get a bin each."""


def column_of(spec: DataSpec, index: int) -> Column | None:
    """What a column is; None where the columns are alike.

    Args:
        spec: What the data are.
        index: The column.

    Returns:
        Its description.
    """
    return None if spec.columns is None else spec.columns[index]


def labels_of(column: Column | None) -> tuple[str, ...]:
    """Names of the few values that a column has; empty for amounts.

    Args:
        column: What it is.

    Returns:
        Names of categories, or 0 and 1.
    """
    if column is None:
        return ()
    return ("0", "1") if column.kind == "binary" else column.labels


def bins_of(column: Column | None, values: Values) -> Values | None:
    """Edges of the bins that a column's values ask for by themselves.

    Args:
        column: What it is.
        values: Observed and drawn ones.

    Returns:
        Edges half-way between whole numbers, or None for amounts.
    """
    if labels := labels_of(column):
        return _edges(len(labels) - 1)
    high = float(np.quantile(values, 0.998)) if len(values) else 0.0
    return _edges(int(high)) if column is not None and column.kind == "count" and high < _UNIT_BINS else None


def _edges(high: int) -> Values:
    return np.arange(high + 2, dtype=np.float64) - 0.5


def name_values(axes: Axes, column: Column | None, *, both: bool = False) -> None:
    """Write the names of a column's values at the axis, where there are few.

    Args:
        axes: Where.
        column: What it is.
        both: At the other axis too.
    """
    labels = labels_of(column)
    if not labels:
        return
    few = len(labels) <= MOST_LABELS
    short = shortened(list(labels), "{}", 8) if few else []
    axes.set_xticks(range(len(labels)) if few else [], short, fontsize=SMALL - 1)
    if both:
        axes.set_yticks(range(len(labels)) if few else [], short, fontsize=SMALL - 1)


def confusion(axes: Axes, original: Values, back: Values, column: Column) -> float:
    """Draw which value came back for which: each column of the map adds up to one.

    Args:
        axes: Where.
        original: `[N]` codes.
        back: `[N]` codes of the reconstruction; of zeros and ones their probability.
        column: What they are.

    Returns:
        The share that came back right.
    """
    size = len(labels_of(column))
    given, found = original.astype(int), np.clip(np.rint(back), 0, size - 1).astype(int)
    counts = np.zeros((size, size))
    np.add.at(counts, (found, given), 1)
    shares = counts / np.maximum(counts.sum(0), 1)
    colours = LinearSegmentedColormap.from_list("share", ["#ffffff", TRAIN])
    axes.imshow(shares, cmap=colours, vmin=0, vmax=1, aspect="auto", origin="lower", interpolation="nearest")
    name_values(axes, column, both=True)
    return float((given == found).mean()) if len(given) else 1.0
