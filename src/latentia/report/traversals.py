"""The most active latent dimensions, each moved through its range, for pictures."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from latentia.data_model import DataModel
from latentia.operate import Activity, Track, as_pixels, code_names, offsets, traverse
from latentia.report.contact_sheet import Panel, columns_that_fit, contact_sheet, reduced
from latentia.report.style import number

SPAN = 3.0
"""Standard deviations of the prior (or, without one, of the codes) to either side."""


def dimension_labels(model: DataModel, activity: Activity, dims: Sequence[int]) -> list[str]:
    """Name and weight of each dimension on two lines."""
    names = code_names(model)
    if activity.kl is not None:
        return [f"{names[dim]}\nKL {float(activity.kl[dim]):.2f} nats" for dim in dims]
    return [f"{names[dim]}\nspread {number(float(activity.variance[dim]) ** 0.5)}" for dim in dims]


def image_traversals(model: DataModel, activity: Activity, track: Track, *, most: int = 10) -> Figure:
    """One row for each of the most active dimensions, moved from -3 to 3 while the others stay.

    Args:
        model: The model.
        activity: Which dimensions are active.
        track: Where to start and how far to go.
        most: Rows.

    Returns:
        The figure.
    """
    dims = activity.ranking[:most]
    steps = columns_that_fit(model.spec.shape, largest=11)
    steps -= 1 - steps % 2  # odd, so that the middle one is the origin
    data = traverse(model, dims=dims, origin=track.origin, scale=track.scale, span=SPAN, steps=steps)
    columns = [f"{round(away, 2):+g}".replace("-", "−") if away else "0" for away in offsets(SPAN, steps).tolist()]
    pixels = reduced(as_pixels(data, model.spec))
    return contact_sheet([Panel(pixels, rows=dimension_labels(model, activity, dims), columns=columns)])
