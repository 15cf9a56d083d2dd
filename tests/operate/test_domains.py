"""Operations on models whose latent variables live off the real line: no code leaves its domain."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from latentia.data_model import DataModel
from latentia.operate import interpolate, measure_activity, traverse
from latentia.operate.domains import inside
from tests.ledger import REAL, Instance
from tests.operate.models import TABLE, model_of, rows_of

OPTIONS: list[dict[str, Any]] = [
    {"posterior": "gamma"},
    {"posterior": "beta"},
    {"posterior": "dirichlet"},
    {"posterior": "relaxed_bernoulli"},
    {"posterior": "relaxed_categorical", "categories": 4},
    {"posterior": "bernoulli"},
    {"posterior": "categorical", "categories": 4},
    {"posterior": "gamma", "prior": "vamp", "components": 3},
    {"posterior": "sphere"},
]
everywhere = pytest.mark.parametrize("options", OPTIONS, ids=lambda options: "-".join(map(str, options.values())))


def built(options: dict[str, Any]) -> tuple[DataModel, list[Tensor]]:
    """The model, and a list of all states that its decoder is given."""
    model = model_of(Instance("vae", REAL, {"latent_dim": 3, "hidden": (8,), **options}))
    seen: list[Tensor] = []
    model.vae.likelihood.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    return model, seen


def all_inside(model: DataModel, codes: Tensor) -> bool:
    group = model.vae.latents.groups[0]
    z = codes.reshape(-1, *group.event_shape)
    match group.domain:  # type: ignore[attr-defined] # a LatentGroup
        case "positive":
            return bool((z >= 0).all())
        case "interval":
            return bool(((z >= 0) & (z <= 1)).all())
        case "simplex":
            return bool((z >= 0).all() and (z.sum(-1) - 1).abs().max() < 1e-5)
        case "sphere":
            return bool((z.norm(dim=-1) - 1).abs().max() < 1e-5)
        case "binary":
            return bool(((z == 0) | (z == 1)).all())
        case domain:
            assert domain == "one_hot"
            return bool(((z == 0) | (z == 1)).all() and (z.sum(-1) == 1).all())


@everywhere
def test_traversals_and_ways_between_codes_stay_in_the_domain(options: dict[str, Any]) -> None:
    model, seen = built(options)
    x = rows_of(TABLE, 4)
    traverse(model, steps=5)
    interpolate(model, x[:2], x[2:], steps=4)
    interpolate(model, x[:2], x[2:], steps=4, how="spherical")
    model.reconstruct(x)
    model.sample(10)
    assert seen
    assert all(all_inside(model, states) for states in seen)


@everywhere
def test_what_is_inside_stays_where_it_is(options: dict[str, Any]) -> None:
    model, _ = built(options)
    codes = model.encode(rows_of(TABLE, 6))
    assert all_inside(model, codes)
    torch.testing.assert_close(inside(model, codes), codes)


@everywhere
def test_every_dimension_has_a_spread_and_an_activity(options: dict[str, Any]) -> None:
    model, _ = built(options)
    assert (model.prior_spread() > 0).all()
    activity = measure_activity(model, rows_of(TABLE, 6))
    assert activity.variance.shape == (model.latent_dim,)


def test_shares_that_all_vanish_become_equal() -> None:
    model, _ = built({"posterior": "dirichlet"})
    torch.testing.assert_close(inside(model, -torch.ones(2, 3)), torch.full((2, 3), 1 / 3))
