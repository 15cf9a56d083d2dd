"""The table of priors: what stands behind each name, and which suits which posterior."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import cast

from torch import nn

from latentia.conditionals import MixturePrior, StandardNormal
from latentia.data.spec import DataSpec
from latentia.errors import ConfigurationError
from latentia.names import Domain, PriorName
from latentia.recipes.parts import Parts


@dataclass(frozen=True, slots=True)
class Ingredients:
    """What a prior may be made of.

    Attributes:
        parts: `prior` and the options of its family.
        data: What the data are; None where the group does not see x.
        encoder: Maps x to evidence; likewise.
        posterior: Maps evidence to q(z|x); likewise.
    """

    parts: Parts
    data: DataSpec | None = None
    encoder: nn.Module | None = None
    posterior: nn.Module | None = None


def _mixture(given: Ingredients) -> nn.Module:
    return MixturePrior(given.parts.latent_dim, given.parts.components)


PRIORS: Mapping[PriorName, Callable[[Ingredients], nn.Module]] = MappingProxyType(
    {
        "standard": lambda given: StandardNormal(given.parts.latent_dim),
        "mixture": _mixture,
    }
)
"""Name to a function of the ingredients."""

SUITABLE: Mapping[Domain, PriorName] = MappingProxyType(
    {
        "real": "standard",
        "sphere": "sphere",
        "positive": "gamma",
        "interval": "beta",
        "simplex": "dirichlet",
        "binary": "bernoulli",
        "one_hot": "categorical",
    }
)
"""The prior for latent variables on a domain where none is asked for."""


def prior(given: Ingredients) -> nn.Module:
    """p(z) as a conditional that ignores what it is given.

    Args:
        given: The ingredients; where `parts.prior` is None, the prior that suits the posterior's domain is taken.

    Returns:
        A conditional over `latent_dim` dimensions.

    Raises:
        ConfigurationError: Options that its family cannot have.
    """
    domain = cast(Domain, given.posterior.domain) if given.posterior is not None else "real"
    name = given.parts.prior or SUITABLE[domain]
    if name not in PRIORS:
        raise ConfigurationError(f"there is no prior {name!r}; there are {', '.join(PRIORS)}")
    if given.parts.components < 1:
        raise ConfigurationError(f"components is {given.parts.components}; a mixture has at least one")
    return PRIORS[name](given)
