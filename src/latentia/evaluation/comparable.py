"""Whether the log-likelihoods of two models may be set side by side, and if so, how they differ."""

from __future__ import annotations

import math
import re

from torch import Tensor

from latentia.conditionals import Need
from latentia.data_model import DataModel
from latentia.errors import DataError


def family(model: DataModel) -> str:
    """The family of a model's likelihood, in words.

    Args:
        model: Any model.

    Returns:
        Such as `gaussian` or `discretized logistic`; how a scale is parameterised makes no other family.
    """
    head = getattr(model.vae.likelihood, "head", model.vae.likelihood)
    name = type(head).__name__.removesuffix("Head").removeprefix("Optimal")
    words = re.sub(r"(?<!^)(?=[A-Z])", " ", name).lower()
    return f"zero-inflated {words}" if getattr(head, "zero_inflated", False) else words


def why_not(a: DataModel, b: DataModel, *, across_families: bool = False) -> str | None:
    """Why the log-likelihoods of two models of the same data are not to be compared.

    Args:
        a: One model.
        b: The other.
        across_families: Whether different families may be compared where both score the same thing in the same unit.

    Returns:
        The reason, with the words of `a` first; None where they may be compared.
    """
    for model, which in ((a, "first"), (b, "second")):
        if Need.DENSITY not in model.vae.provides:
            return f"the {which} model defines no likelihood: its prior or its posterior has no density"
    for unlike, one, other in (
        (
            a.preparation.binarises != b.preparation.binarises,
            ("grey values drawn as black and white", a.preparation.binarises),
            "the grey values themselves",
        ),
        (
            a.preparation.scores_density != b.preparation.scores_density,
            ("densities, which depend on the unit and may exceed 1", a.preparation.scores_density),
            "probabilities",
        ),
        (_given_total(a) != _given_total(b), ("a row given its total", _given_total(a)), "the total too"),
    ):
        if unlike:
            first, second = (one[0], other) if one[1] else (other, one[0])
            return f"the first scores {first}, the second {second}"
    if _densities(a) != _densities(b):
        return "they give densities of different columns: one takes the columns for of different kinds"
    if a.preparation.scores_density and (a.spec.unit, a.spec.shape) != (b.spec.unit, b.spec.shape):
        return f"their densities are per different units: {a.spec.unit:g} and {b.spec.unit:g}"
    if family(a) == family(b) or across_families:
        return None
    what = "densities" if a.preparation.scores_density else "probabilities"
    return (
        f"their likelihoods are of different families, {family(a)} and {family(b)}: both give {what} of the same rows, "
        "but the difference would be as much one of the noise model as of what the latent variables explain"
    )


def _given_total(model: DataModel) -> bool:
    """Whether the likelihood takes a row's total as given (only such a distribution can be told of x)."""
    head = getattr(model.vae.likelihood, "head", model.vae.likelihood)
    return hasattr(head, "total")


def _densities(model: DataModel) -> tuple[bool, ...] | None:
    """Which columns of a mixed table have densities; None where all columns are alike."""
    if model.spec.columns is None:
        return None
    return tuple(column.kind in ("real", "positive") for column in model.spec.columns)


def paired_difference(a: Tensor, b: Tensor) -> tuple[float, float]:
    r"""Mean of \(a_i - b_i\) over the same rows and its standard error, \(sd(a - b) / \sqrt N\).

    What is common to both, such as that some rows are hard for any model, cancels, so that the error is far below that
    of two independent means.

    Args:
        a: `[N]`, such as log-likelihoods of the rows under one model.
        b: `[N]`, of the same rows in the same order.

    Returns:
        Both; the error is NaN for one row.

    Raises:
        DataError: Another number of rows.

    >>> import torch
    >>> paired_difference(torch.tensor([1.0, 2.0, 9.0]), torch.tensor([0.0, 1.0, 8.0]))
    (1.0, 0.0)
    """
    if a.shape != b.shape or a.dim() != 1:
        raise DataError(f"{tuple(a.shape)} values against {tuple(b.shape)}; give one value a row, of the same rows")
    difference = a.double() - b.double()
    error = float(difference.std()) / math.sqrt(len(difference)) if len(difference) > 1 else math.nan
    return float(difference.mean()), error
