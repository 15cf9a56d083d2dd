"""A model that speaks the units of its data."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from latentia.data_model import DataModel, evaluating, seeded
from latentia.errors import CompatibilityError
from latentia.recipes import autoencoder, bottom_up, top_down, vae
from tests.ledger import LEVELS, PIXELS, REAL


def grey() -> DataModel:
    torch.manual_seed(0)
    return DataModel(vae(LEVELS, latent_dim=3, hidden=(8,))[0], LEVELS)


def test_codes_are_means_and_do_not_depend_on_the_generator_or_on_neighbours() -> None:
    model = grey()
    x = torch.randint(0, 17, (600, 1, 8, 8), dtype=torch.uint8)
    codes = model.encode(x)
    assert codes.shape == (600, 3)
    torch.manual_seed(1)
    torch.testing.assert_close(model.encode(x), codes, rtol=0, atol=0)
    torch.testing.assert_close(model.encode(x[300:310]), codes[300:310])


def test_decode_of_encode_is_reconstruct() -> None:
    for model in (
        grey(),
        DataModel(top_down(LEVELS, latent_dim=3, top_dim=2, hidden=(8,))[0], LEVELS),
        DataModel(autoencoder(LEVELS, latent_dim=3, hidden=(8,))[0], LEVELS),
    ):
        x = torch.randint(0, 17, (5, 1, 8, 8), dtype=torch.uint8)
        torch.testing.assert_close(model.decode(model.encode(x)), model.reconstruct(x))
        assert model.reconstruct(x).min() >= 0
        assert model.reconstruct(x).max() <= 16


def test_samples_are_in_the_units_of_the_data() -> None:
    model = grey()
    drawn = model.sample(7, mean=False)
    assert drawn.shape == (7, 1, 8, 8)
    torch.testing.assert_close(drawn, drawn.round(), atol=1e-4, rtol=0)
    assert drawn.max() <= 16
    assert model.sample(0).shape == (0, 1, 8, 8)
    torch.testing.assert_close(model.sample(2, temperature=0.0)[0], model.sample(2, temperature=0.0)[1])


def test_latent_groups_are_laid_side_by_side() -> None:
    model = DataModel(bottom_up(REAL, latent_dim=3, top_dim=2, hidden=(8,))[0], REAL)
    assert model.latent_sizes == {"z1": 2, "z2": 3}
    assert model.latent_dim == 5
    assert model.encode(torch.zeros(4, 7)).shape == (4, 5)


def test_arrays_of_any_fitting_layout_give_the_same_codes() -> None:
    model = DataModel(vae(PIXELS, latent_dim=2, network="conv", width=4)[0], PIXELS)
    x = np.random.default_rng(0).integers(0, 256, (4, 3, 12, 9), dtype=np.uint8)
    codes = model.encode(x)
    for same in (torch.from_numpy(x), np.moveaxis(x, 1, -1), x.reshape(4, -1), np.asfortranarray(x), x[::-1][::-1]):
        torch.testing.assert_close(model.encode(same), codes)
    flat = grey()
    y = torch.randint(0, 17, (3, 8, 8), dtype=torch.uint8)
    torch.testing.assert_close(flat.encode(y), flat.encode(y[:, None]))


def test_data_and_codes_of_another_shape_are_refused_with_what_fits() -> None:
    model = grey()
    with pytest.raises(CompatibilityError, match=r"\(3, 5\).*\(N, 1, 8, 8\)"):
        model.encode(torch.zeros(3, 5))
    with pytest.raises(CompatibilityError, match=r"\(2, 4\).*\(N, 3\).*z \(3\)"):
        model.decode(torch.zeros(2, 4))


def test_trace_keeps_gradients_and_binarises_grey_data() -> None:
    torch.manual_seed(0)
    model = DataModel(vae(LEVELS, latent_dim=3, hidden=(8,), likelihood="bernoulli")[0], LEVELS)
    trace = model.trace(torch.randint(0, 17, (4, 1, 8, 8), dtype=torch.uint8), num_samples=2)
    assert trace.log_px.shape == (2, 4)
    assert trace.log_px.requires_grad
    assert set(trace.x.unique().tolist()) == {0.0, 1.0}


def test_log_likelihoods_move_to_the_units_of_the_data() -> None:
    data = replace(REAL, std=(2.0,) * 7)
    model = DataModel(vae(data, latent_dim=2, hidden=(8,))[0], data)
    shift = -7 * np.log(2.0)
    moved = model.in_data_units({"elbo": -1.0, "bound": -1.0, "reconstruction": 0.0, "kl": 1.0})
    assert moved == pytest.approx({"elbo": -1 + shift, "bound": -1 + shift, "reconstruction": shift, "kl": 1.0})


def test_scopes_leave_everything_as_it_was() -> None:
    model = grey().train()
    with pytest.raises(ZeroDivisionError), evaluating(model):
        _ = 1 / int(model.training)
    assert model.training
    before = torch.get_rng_state()
    with seeded(5, torch.device("cpu")):
        first = torch.randn(3)
    with seeded(5, torch.device("cpu")):
        torch.testing.assert_close(torch.randn(3), first)
    assert torch.equal(torch.get_rng_state(), before)
