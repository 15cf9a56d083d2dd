"""The table of named variants: each a function from a data description and options to a model and an objective."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from latentia.errors import ConfigurationError
from latentia.recipes.autoencoder import autoencoder, linear_autoencoder
from latentia.recipes.counts import count_vae, mult_vae, topic
from latentia.recipes.explain import OptionInfo, RecipeInfo
from latentia.recipes.explain import explain as _explain
from latentia.recipes.flows import iaf, maf, planar, radial, spline, sylvester
from latentia.recipes.hamiltonian import hvae
from latentia.recipes.hierarchical import bottom_up, top_down
from latentia.recipes.learned_priors import flow_prior, mog_prior, vamp
from latentia.recipes.vae import beta_vae, iwae, vae

Recipe = Callable[..., Any]

# One line a family, in the order in which `latentia recipes` lists them.
_ALL: tuple[Recipe, ...] = (
    *(vae, beta_vae, iwae),
    *(autoencoder, linear_autoencoder),
    *(hvae,),
    *(top_down, bottom_up),
    *(topic, mult_vae, count_vae),
    *(vamp, mog_prior, flow_prior),
    *(planar, radial, sylvester, iaf, maf, spline),
)
RECIPES: Mapping[str, Recipe] = MappingProxyType({recipe.__name__: recipe for recipe in _ALL})

__all__ = [
    "RECIPES",
    "OptionInfo",
    "Recipe",
    "RecipeInfo",
    "autoencoder",
    "beta_vae",
    "bottom_up",
    "count_vae",
    "explain",
    "hvae",
    "flow_prior",
    "iaf",
    "iwae",
    "linear_autoencoder",
    "maf",
    "mog_prior",
    "mult_vae",
    "planar",
    "radial",
    "recipe_named",
    "spline",
    "sylvester",
    "top_down",
    "topic",
    "vae",
    "vamp",
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
