"""Every recipe the whole way: trained for two steps, measured, drawn, saved, loaded and sampled."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import latentia
from latentia.conditionals import Need
from latentia.recipes import RECIPES

COUNTS = ("topic", "mult_vae", "count_vae")
SMALL: dict[str, dict[str, Any]] = {"linear_autoencoder": {}, "table_vae": {"hidden": (16,)}}


def data_for(recipe: str) -> Any:
    """Digits, or what the recipe is for."""
    generator = np.random.default_rng(0)
    if recipe in COUNTS:
        return generator.poisson(1.5, (120, 12))
    if recipe == "table_vae":
        return latentia.load_data(
            np.stack([generator.normal(size=120), generator.integers(0, 3, 120)], 1), columns=["real", "categorical"]
        )
    return latentia.load_data("digits")


@pytest.mark.slow
@pytest.mark.parametrize("recipe", RECIPES)
def test_a_recipe_goes_the_whole_way(recipe: str, tmp_path: Path) -> None:
    options = SMALL.get(recipe, {"hidden": (16,), "latent_dim": 3})
    run = latentia.fit(data_for(recipe), recipe, out=tmp_path / "run", steps=2, threads=1, reporters=[], **options)
    assert run.report is not None
    again = latentia.load(tmp_path / "run")
    x = run.split("test").x[:5]
    np.testing.assert_array_equal(again.model.encode(x).numpy(), run.model.encode(x).numpy())
    assert again.model.reconstruct(x).shape == x.shape
    if Need.SAMPLES in again.model.vae.provides:
        assert again.model.sample(3).shape[0] == 3
