"""Originals above what the model makes of them, for pictures."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from torch import Tensor

from latentia.data_model import DataModel, seeded
from latentia.operate import as_pixels, has_prior
from latentia.report.contact_sheet import Panel, columns_that_fit, contact_sheet, reduced


def image_reconstructions(model: DataModel, x: Tensor, seed: int) -> Figure:
    """Three rows: originals, the mean of p(x|z) at the posterior's mean, and a sample of p(x|z).

    Models without a prior are no generative models; the row of samples is left out.

    Args:
        model: The model.
        x: `[N, C, H, W]` in the data's units; evenly spaced rows of them are shown.
        seed: Of the samples.

    Returns:
        The figure.
    """
    chosen = x[evenly_spaced(len(x), columns_that_fit(model.spec.shape, largest=12))]
    with seeded(seed, model.device):
        rows = {"original": chosen, "mean": model.reconstruct(chosen)}
        if has_prior(model):
            rows["sample"] = model.reconstruct(chosen, mean=False)
    pixels = np.stack([reduced(as_pixels(row, model.spec)) for row in rows.values()])
    return contact_sheet([Panel(pixels, rows=tuple(rows))])


def evenly_spaced(num: int, most: int) -> list[int]:
    """Row numbers spread over all rows, so that data sorted by class show every class.

    >>> evenly_spaced(100, 4), evenly_spaced(3, 10)
    ([0, 33, 66, 99], [0, 1, 2])
    """
    return [int(i) for i in np.linspace(0, num - 1, min(num, most)).round()]
