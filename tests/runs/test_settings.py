"""Settings: names and values checked, written as TOML, read back."""

from __future__ import annotations

import json
import math
import tomllib
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as some

from latentia.errors import ConfigurationError
from latentia.recipes import RECIPES
from latentia.runs import toml
from latentia.runs.plain import plain
from latentia.runs.resolve import READING, recipe_of, resolve, revised, sort_names
from latentia.runs.settings import Settings, read_settings
from latentia.runs.values import typed
from latentia.train import Plan

_SCALARS = some.one_of(
    some.booleans(),
    some.integers(-(2**63), 2**63 - 1),
    some.floats(allow_nan=False),
    some.text(max_size=20),
)
_VALUES = some.one_of(_SCALARS, some.lists(some.integers(0, 9)), some.lists(some.text('aé"\\\n\x7f\x00', max_size=4)))
_NAMES = some.text("abc_-é. ", min_size=1, max_size=5)


@limits(deadline=None)
@given(some.dictionaries(_NAMES, _VALUES), some.dictionaries(_NAMES, _VALUES, min_size=1))
def test_toml_is_read_back_as_it_was(top: dict[str, Any], table: dict[str, Any]) -> None:
    values = {**top, "the table": table}
    assert tomllib.loads(toml.dumps(values)) == values


def test_toml_leaves_none_out_and_refuses_the_rest() -> None:
    assert toml.dumps({"a": None, "b": {"c": None}}) == "\n"
    with pytest.raises(ConfigurationError, match=r"x: .* cannot be kept"):
        toml.dumps({"x": object()})


@pytest.mark.parametrize("recipe", RECIPES)
def test_settings_of_every_recipe_are_read_back(recipe: str, tmp_path: Path) -> None:
    request = resolve(recipe, Plan(steps=7, ema=0.9), {"resize": 8, "latent_dim": 3})
    settings = Settings(
        data="digits", recipe=recipe, reading=request.reading, options=request.options, plan=request.plan
    )
    (tmp_path / "config.toml").write_text(settings.to_toml())
    found = read_settings(tmp_path / "config.toml")
    assert (found.pop("data"), found.pop("recipe")) == ("digits", recipe)
    again = resolve(recipe, None, found)
    assert (again.options, again.reading, again.plan) == (request.options, request.reading, request.plan)


@pytest.mark.parametrize("recipe", RECIPES)
def test_no_option_has_two_owners(recipe: str) -> None:
    names = sort_names(recipe_of(recipe)[0])
    assert len(names) == len(READING) + len(Plan().to_dict()) + len(recipe_of(recipe)[0].options)
    assert not {"recipe", "out", "config", "resume", "report", "data", "json", "debug"} & set(names)


def test_json_and_tables(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"batch-size": 3, "x": {"y": {"latent-dim": 2}}, "ema": None}))
    assert read_settings(path) == {"batch_size": 3, "latent_dim": 2}


@pytest.mark.parametrize(
    ("value", "hint", "expected"),
    [
        (3, int, 3),
        (3, float, 3.0),
        ([1, 2], tuple[int, ...], (1, 2)),
        ((), tuple[int, ...], ()),
        (None, int | None, None),
        ("a", Literal["a", "b"] | None, "a"),
        (True, bool, True),
        ("text", str, "text"),
    ],
)
def test_values_that_fit(value: object, hint: object, expected: object) -> None:
    found = typed("x", value, hint)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("value", "hint", "message"),
    [
        (3.5, int, "x: 3.5 was given, a whole number is expected"),
        (True, int, "a whole number"),
        (math.nan, float, "a finite number"),
        ("3", float | None, "a finite number"),
        (None, int, "None was given"),
        ([1, "a"], tuple[int, ...], "a list of whole numbers"),
        (3, tuple[int, ...], "a list of whole numbers"),
        ("c", Literal["aa", "bb"], "one of aa, bb"),
        ("mix", Literal["mixture", "none"], "did you mean 'mixture'?"),
        (1, bool, "true or false"),
    ],
)
def test_values_that_do_not(value: object, hint: object, message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        typed("x", value, hint)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"epoch": 3}, "there is no option 'epoch'; did you mean 'epochs'?"),
        ({"beta": 3}, "the recipe vae has no option 'beta'; beta_vae, "),
        ({"zzzz": 3}, "there is no option 'zzzz'; latentia recipes vae lists what there is"),
        ({"latent_dim": "8"}, "latent_dim: '8' was given, a whole number is expected"),
        ({"resize": 2.5}, "resize: 2.5 was given"),
    ],
)
def test_options_that_do_not_exist(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        resolve("vae", None, options)
    assert message in str(caught.value)


def test_a_new_limit_replaces_the_old() -> None:
    assert revised(Plan(epochs=3), {"minutes": 1}).minutes == 1.0
    assert revised(Plan(epochs=3), {"minutes": 1}).epochs is None
    assert revised(Plan(epochs=3), {"seed": 1}).epochs == 3
    assert revised(Plan(epochs=3), {"minutes": None}).epochs == 3
    with pytest.raises(ConfigurationError, match="one of them only"):
        revised(Plan(epochs=3), {"minutes": 1, "steps": 2})


def test_json_has_no_nan() -> None:
    found = plain({"a": math.nan, "b": (math.inf, 1.5), "c": Path("x"), "d": {1: None}})
    assert found == {"a": None, "b": [None, 1.5], "c": "x", "d": {"1": None}}
    assert json.dumps(found, allow_nan=False)
