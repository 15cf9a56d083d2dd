"""The table of named variants: each a function from a data description and options to a model and an objective."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from latentia.errors import ConfigurationError
from latentia.recipes.annealed import beta_capacity, cyclical, free_bits
from latentia.recipes.autoencoder import autoencoder, linear_autoencoder
from latentia.recipes.constrained import contractive, denoising, sparse
from latentia.recipes.counts import count_vae, mult_vae, topic
from latentia.recipes.discrete import bernoulli_score, concrete
from latentia.recipes.disentangling import beta_tc, dip_i, dip_ii, factor_vae
from latentia.recipes.estimators import dreg, stl
from latentia.recipes.explain import OptionInfo, RecipeInfo
from latentia.recipes.explain import explain as _explain
from latentia.recipes.flows import iaf, maf, planar, radial, spline, sylvester
from latentia.recipes.hamiltonian import hvae
from latentia.recipes.hierarchical import bottom_up, top_down
from latentia.recipes.hyperspherical import sphere
from latentia.recipes.importance import ciwae, miwae, piwae, renyi, vimco
from latentia.recipes.learned_priors import flow_prior, mog_prior, vamp
from latentia.recipes.likelihood_variants import continuous_bernoulli, sigma_vae
from latentia.recipes.location_scale import full_covariance, laplace, low_rank
from latentia.recipes.matching import aae, info_vae, wae_mmd
from latentia.recipes.positive import beta_latent, dirichlet, gamma
from latentia.recipes.regularised import rae_gp, rae_l2, rae_sn
from latentia.recipes.table import table_vae
from latentia.recipes.two_stage import two_stage
from latentia.recipes.vae import beta_vae, iwae, vae
from latentia.recipes.vae_gan import vae_gan

Recipe = Callable[..., Any]

# One line a family, in the order in which `latentia recipes` lists them.
_ALL: tuple[Recipe, ...] = (
    *(vae, beta_vae, iwae),
    *(miwae, piwae, ciwae, renyi, vimco, stl, dreg),
    *(beta_capacity, free_bits, cyclical),
    *(beta_tc, factor_vae, dip_i, dip_ii),
    *(info_vae, wae_mmd, aae, vae_gan),
    *(sigma_vae, continuous_bernoulli),
    *(autoencoder, linear_autoencoder),
    *(sparse, denoising, contractive),
    *(rae_l2, rae_gp, rae_sn),
    *(hvae,),
    *(gamma, beta_latent, dirichlet, concrete, bernoulli_score),
    *(full_covariance, low_rank, laplace, sphere),
    *(top_down, bottom_up, two_stage),
    *(topic, mult_vae, count_vae, table_vae),
    *(vamp, mog_prior, flow_prior),
    *(planar, radial, sylvester, iaf, maf, spline),
)
RECIPES: Mapping[str, Recipe] = MappingProxyType({recipe.__name__: recipe for recipe in _ALL})

__all__ = [
    "RECIPES",
    "OptionInfo",
    "Recipe",
    "RecipeInfo",
    "aae",
    "autoencoder",
    "bernoulli_score",
    "beta_capacity",
    "beta_latent",
    "beta_tc",
    "beta_vae",
    "bottom_up",
    "ciwae",
    "concrete",
    "continuous_bernoulli",
    "contractive",
    "count_vae",
    "cyclical",
    "denoising",
    "dip_i",
    "dip_ii",
    "dirichlet",
    "dreg",
    "explain",
    "factor_vae",
    "flow_prior",
    "free_bits",
    "full_covariance",
    "gamma",
    "hvae",
    "iaf",
    "info_vae",
    "iwae",
    "laplace",
    "linear_autoencoder",
    "low_rank",
    "maf",
    "miwae",
    "mog_prior",
    "mult_vae",
    "piwae",
    "planar",
    "radial",
    "rae_gp",
    "rae_l2",
    "rae_sn",
    "recipe_named",
    "renyi",
    "sigma_vae",
    "sparse",
    "sphere",
    "spline",
    "stl",
    "sylvester",
    "table_vae",
    "top_down",
    "topic",
    "two_stage",
    "vae",
    "vae_gan",
    "vamp",
    "vimco",
    "wae_mmd",
]


def recipe_named(name: str) -> Recipe:
    """Look a recipe up.

    Args:
        name: One of `RECIPES`.

    Returns:
        The function.

    Raises:
        ConfigurationError: Lists the names that exist.
    """
    if name not in RECIPES:
        raise ConfigurationError(f"there is no recipe {name!r}; there are {', '.join(RECIPES)}")
    return RECIPES[name]


def explain(name: str) -> RecipeInfo:
    """Describe the recipe of that name.

    Args:
        name: One of `RECIPES`.

    Returns:
        Summary, description, citation and options.

    >>> explain("beta_vae").options[0].name
    'beta'
    """
    return _explain(name, recipe_named(name))
