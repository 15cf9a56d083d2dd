"""The units in which counts and columns of different kinds are scored, and by which likelihoods."""

from __future__ import annotations

import math
from typing import get_args

from latentia.data.spec import DataSpec
from latentia.errors import ConfigurationError
from latentia.names import Space


def shift_and_scale(spec: DataSpec) -> tuple[tuple[float, ...], tuple[float, ...]]:
    r"""Two numbers for each column (or channel), so that \(x = (raw - shift) / scale\).

    Real columns have their mean and standard deviation (0 marks a constant one). A positive column is divided by its
    geometric mean alone, so that it stays positive, and the change of variables a constant; its logarithm is
    standardised by the likelihood. Counts and codes are taken as they are.

    Args:
        spec: The data.

    Returns:
        Shifts and scales.
    """
    if spec.columns is None:
        return spec.mean, spec.std
    shifts, scales = [], []
    for column, mean, std in zip(spec.columns, spec.mean, spec.std, strict=True):
        real = column.kind == "real"
        shifts.append(mean if real else 0.0)
        scales.append(std if real else math.exp(column.centre) if column.kind == "positive" else 1.0)
    return tuple(shifts), tuple(scales)


def refuse_space(spec: DataSpec, space: Space) -> None:
    """Refuse a likelihood whose space is not that of counts or of a mixed table.

    Args:
        spec: The data.
        space: What the likelihood scores.

    Raises:
        ConfigurationError: Says what the data are and what would fit.
    """
    if space not in get_args(Space):
        raise ConfigurationError(f"unknown space {space!r}; one of {', '.join(get_args(Space))} was expected")
    found = f"{spec.name!r} has {'counts' if spec.support == 'counts' else 'real values'}"
    values = f"{found} from {spec.low:g} to {spec.high:g}"
    if spec.columns is not None and space != "mixed":
        raise ConfigurationError(
            f"{spec.name!r} is a table of columns of different kinds; use likelihood table, or load it without columns"
        )
    if spec.columns is None and space == "mixed":
        raise ConfigurationError(
            f"likelihood table scores columns of different kinds, but nothing is said of the columns of {spec.name!r}: "
            "load the data with columns (columns='auto', --columns auto), or use another likelihood"
        )
    if space == "counts" and spec.support not in ("binary", "levels", "counts"):
        raise ConfigurationError(
            f"a likelihood of counts scores whole numbers from 0, but {values}; give them as whole numbers (an integer "
            "array), or use likelihood gaussian"
        )
    if spec.support == "counts" and space not in ("counts", "real"):
        raise ConfigurationError(f"{values}; use likelihood negative_binomial, poisson or gaussian")
