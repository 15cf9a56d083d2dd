"""Traversals: their shape, their centre, and that one dimension moves while the others stay."""

from __future__ import annotations

import pytest
import torch

from latentia.errors import CompatibilityError, ConfigurationError
from latentia.operate import code_names, offsets, prior_centre, traverse
from tests.ledger import REAL, Instance
from tests.operate.models import ALL, BOTTOM_UP, FLAT, MIXTURE, TABLE, TOP_DOWN, model_of, rows_of


@pytest.mark.parametrize("instance", ALL, ids=lambda each: each.id)
def test_shape_and_centre(instance: Instance) -> None:
    model = model_of(instance)
    data = traverse(model, steps=5)
    assert data.shape == (model.latent_dim, 5, *instance.data.shape)
    centre = model.decode(prior_centre(model)[None])[0]
    for row in data:
        torch.testing.assert_close(row[2], centre, rtol=1e-5, atol=1e-5)
    assert torch.equal(data, traverse(model, steps=5))


def test_each_row_decodes_one_dimension_moved() -> None:
    model, origin = model_of(FLAT), torch.tensor([0.3, -1.0, 2.0])
    data = traverse(model, dims=[2, 0], origin=origin, span=1.5, steps=4, scale=[1.0, 1.0, 2.0])
    for row, (dim, unit) in zip(data, [(2, 2.0), (0, 1.0)], strict=True):
        for picture, away in zip(row, [-1.5, -0.5, 0.5, 1.5], strict=True):
            code = origin.clone()
            code[dim] += away * unit
            torch.testing.assert_close(picture, model.decode(code[None])[0])


def test_offsets_mirror_each_other_and_contain_zero() -> None:
    for steps in (1, 2, 3, 8, 11):
        away = offsets(2.7, steps)
        assert len(away) == steps
        assert torch.equal(away, -away.flip(0))
        assert (steps % 2 == 1) == bool((away == 0).any())


def test_lower_groups_follow_the_upper_one() -> None:
    """In a Markov chain only the lowest group reaches the data: held still, the upper one would show nothing."""
    model = model_of(BOTTOM_UP)  # z1 has 2 dimensions and the data see z2 alone
    data = traverse(model, dims=[0], steps=3)
    assert (data[0, 0] - data[0, 2]).abs().max() > 1e-3
    held = model.decode(torch.stack([torch.tensor([z, 0.0, 0.0, 0.0, 0.0]) for z in (-3.0, 3.0)]))
    torch.testing.assert_close(held[0], held[1])


def test_upper_groups_stay_while_a_lower_one_moves() -> None:
    model = model_of(TOP_DOWN)
    origin = torch.tensor([1.0, 2.0, 0.0, 0.5, 0.0])
    data = traverse(model, dims=[4], origin=origin, span=1.0, steps=2)
    torch.testing.assert_close(data[0, 1], model.decode((origin + torch.eye(5)[4])[None])[0])


def test_the_centre_of_a_mixture_is_one_of_its_means_and_always_the_same() -> None:
    model = model_of(MIXTURE)
    means = model.vae.latents.groups[0].prior(torch.empty(1, 1, 0))[0].component_distribution.mean  # type: ignore[attr-defined] # a mixture
    centre = prior_centre(model)
    assert (means.reshape(-1, 3) - centre).abs().sum(-1).min() == 0
    assert torch.equal(centre, prior_centre(model))


def test_names_follow_the_groups() -> None:
    assert code_names(model_of(TOP_DOWN)) == ("z1[0]", "z1[1]", "z2[0]", "z2[1]", "z2[2]")
    assert code_names(model_of(FLAT)) == ("z[0]", "z[1]", "z[2]")


def test_traversing_draws_nothing_from_torch() -> None:
    model = model_of(MIXTURE)
    before = torch.get_rng_state()
    traverse(model, steps=3)
    assert torch.equal(before, torch.get_rng_state())


def test_a_model_of_one_dimension() -> None:
    model = model_of(Instance("vae", REAL, {"latent_dim": 1, "hidden": (4,)}))
    assert traverse(model, steps=1).shape == (1, 1, 7)


def test_what_cannot_be_traversed_is_refused() -> None:
    model = model_of(TABLE)
    with pytest.raises(CompatibilityError, match="no latent dimension 3; this model has 3, numbered 0 to 2"):
        traverse(model, dims=[3])
    with pytest.raises(CompatibilityError, match="no latent dimension -1"):
        traverse(model, dims=[-1])
    with pytest.raises(CompatibilityError, match="origin has shape"):
        traverse(model, origin=rows_of(TABLE)[0])
    with pytest.raises(CompatibilityError, match="scale has shape"):
        traverse(model, scale=2.0)
    with pytest.raises(ConfigurationError, match="at least one step and a span above 0"):
        traverse(model, steps=0)
    with pytest.raises(ConfigurationError, match="span"):
        traverse(model, span=0.0)
    with pytest.raises(ConfigurationError, match="no dimension"):
        traverse(model, dims=[])
