"""The posterior means of held-out rows on a plane, coloured by class where there are classes."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.patheffects as effects
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox
from torch import Tensor

from latentia.operate import Projection
from latentia.report.style import CLASSES, FAINT, INK, MUTED, PAPER, SMALL, TEXT, TRAIN, legend, quiet, sheet, shortened

_COLOURED = 20
"""Classes that get a colour; the rarer ones stay grey."""


def latent_map(projection: Projection, labels: Tensor | None, classes: Sequence[str] | None) -> Figure:
    """Draw the codes as points, or as a histogram where there is one latent dimension only.

    Args:
        projection: N points.
        labels: `[N]` indices of classes, or None.
        classes: Their names, or None.

    Returns:
        The figure.
    """
    named = labels is not None and classes is not None
    codes = labels.cpu().numpy() if labels is not None and named else np.zeros(len(projection.points), dtype=np.int64)
    counts = np.bincount(codes)
    shown = [int(c) for c in np.argsort(-counts, kind="stable") if counts[c] > 0][:_COLOURED]
    names = shortened(classes, "class {}") if classes is not None else []
    if not projection.axes[1]:
        return _histogram(projection, codes, sorted(shown), names if named else [])
    figure = sheet(5.4, width=6.4 if named else 5.6)
    axes = quiet(figure.add_subplot(), x=projection.axes[0], y=projection.axes[1], rules=False)
    axes.set_aspect("equal", adjustable="datalim")
    x, y = projection.points.T
    size = float(np.clip(6000 / len(x), 3, 18))
    rest = ~np.isin(codes, shown)
    axes.scatter(x[rest], y[rest], s=size, color=FAINT, linewidth=0, label="other classes" if rest.any() else None)
    # all classes in one go and in the stored order, so that none lies on top of the others
    order = np.flatnonzero(~rest)
    colours = np.array([CLASSES[c % len(CLASSES)] for c in codes]) if named else np.full(len(codes), TRAIN)
    axes.scatter(x[order], y[order], s=size, c=colours[order].tolist(), alpha=0.75, linewidth=0)
    if named:
        _name_classes(figure, axes, projection.points, codes, sorted(shown), names)
    return figure


def _name_classes(
    figure: Figure,
    axes: Axes,
    points: npt.NDArray[np.float64],
    codes: npt.NDArray[np.int64],
    shown: Sequence[int],
    names: Sequence[str],
) -> None:
    """A key beside the map, and each name at the middle of its class: colour alone need not tell them apart."""
    texts = []
    for c in sorted(shown, key=lambda c: -int((codes == c).sum())):
        middle = np.median(points[codes == c], axis=0)
        text = axes.text(
            middle[0], middle[1], names[c], ha="center", va="center", fontsize=TEXT, color=INK, weight="bold"
        )
        text.set_path_effects([effects.withStroke(linewidth=2.5, foreground=PAPER)])
        texts.append(text)
    for c in shown:
        axes.scatter([], [], s=22, color=CLASSES[c % len(CLASSES)], linewidth=0, label=names[c])
    axes.legend(
        loc="upper left", bbox_to_anchor=(1.01, 1), frameon=False, fontsize=SMALL, labelcolor=INK, handletextpad=0.1
    )
    figure.draw_without_rendering()  # which is when the texts get their places
    placed: list[Bbox] = []
    for text in texts:
        box = text.get_window_extent()
        if any(box.overlaps(other) for other in placed):
            text.remove()  # the key still names the class
        else:
            placed.append(box)


def _histogram(
    projection: Projection, codes: npt.NDArray[np.int64], shown: Sequence[int], names: Sequence[str]
) -> Figure:
    figure = sheet(3.0)
    axes = quiet(figure.add_subplot(), x=projection.axes[0], y="rows")
    values = projection.points[:, 0]
    edges = np.histogram_bin_edges(values, bins=40)
    parts = [values[codes == c] for c in shown] if names else [values]
    colours = [CLASSES[c % len(CLASSES)] for c in shown] if names else [TRAIN]
    axes.hist(
        parts, bins=edges.tolist(), stacked=True, color=colours, label=[names[c] for c in shown] if names else None
    )
    legend(axes, columns=2)
    axes.tick_params(labelcolor=MUTED)
    return figure
