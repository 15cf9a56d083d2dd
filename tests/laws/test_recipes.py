"""What holds for every recipe as a function and as a description."""

from __future__ import annotations

import inspect
import re
from dataclasses import fields
from typing import get_type_hints

import pytest
import torch

from latentia.errors import ConfigurationError
from latentia.recipes import RECIPES, explain, recipe_named
from latentia.recipes.bibliography import bibtex, entries, identifiers
from latentia.recipes.composition import composed
from latentia.recipes.parts import PartOptions, Parts
from tests.laws.test_walk import every
from tests.ledger import LEVELS, REAL, Instance

names = pytest.mark.parametrize("name", RECIPES)


@names
def test_a_recipe_cites_its_source(name: str) -> None:
    assert re.search(r"(19|20)\d\d", explain(name).citation)
    assert explain(name).summary.endswith(".")
    found = identifiers(explain(name).citation)
    assert found, "a citation names an arXiv number or a DOI"
    assert all(each in entry for each, entry in zip(found, bibtex(explain(name).citation), strict=True))


def test_bibliography_entries_are_complete_and_cited() -> None:
    cited = {each for name in RECIPES for each in identifiers(explain(name).citation)}
    assert set(entries()) == cited
    for entry in entries().values():
        assert re.match(r"@\w+\{[a-z]+\d{4}\w*,\n", entry), entry
        assert all(
            re.search(rf"^  {field} = \{{.+\}},?$", entry, re.MULTILINE) for field in ("author", "title", "year")
        )
        assert entry.count("{") == entry.count("}")


@names
def test_a_recipe_says_what_differs_and_what_it_is_composed_of(name: str) -> None:
    info = explain(name)
    assert bool(info.differs) == (name != "vae")
    parts = dict(composed(recipe_named(name)))
    assert parts["objective"]
    assert any(part.startswith("prior") for part in parts)


@names
def test_every_option_is_explained_and_has_a_default(name: str) -> None:
    for option in explain(name).options:
        assert option.help, option.name
        assert option.default is not inspect.Parameter.empty, option.name


@every
def test_weights_move_to_a_fresh_model_of_the_same_recipe(instance: Instance) -> None:
    model, _ = instance.build()
    torch.manual_seed(99)
    other = recipe_named(instance.recipe)(instance.data, **instance.options)[0].double()
    other.load_state_dict(model.state_dict())
    x = instance.batch()
    torch.manual_seed(1)
    a = model.trace(x).log_px
    torch.manual_seed(1)
    torch.testing.assert_close(a, other.trace(x).log_px, rtol=0, atol=0)


def test_the_two_lists_of_parts_agree() -> None:
    assert get_type_hints(PartOptions) == get_type_hints(Parts)
    assert [field.name for field in fields(Parts)] == list(get_type_hints(PartOptions))


@pytest.mark.parametrize(
    ("recipe", "data", "options", "message"),
    [
        ("vae", REAL, {"network": "conv"}, "needs pictures"),
        ("vae", REAL, {"likelihood": "discretized_logistic"}, "choose gaussian"),
        ("vae", LEVELS, {"likelihood": "bernoulli", "scale": "shared"}, "no scale"),
        ("vae", REAL, {"sigma": -1.0}, "positive"),
        ("vae", REAL, {"latent_dim": 0}, "latent_dim is 0"),
        ("vae", REAL, {"hidden": (5, 0)}, "hidden is"),
        ("vae", REAL, {"prior": "mixture", "components": 0}, "at least one"),
        ("beta_vae", REAL, {"beta": -1.0}, "zero or more"),
        ("beta_vae", REAL, {"beta": float("nan")}, "zero or more"),
        ("iwae", REAL, {"num_samples": 0}, "num_samples is 0"),
        ("autoencoder", REAL, {"prior": "mixture"}, "no prior"),
        ("bottom_up", REAL, {"between": ()}, "between is"),
        ("top_down", REAL, {"posterior": "iaf"}, "posterior of its own, and iaf was given"),
        ("bottom_up", REAL, {"leapfrog": 2}, "leapfrog of its own"),
        ("two_stage", REAL, {"leapfrog": 2}, "leapfrog of its own"),
        ("autoencoder", REAL, {"posterior": "full"}, "posterior of its own"),
        ("sparse", REAL, {"leapfrog": 1}, "leapfrog of its own"),
        ("topic", LEVELS, {}, "needs rows of columns"),
        ("topic", LEVELS, {"likelihood": "poisson"}, "needs rows of columns"),
    ],
)
def test_a_combination_that_cannot_work_is_refused_by_name(
    recipe: str, data: object, options: dict[str, object], message: str
) -> None:
    with pytest.raises(ConfigurationError, match=message):
        recipe_named(recipe)(data, **options)


def test_an_unknown_recipe_lists_those_that_exist() -> None:
    with pytest.raises(ConfigurationError, match="beta_vae"):
        recipe_named("betavae")
