"""All the pictures of a run: which of them have a meaning for it, drawn and saved."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from matplotlib.figure import Figure
from torch import Tensor

from latentia.data.dataset import Dataset
from latentia.data.source import Resident
from latentia.operate import Activity, Track, code_names, has_prior, measure_activity, project, track_of
from latentia.report.curves import loss_curves
from latentia.report.dimensions import dimension_bars
from latentia.report.latent_map import latent_map
from latentia.report.reconstructions import evenly_spaced, image_reconstructions
from latentia.report.report_input import ReportInput
from latentia.report.samples import image_samples
from latentia.report.style import save
from latentia.report.table_reconstructions import table_reconstructions
from latentia.report.table_samples import table_samples
from latentia.report.table_traversals import table_traversals
from latentia.report.traversals import image_traversals

PICTURES = ("reconstructions", "samples", "traversals", "latent_map", "curves", "kl_per_dim", "code_spread")
"""Names of all pictures there can be, in reading order."""

_MEASURED, _MAPPED = 2000, 2000
"""Rows from which the activity of the dimensions is measured, and rows on the latent map."""


def draw_pictures(run: ReportInput, folder: Path) -> dict[str, Path]:
    """Draw every picture that has a meaning for this run.

    An autoencoder has no `samples`, and `code_spread` in place of `kl_per_dim`, as has a prior whose KL does not split
    over dimensions. Without data there are only those pictures that come from the model alone.

    Args:
        run: The run.
        folder: Where the PNG files go; made if it is missing.

    Returns:
        Name to file, in reading order.
    """
    source = None if run.dataset is None else run.dataset.split(run.split)
    activity = None if source is None else measure_activity(run.model, _some(source, _MEASURED)[0])
    drawn: dict[str, Path] = {}
    for name, draw in _drawings(run, source, activity):
        figure = draw()
        if figure is not None:
            drawn[name] = save(figure, folder / f"{name}.png")
    return drawn


def _some(source: Resident, most: int) -> tuple[Tensor, Tensor | None]:
    """Rows spread evenly over a split, and their labels."""
    index = torch.tensor(evenly_spaced(len(source), most), device=source.device)
    return source.x[index], None if source.labels is None else source.labels[index]


def _everywhere(dataset: Dataset, most: int) -> tuple[Tensor, Tensor | None]:
    """Rows spread evenly over all splits, each split with its share, and their labels."""
    share = min(1.0, most / sum(dataset.spec.counts.values()))
    parts = [
        _some(each, max(1, round(share * len(each)))) for each in (dataset.train, dataset.validation, dataset.test)
    ]
    labels = [each for _, each in parts if each is not None]
    return torch.cat([x for x, _ in parts]), torch.cat(labels) if len(labels) == len(parts) else None


def _drawings(
    run: ReportInput, source: Resident | None, activity: Activity | None
) -> Iterator[tuple[str, Callable[[], Figure | None]]]:
    model, seed = run.model, run.seed
    images = model.spec.kind == "image"
    if source is not None:
        reconstruct = image_reconstructions if images else table_reconstructions
        yield "reconstructions", lambda: reconstruct(model, source.x, seed)
    if has_prior(model):
        rows = None if source is None else source.x
        yield "samples", lambda: image_samples(model, seed) if images else table_samples(model, rows, seed)
    if activity is None or source is None:
        activity_known, track = _untouched(model.latent_dim), Track()
    else:
        activity_known, track = activity, track_of(model, _some(source, _MEASURED)[0])
    traverse = image_traversals if images else table_traversals
    yield "traversals", lambda: traverse(model, activity_known, track)
    if run.dataset is not None and activity is not None:
        x, labels = _everywhere(run.dataset, _MAPPED)
        projection = project(model.encode(x), code_names(model), activity)
        yield "latent_map", lambda: latent_map(projection, labels, model.spec.classes)
    yield "curves", lambda: loss_curves(run.metrics)
    if activity is not None:
        yield "code_spread" if activity.kl is None else "kl_per_dim", lambda: dimension_bars(model, activity)


def _untouched(size: int) -> Activity:
    """What is known of the dimensions without data: nothing, so they keep their order."""
    return Activity(torch.zeros(size, dtype=torch.float64), None)
