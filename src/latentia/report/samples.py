"""New pictures from the prior: their means, and samples as the model believes data to look."""

from __future__ import annotations

from matplotlib.figure import Figure

from latentia.data_model import DataModel, seeded
from latentia.operate import as_pixels
from latentia.report.contact_sheet import Panel, columns_that_fit, contact_sheet, reduced


def image_samples(model: DataModel, seed: int) -> Figure:
    """Two grids of the same draws z from the prior: the mean of p(x|z) on the left, a sample of it on the right.

    Args:
        model: A model with a prior.
        seed: Of the draws.

    Returns:
        The figure.
    """
    side = max(2, columns_that_fit(model.spec.shape, largest=14, labels=60) // 2)
    panels = []
    for title, mean in (("mean of p(x|z)", True), ("sample of p(x|z)", False)):
        # z is drawn first, so the same seed gives both panels the same z
        with seeded(seed, model.device):
            pixels = reduced(as_pixels(model.sample(side * side, mean=mean), model.spec))
        panels.append(Panel(pixels.reshape(side, side, *pixels.shape[1:]), title=title))
    return contact_sheet(panels)
