"""The table of likelihoods: the head that stands behind each name."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType

from torch import nn

from latentia.conditionals import BernoulliHead, DiscretizedLogisticHead, GaussianHead
from latentia.data.likelihood_choice import choose_likelihood
from latentia.data.spec import DataSpec
from latentia.errors import ConfigurationError
from latentia.names import LikelihoodName
from latentia.recipes.parts import Parts


def _bernoulli(data: DataSpec, parts: Parts) -> nn.Module:
    return BernoulliHead(data.shape)


def _gaussian(data: DataSpec, parts: Parts) -> nn.Module:
    return GaussianHead(data.shape, scale=parts.scale or "shared", sigma=parts.sigma or initial_sigma(data))


def _discretized_logistic(data: DataSpec, parts: Parts) -> nn.Module:
    levels = levels_of(data, "the discretised logistic likelihood")
    return DiscretizedLogisticHead(
        data.shape, levels=levels, scale=parts.scale or "predicted", initial=parts.sigma or 0.15
    )


HEADS: Mapping[LikelihoodName, Callable[[DataSpec, Parts], nn.Module]] = MappingProxyType(
    {
        "bernoulli": _bernoulli,
        "gaussian": _gaussian,
        "discretized_logistic": _discretized_logistic,
    }
)
"""Name to a function of the data and the parts."""
SCALED: frozenset[LikelihoodName] = frozenset({"gaussian", "discretized_logistic"})
"""The families whose scale can be chosen."""


def head(data: DataSpec, parts: Parts) -> nn.Module:
    """What turns a decoder's output into p(x|z).

    Args:
        data: What the data are.
        parts: `likelihood` (chosen from the data where it is None), `scale` and `sigma`.

    Returns:
        A head with `parameter_shape` and `space`.

    Raises:
        ConfigurationError: A family that does not fit the data, or an option that it does not have.
    """
    name = parts.likelihood or choose_likelihood(data).name
    if name not in HEADS:
        raise ConfigurationError(f"there is no likelihood {name!r}; there are {', '.join(HEADS)}")
    if parts.sigma is not None and not parts.sigma > 0:
        raise ConfigurationError(f"sigma is {parts.sigma:g}; a scale is positive")
    if parts.scale is not None and name not in SCALED:
        raise ConfigurationError(
            f"a likelihood of the family {name} has no scale: leave scale out, or choose one of "
            f"{', '.join(sorted(SCALED))}"
        )
    return HEADS[name](data, parts)


def levels_of(data: DataSpec, what: str) -> int:
    """How many levels the data have.

    Args:
        data: What the data are.
        what: Who needs them, for the message.

    Returns:
        At least 2.

    Raises:
        ConfigurationError: The data are not on levels.
    """
    if data.levels is None:
        raise ConfigurationError(
            f"{what} needs data on equally spaced levels (such as 8-bit pixels); "
            f"{data.name!r} holds {data.support} values from {data.low:g} to {data.high:g}: choose gaussian"
        )
    return data.levels


def initial_sigma(data: DataSpec) -> float:
    """The scale a Gaussian starts from: of scaled pixels their own standard deviation, of standardised data 0.3 of it.

    From one, the whole spread counts as noise at first, and the posterior can collapse before anything is learnt.

    Args:
        data: What the data are.

    Returns:
        A standard deviation in the units of x.
    """
    if data.support == "real":
        return 0.3
    unit = 1.0 if data.support == "unit" else data.unit
    return max(math.sqrt(sum(s * s for s in data.std) / len(data.std)) / unit, 0.05)
