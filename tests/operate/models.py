"""Small untrained models over made-up data, for the tests of operations on models."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from latentia.data_model import DataModel
from latentia.recipes import recipe_named
from tests.ledger import LEVELS, PIXELS, REAL, SMALL, Instance

FLAT = Instance("vae", LEVELS, SMALL)
TABLE = Instance("vae", REAL, SMALL)
COLOUR = Instance("vae", PIXELS, SMALL)
MIXTURE = Instance("vae", REAL, {**SMALL, "prior": "mixture", "components": 4})
CODER = Instance("autoencoder", LEVELS, SMALL)
TOP_DOWN = Instance("top_down", LEVELS, {**SMALL, "top_dim": 2})
BOTTOM_UP = Instance("bottom_up", REAL, {**SMALL, "top_dim": 2})
ALL = [FLAT, TABLE, COLOUR, MIXTURE, CODER, TOP_DOWN, BOTTOM_UP]


def model_of(instance: Instance) -> DataModel:
    """The model with a fixed initialisation, in float32."""
    torch.manual_seed(0)
    vae, _ = recipe_named(instance.recipe)(instance.data, **instance.options)
    return DataModel(vae, instance.data).eval()


def rows_of(instance: Instance, num: int = 5) -> Tensor:
    """Rows in the data's own units and dtype."""
    generator = torch.Generator().manual_seed(1)
    shape = (num, *instance.data.shape)
    if instance.data.levels is None:
        return torch.randn(shape, generator=generator)
    return torch.randint(0, instance.data.levels, shape, generator=generator).to(torch.uint8)


def options(instance: Instance) -> dict[str, Any]:
    """The recipe's options of an instance."""
    return dict(instance.options)
