"""What cannot go together is refused when it is built or when model and objective meet, with what would fit."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from latentia.conditionals import GaussianHead
from latentia.errors import CompatibilityError, ConfigurationError
from latentia.latents import LatentGroup, TopDown
from latentia.model import VAE
from latentia.objectives import Step, require
from latentia.objectives.penalties import DecoderNorm, decompose
from latentia.recipes import recipe_named
from tests.ledger import REAL, SMALL, Instance


@pytest.mark.parametrize(
    ("recipe", "options", "message"),
    [
        ("beta_tc", {"beta": -1.0}, "beta is -1"),
        ("factor_vae", {"gamma": float("nan")}, "gamma is nan"),
        ("factor_vae", {"critic_hidden": ()}, "critic_hidden"),
        ("dip_i", {"diagonal": -2.0}, "diagonal is -2"),
        ("info_vae", {"alpha": 1.5}, "at most 1"),
        ("info_vae", {"alpha": 0.0, "matching": 0.5}, "zero or more"),
        ("wae_mmd", {"weight": float("inf")}, "weight is inf"),
        ("aae", {"critic_hidden": (0,)}, "critic_hidden"),
        ("vae_gan", {"pixel_weight": -0.5}, "pixel_weight"),
        ("sparse", {"target": 1.0}, "between 0 and 1"),
        ("sparse", {"prior": "standard"}, "no prior"),
        ("denoising", {"level": 1.5}, "at most 1"),
        ("denoising", {"level": -0.1, "noise": "gaussian"}, "zero or more"),
        ("contractive", {"probes": -1}, "probes is -1"),
        ("rae_gp", {"probes": -1}, "probes is -1"),
        ("rae_l2", {"prior": "standard"}, "no prior"),
        ("beta_capacity", {"until": 0.0}, "above 0"),
        ("beta_capacity", {"capacity": -1.0}, "capacity"),
        ("free_bits", {"free_bits": -1.0}, "free_bits"),
        ("cyclical", {"cycles": 0}, "cycles is 0"),
        ("cyclical", {"rise": 0.0}, "above 0"),
    ],
)
def test_values_out_of_range(recipe: str, options: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        recipe_named(recipe)(REAL, **{**SMALL, **options})


@pytest.mark.parametrize("recipe", ["wae_mmd", "aae"])
def test_a_learned_prior_that_nothing_would_teach(recipe: str) -> None:
    with pytest.raises(CompatibilityError, match=r"never change.*standard"):
        Instance(recipe, REAL, {**SMALL, "prior": "mixture"}).build()


def test_a_learned_prior_whose_draws_are_differentiable_learns_from_the_discrepancy() -> None:
    instance = Instance("wae_mmd", REAL, {**SMALL, "prior": "maf", "transforms": 1})
    model, objective = instance.build()
    require(model, objective)
    objective(model, instance.batch(), Step()).loss.backward()
    (group,) = model.latents.groups
    assert isinstance(group, LatentGroup)
    assert any(p.grad is not None and bool(p.grad.any()) for p in group.p.parameters())
    with pytest.raises(CompatibilityError, match="never change"):
        Instance("aae", REAL, {**SMALL, "prior": "maf"}).build()


@pytest.mark.parametrize(
    ("recipe", "options", "message"),
    [
        ("beta_tc", {"prior": "mixture"}, "independent dimensions"),
        ("beta_tc", {"posterior": "full"}, "independent dimensions"),
        ("beta_tc", {"posterior": "point"}, "densities"),
        ("dip_i", {"posterior": "planar"}, "mean and variance"),
        ("info_vae", {"posterior": "point"}, "densities"),
    ],
)
def test_parts_that_lack_what_the_objective_needs(recipe: str, options: dict[str, object], message: str) -> None:
    with pytest.raises(CompatibilityError, match=message):
        require(*Instance(recipe, REAL, {**SMALL, **options}).build())


def test_a_likelihood_without_a_network_has_no_decoder_to_regularise() -> None:
    model, _ = Instance("vae", REAL, SMALL).build()
    trace = model.trace(Instance("vae", REAL, SMALL).batch())
    (group,) = model.latents.groups
    assert isinstance(group, LatentGroup)
    bare = VAE(model.encoder, TopDown([group]), _Bare())
    with pytest.raises(CompatibilityError, match="a network and a head"):
        DecoderNorm(1.0)(bare, trace, Step())


class _Bare(nn.Module):
    space = "real"

    def __init__(self) -> None:
        super().__init__()
        self.event_shape = torch.Size([7])
        self.head = GaussianHead((7,))


def test_a_density_that_does_not_split_cannot_be_decomposed() -> None:
    model, _ = Instance("vae", REAL, {**SMALL, "prior": "mixture"}).build()
    with pytest.raises(CompatibilityError, match="each latent dimension"):
        decompose(model.trace(Instance("vae", REAL, SMALL).batch()), 100)
