"""The table of likelihoods: the head that stands behind each name."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType

from torch import nn

from latentia.conditionals import (
    BernoulliHead,
    CategoricalHead,
    ContinuousBernoulliHead,
    DiscretizedLogisticHead,
    GaussianHead,
    LaplaceHead,
    LogisticMixtureHead,
    OptimalGaussianHead,
    StudentTHead,
)
from latentia.conditionals.counts import LibraryHead, MultinomialHead, NegativeBinomialHead, PoissonHead
from latentia.conditionals.table import TableHead
from latentia.data.likelihood_choice import choose_likelihood
from latentia.data.spec import DataSpec
from latentia.errors import ConfigurationError
from latentia.names import LikelihoodName
from latentia.recipes.parts import Parts


def _bernoulli(data: DataSpec, parts: Parts) -> nn.Module:
    return BernoulliHead(data.shape)


def _continuous_bernoulli(data: DataSpec, parts: Parts) -> nn.Module:
    return ContinuousBernoulliHead(data.shape)


def _gaussian(data: DataSpec, parts: Parts) -> nn.Module:
    sigma = parts.sigma or initial_sigma(data)
    if parts.scale == "optimal":
        return OptimalGaussianHead(data.shape, sigma=sigma)
    return GaussianHead(data.shape, scale=parts.scale or "shared", sigma=sigma)


def _laplace(data: DataSpec, parts: Parts) -> nn.Module:
    return LaplaceHead(data.shape, scale=parts.scale or "shared", initial=parts.sigma or initial_sigma(data))


def _student_t(data: DataSpec, parts: Parts) -> nn.Module:
    initial = parts.sigma or initial_sigma(data)
    return StudentTHead(data.shape, scale=parts.scale or "shared", initial=initial, freedom=parts.freedom)


def _discretized_logistic(data: DataSpec, parts: Parts) -> nn.Module:
    levels = levels_of(data, "the discretised logistic likelihood")
    return DiscretizedLogisticHead(
        data.shape, levels=levels, scale=parts.scale or "predicted", initial=parts.sigma or 0.15
    )


def _poisson(data: DataSpec, parts: Parts) -> nn.Module:
    return PoissonHead(require_counts(data).shape, rate=data.mean)


def _zero_inflated_poisson(data: DataSpec, parts: Parts) -> nn.Module:
    return PoissonHead(require_counts(data).shape, rate=data.mean, zero_inflated=True)


def _negative_binomial(data: DataSpec, parts: Parts) -> nn.Module:
    return NegativeBinomialHead(require_counts(data).shape, rate=data.mean)


def _zero_inflated_negative_binomial(data: DataSpec, parts: Parts) -> nn.Module:
    return NegativeBinomialHead(require_counts(data).shape, rate=data.mean, zero_inflated=True)


def _multinomial(data: DataSpec, parts: Parts) -> nn.Module:
    return MultinomialHead(require_counts(data, rows=True).shape, rate=data.mean)


def _library(data: DataSpec, parts: Parts) -> nn.Module:
    return LibraryHead(require_counts(data, rows=True).shape, rate=data.mean)


def _zero_inflated_library(data: DataSpec, parts: Parts) -> nn.Module:
    return LibraryHead(require_counts(data, rows=True).shape, rate=data.mean, zero_inflated=True)


def _logistic_mixture(data: DataSpec, parts: Parts) -> nn.Module:
    levels = levels_of(data, "a mixture of discretised logistics")
    if parts.logistics < 1:
        raise ConfigurationError(f"logistics is {parts.logistics}; a mixture has at least one component")
    return LogisticMixtureHead(data.shape, levels=levels, logistics=parts.logistics, initial=parts.sigma or 0.15)


def _categorical(data: DataSpec, parts: Parts) -> nn.Module:
    return CategoricalHead(data.shape, levels=levels_of(data, "the categorical likelihood"))


def _table(data: DataSpec, parts: Parts) -> nn.Module:
    if data.columns is None:
        raise ConfigurationError(
            f"likelihood table scores columns of different kinds, but nothing is said of the columns of {data.name!r}: "
            "load the data with columns (columns='auto', --columns auto), or choose another likelihood"
        )
    if parts.scale not in (None, "per_dimension", "predicted"):
        raise ConfigurationError(
            f"scale is {parts.scale!r}; columns of different units have no scale in common: choose per_dimension or "
            "predicted"
        )
    return TableHead(data.columns, scale=parts.scale or "per_dimension", sigma=parts.sigma or 0.3)


HEADS: Mapping[LikelihoodName, Callable[[DataSpec, Parts], nn.Module]] = MappingProxyType(
    {
        "bernoulli": _bernoulli,
        "continuous_bernoulli": _continuous_bernoulli,
        "gaussian": _gaussian,
        "laplace": _laplace,
        "student_t": _student_t,
        "discretized_logistic": _discretized_logistic,
        "logistic_mixture": _logistic_mixture,
        "categorical": _categorical,
        "poisson": _poisson,
        "zero_inflated_poisson": _zero_inflated_poisson,
        "negative_binomial": _negative_binomial,
        "zero_inflated_negative_binomial": _zero_inflated_negative_binomial,
        "multinomial": _multinomial,
        "library": _library,
        "zero_inflated_library": _zero_inflated_library,
        "table": _table,
    }
)
"""Name to a function of the data and the parts."""
SCALED: frozenset[LikelihoodName] = frozenset({"gaussian", "laplace", "student_t", "discretized_logistic", "table"})
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
            f"a likelihood of the family {name} has no scale to choose: leave scale out, or choose one of "
            f"{', '.join(sorted(SCALED))}"
        )
    if parts.scale == "optimal" and name != "gaussian":
        raise ConfigurationError(
            f"the optimal scale is computed from squared residuals, for the likelihood gaussian; for {name} choose "
            "scale shared, per_dimension or predicted"
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


def require_counts(data: DataSpec, *, rows: bool = False) -> DataSpec:
    """Pass on data that are whole numbers from zero.

    Args:
        data: What the data are.
        rows: Whether they must also be rows of columns, so that a row has a total.

    Returns:
        The same.

    Raises:
        ConfigurationError: They are something else.
    """
    if data.support not in ("counts", "levels", "binary"):
        raise ConfigurationError(
            f"a likelihood of counts needs whole numbers from 0; {data.name!r} holds {data.support} values from "
            f"{data.low:g} to {data.high:g}: choose gaussian, or give integers"
        )
    if rows and data.kind != "vector":
        raise ConfigurationError(
            f"a likelihood given a row's total needs rows of columns; {data.name!r} holds pictures of shape "
            f"{data.shape}: choose poisson or negative_binomial"
        )
    return data


def initial_sigma(data: DataSpec) -> float:
    """The scale a Gaussian starts from: of scaled pixels their own standard deviation, of standardised data 0.3 of it.

    From one, the whole spread counts as noise at first, and the posterior can collapse before anything is learnt.

    Args:
        data: What the data are.

    Returns:
        A standard deviation in the units of x.
    """
    if data.support in ("real", "counts"):
        return 0.3
    unit = 1.0 if data.support == "unit" else data.unit
    return max(math.sqrt(sum(s * s for s in data.std) / len(data.std)) / unit, 0.05)
