"""What stands before an encoder's network, by the data and the likelihood's space."""

from __future__ import annotations

from torch import nn

from latentia.data.spec import DataSpec
from latentia.nets.inputs import LogCounts, Masked, TableInputs
from latentia.recipes.likelihoods import head
from latentia.recipes.parts import Parts


def inputs(data: DataSpec, parts: Parts, counts: nn.Module | None = None) -> tuple[nn.Module | None, tuple[int, ...]]:
    """The module from x to what a network can read: counts as logarithms, codes as one-hot vectors, gaps as a mask.

    Args:
        data: What the data are.
        parts: `likelihood`, whose space x is in.
        counts: What counts pass through in place of the logarithm.

    Returns:
        A module, or None where x is read as it is; and the shape of what the network is given.
    """
    missing = data.missing > 0
    if data.columns is not None:
        table = TableInputs(data.columns, missing=missing)
        return table, (table.features,)
    whole = data.support in ("binary", "levels", "counts")
    inner = (counts or LogCounts()) if whole and head(data, parts).space == "counts" else None
    if missing:
        return Masked(len(data.shape), inner), (2 * data.shape[0], *data.shape[1:])
    return inner, data.shape
