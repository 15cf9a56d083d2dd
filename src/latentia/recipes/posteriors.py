"""The table of posteriors: what stands behind each name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from torch import nn

from latentia.conditionals import (
    BernoulliLatentHead,
    BetaHead,
    CategoricalLatentHead,
    DiagonalLaplace,
    DiagonalNormal,
    DirichletHead,
    FlowPosterior,
    FullNormal,
    GammaHead,
    LowRankNormal,
    PointMassHead,
    RelaxedBernoulliHead,
    RelaxedCategoricalHead,
    VonMisesFisherHead,
)
from latentia.conditionals.flow_posterior import FlowPosteriorKind
from latentia.errors import ConfigurationError
from latentia.names import PosteriorName
from latentia.recipes.parts import Parts


def _flow(kind: FlowPosteriorKind) -> Callable[[int, Parts], nn.Module]:
    return lambda features, parts: FlowPosterior(features, parts.latent_dim, kind, parts.transforms)


POSTERIORS: Mapping[PosteriorName, Callable[[int, Parts], nn.Module]] = MappingProxyType(
    {
        "diagonal": lambda features, parts: DiagonalNormal(features, parts.latent_dim),
        "full": lambda features, parts: FullNormal(features, parts.latent_dim),
        "low_rank": lambda features, parts: LowRankNormal(features, parts.latent_dim, parts.rank),
        "laplace": lambda features, parts: DiagonalLaplace(features, parts.latent_dim),
        "planar": _flow("planar"),
        "radial": _flow("radial"),
        "sylvester": _flow("sylvester"),
        "iaf": _flow("iaf"),
        "maf": _flow("maf"),
        "spline": _flow("spline"),
        "sphere": lambda features, parts: VonMisesFisherHead(features, parts.latent_dim),
        "gamma": lambda features, parts: GammaHead(features, parts.latent_dim),
        "beta": lambda features, parts: BetaHead(features, parts.latent_dim),
        "dirichlet": lambda features, parts: DirichletHead(features, parts.latent_dim),
        "bernoulli": lambda features, parts: BernoulliLatentHead(features, parts.latent_dim),
        "categorical": lambda features, parts: CategoricalLatentHead(features, parts.latent_dim, parts.categories),
        "relaxed_bernoulli": lambda features, parts: RelaxedBernoulliHead(features, parts.latent_dim, parts.relaxation),
        "relaxed_categorical": lambda features, parts: RelaxedCategoricalHead(
            features, parts.latent_dim, parts.categories, parts.relaxation
        ),
        "point": lambda features, parts: PointMassHead(features, parts.latent_dim),
    }
)
"""Name to a function of the length of the features and the parts."""


def posterior(features: int, parts: Parts) -> nn.Module:
    """q(z|x) as a conditional of the encoder's features.

    Args:
        features: Length of the feature vector.
        parts: `posterior` and the options of its family.

    Returns:
        A conditional over `latent_dim` dimensions.

    Raises:
        ConfigurationError: Options that its family cannot have.
    """
    if parts.posterior not in POSTERIORS:
        raise ConfigurationError(f"there is no posterior {parts.posterior!r}; there are {', '.join(POSTERIORS)}")
    return POSTERIORS[parts.posterior](features, parts)
