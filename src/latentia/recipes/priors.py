"""The table of priors: what stands behind each name, and which suits which posterior."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, cast

import torch
from torch import nn

from latentia.conditionals import (
    BernoulliPrior,
    BetaPrior,
    CategoricalPrior,
    DirichletPrior,
    FlowPrior,
    GammaPrior,
    LaplacePrior,
    MixturePrior,
    PseudoInputs,
    RelaxedBernoulliPrior,
    RelaxedCategoricalPrior,
    StandardNormal,
    UniformSpherePrior,
    VampPrior,
)
from latentia.conditionals.flow_prior import FlowPriorKind
from latentia.data.spec import DataSpec
from latentia.errors import ConfigurationError
from latentia.names import Domain, PosteriorName, PriorName
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


def _flow(kind: FlowPriorKind) -> Callable[[Ingredients], nn.Module]:
    return lambda given: FlowPrior(given.parts.latent_dim, kind, given.parts.transforms)


def _vamp(given: Ingredients) -> nn.Module:
    if given.data is None or given.encoder is None or given.posterior is None:
        raise ConfigurationError(
            "the prior vamp is made of the posteriors of learned inputs, and this latent group's posterior does not "
            "look at x alone: use prior mixture, or a recipe with a single group such as vamp"
        )
    return VampPrior(given.encoder, given.posterior, pseudo_inputs(given.data, given.parts.components))


def _simplex(given: Ingredients) -> Sequence[int]:
    """One event: as the posterior has it, one set of shares or several."""
    return cast(torch.Size, given.posterior.event_shape) if given.posterior is not None else [given.parts.latent_dim]


PRIORS: Mapping[PriorName, Callable[[Ingredients], nn.Module]] = MappingProxyType(
    {
        "standard": lambda given: StandardNormal(given.parts.latent_dim),
        "mixture": _mixture,
        "vamp": _vamp,
        "maf": _flow("maf"),
        "coupling": _flow("coupling"),
        "spline": _flow("spline"),
        "laplace": lambda given: LaplacePrior(given.parts.latent_dim),
        "sphere": lambda given: UniformSpherePrior(given.parts.latent_dim),
        "gamma": lambda given: GammaPrior(given.parts.latent_dim, given.parts.concentration),
        "beta": lambda given: BetaPrior(given.parts.latent_dim, given.parts.concentration),
        "dirichlet": lambda given: DirichletPrior(_simplex(given), given.parts.concentration),
        "bernoulli": lambda given: BernoulliPrior(given.parts.latent_dim),
        "categorical": lambda given: CategoricalPrior(given.parts.latent_dim, given.parts.categories),
        "relaxed_bernoulli": lambda given: RelaxedBernoulliPrior(given.parts.latent_dim, given.parts.relaxation),
        "relaxed_categorical": lambda given: RelaxedCategoricalPrior(_simplex(given), given.parts.relaxation),
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
_LIKEWISE: Mapping[PosteriorName, PriorName] = MappingProxyType(
    {"relaxed_bernoulli": "relaxed_bernoulli", "relaxed_categorical": "relaxed_categorical"}
)
"""Posteriors that suggest a closer prior than their domain does."""


def prior(given: Ingredients) -> nn.Module:
    """p(z) as a conditional that ignores what it is given.

    Args:
        given: The ingredients; where `parts.prior` is None, the prior that suits the posterior is taken.

    Returns:
        A conditional over `latent_dim` dimensions.

    Raises:
        ConfigurationError: Options that its family cannot have.
    """
    suitable = SUITABLE["real"]
    if given.posterior is not None:
        suitable = _LIKEWISE.get(given.parts.posterior, SUITABLE[cast(Domain, given.posterior.domain)])
    name = given.parts.prior or suitable
    if name not in PRIORS:
        raise ConfigurationError(f"there is no prior {name!r}; there are {', '.join(PRIORS)}")
    if given.parts.components < 1:
        raise ConfigurationError(f"components is {given.parts.components}; a mixture has at least one")
    return PRIORS[name](given)


def pseudo_inputs(data: DataSpec, num: int) -> PseudoInputs:
    """Learned inputs like the data, in the units of the model (see `Preparation`).

    Args:
        data: What the data are.
        num: How many.

    Returns:
        A module without arguments.

    Raises:
        ConfigurationError: Columns of categories, whose codes no gradient can move.
    """
    if data.columns is not None:
        raise ConfigurationError(
            f"the prior vamp learns inputs by gradient, and {data.name!r} is a table of mixed columns, whose codes of "
            "categories do not move by small steps: use prior mixture, or maf"
        )
    column = (-1, *[1] * (len(data.shape) - 1))
    mean, std = torch.tensor(data.mean).view(column), torch.tensor(data.std).view(column)
    if data.support == "real":
        return PseudoInputs(num, torch.zeros_like(mean), (std > 0).to(std.dtype), data.shape)
    domain: Literal["interval", "positive"] = "positive" if data.support == "counts" else "interval"
    return PseudoInputs(num, mean / data.unit, std / data.unit, data.shape, domain=domain)
