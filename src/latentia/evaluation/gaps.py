"""What missing cells and codes of categories ask of a measurement: cells counted, offsets row by row, errors."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from latentia.data.spec import DataSpec
from latentia.evaluation.importance import RowEvidence


def squared_error(spec: DataSpec, back: Tensor, raw: Tensor) -> Tensor:
    """Squared error of each row, the mean over its observed cells; a wrong category counts 1, a right one 0.

    Args:
        spec: What the data are.
        back: `[B, *shape]`, reconstructions in the data's units.
        raw: `[B, *shape]`, the data; NaN where a cell is missing.

    Returns:
        `[B]` float64; NaN for a row without any observed cell.
    """
    error = (back.double() - raw.double()).square()
    if spec.columns is not None:
        coded = torch.tensor([column.coded for column in spec.columns], device=error.device)
        error = error.where(~coded, error.clamp_max(1))
    flat = error.flatten(1)
    return flat.mean(1) if spec.missing == 0 else flat.nanmean(1)


def mean_error(errors: Tensor) -> float:
    """The mean over the rows that have any observed cell; 0 where none has.

    Args:
        errors: `[N]`, as `squared_error` gives them.

    Returns:
        Their mean.
    """
    known = errors[~errors.isnan()]
    return float(known.mean()) if len(known) else 0.0


def in_data_units(rows: RowEvidence, offset: Tensor) -> RowEvidence:
    """Turn densities of x into those of the data row by row: rows may differ in what is observed of them.

    Args:
        rows: The evidence of B rows, in the units of the likelihood.
        offset: The change of variables of their observed cells, `[B]` float64, in nats.

    Returns:
        The same rows with it added.
    """
    bound = None if rows.iwae is None else rows.iwae + offset
    return replace(rows, reconstruction=rows.reconstruction + offset, iwae=bound)


def observed_cells(raw: Tensor) -> int:
    """How many cells are not missing.

    Args:
        raw: `[B, *shape]`.

    Returns:
        Their number.
    """
    return raw.numel() - int(raw.isnan().sum())
