"""Which likelihood fits the data, and why. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass

from latentia.columns import listed
from latentia.data.spec import DataSpec
from latentia.names import LikelihoodName


@dataclass(frozen=True, slots=True)
class Choice:
    """A likelihood and the sentence that says why.

    Args:
        name: Its name, as recipes take it.
        reason: What in the data led to it.
    """

    name: LikelihoodName
    reason: str


def choose_likelihood(spec: DataSpec) -> Choice:
    """Choose the likelihood by the values that the data take.

    Binary data have a Bernoulli likelihood, whole numbers on a scale of levels a discretised logistic one, counts a
    negative binomial one, columns of different kinds a family for each, anything else a Gaussian one (a density: its
    bits per dimension compare only with those of other densities).

    Args:
        spec: The data.

    Returns:
        The choice and its reason.
    """
    high = f"{spec.unit:g}"
    if spec.support == "binary":
        return Choice("bernoulli", f"every value is 0 or {high} (binary)")
    if spec.support == "levels":
        what = "8-bit values" if spec.levels == 256 else f"{spec.levels} levels"
        return Choice("discretized_logistic", f"every value is a whole number from 0 to {high} ({what})")
    if spec.support == "counts":
        return Choice(
            "negative_binomial", f"every value is a whole number from 0, up to {spec.high:g} in the training rows"
        )
    if spec.columns is not None:
        return Choice("table", f"the columns are of different kinds ({listed(spec.columns)})")
    if spec.support == "unit":
        return Choice("gaussian", "the values are real numbers in [0, 1]")
    return Choice("gaussian", f"the values are real numbers from {spec.low:g} to {spec.high:g}")
