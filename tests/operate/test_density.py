"""Densities fitted to codes: what they are fitted to, what they are, and what they leave alone."""

from __future__ import annotations

import math
from typing import cast, get_args

import pytest
import torch
from torch import Tensor, nn
from torch.distributions import Distribution

from latentia import evaluate
from latentia.data import Resident
from latentia.data_model import DataModel
from latentia.errors import CompatibilityError, ConfigurationError, DataError
from latentia.names import DensityName
from latentia.operate import fit_density, with_prior
from latentia.operate.density import draw_codes
from latentia.recipes import recipe_named, sphere, top_down
from tests.exact.mutants import killed, z_score
from tests.ledger import REAL


def rows(num: int = 400) -> Tensor:
    """Two clusters on a curve, seven columns."""
    generator = torch.Generator().manual_seed(0)
    t = torch.randn(num, 1, generator=generator) * 0.3 + torch.where(torch.arange(num) % 2 == 0, 2.0, -2.0)[:, None]
    return torch.cat([t, t**2, t.sin(), t.cos(), -t, t * 0.5, t.abs()], 1) + 0.1 * torch.randn(
        num, 7, generator=generator
    )


def model_of(kind: str = "autoencoder") -> DataModel:
    torch.manual_seed(0)
    return DataModel(recipe_named(kind)(REAL, latent_dim=2, hidden=(16,))[0], REAL)


def density(prior: nn.Module) -> Distribution:
    return cast(Distribution, prior(torch.empty(0)))


def gaussian_is_the_maximum_of_likelihood(correction: int) -> None:
    model = model_of()
    codes = draw_codes(model, rows())
    fitted = density(fit_density(model, rows(), "gaussian"))
    torch.testing.assert_close(fitted.mean.double(), codes.mean(0), rtol=1e-5, atol=1e-6)
    covariance = torch.cov(codes.T, correction=correction)
    torch.testing.assert_close(cast(Tensor, fitted.covariance_matrix).double(), covariance, rtol=1e-4, atol=1e-6)  # type: ignore[attr-defined]


def test_the_gaussian_has_the_mean_and_covariance_of_the_codes() -> None:
    gaussian_is_the_maximum_of_likelihood(0)


def test_mutant_of_the_covariance() -> None:
    with killed():
        gaussian_is_the_maximum_of_likelihood(20)


@pytest.mark.parametrize("kind", ["gaussian", "mixture", "flow"])
def test_each_density_integrates_to_one_and_its_draws_follow_it(kind: DensityName) -> None:
    model = model_of()
    codes = draw_codes(model, rows())
    fitted = density(fit_density(model, rows(), kind, components=3))
    low, high = codes.min(0).values - 3, codes.max(0).values + 3
    axes = [torch.linspace(float(a), float(b), 500) for a, b in zip(low, high, strict=True)]
    grid = torch.stack(torch.meshgrid(*axes, indexing="ij"), -1)
    with torch.no_grad():
        mass = fitted.log_prob(grid.reshape(-1, 2)).double().exp().reshape(500, 500)
    total = torch.trapezoid(torch.trapezoid(mass, axes[1].double()), axes[0].double())
    assert float(total) == pytest.approx(1.0, abs=0.02)
    torch.manual_seed(1)
    drawn = fitted.sample(torch.Size([4000]))
    below = drawn[:, 0] < axes[0][250]
    share = torch.trapezoid(torch.trapezoid(mass, axes[1].double())[:251], axes[0][:251].double())
    assert abs(z_score(below.double(), float(share))) < 5


def test_richer_densities_describe_clustered_codes_better() -> None:
    model = model_of()
    codes = draw_codes(model, rows()).float()
    with torch.no_grad():
        score = {
            kind: float(density(fit_density(model, rows(), kind, components=3)).log_prob(codes).mean())
            for kind in get_args(DensityName)
        }
    assert score["mixture"] > score["gaussian"] + 0.1
    assert score["flow"] > score["gaussian"] + 0.1


def test_an_autoencoder_can_be_sampled_and_stays_as_it_was() -> None:
    model = model_of()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    able = with_prior(model, fit_density(model, rows(), "mixture", components=3))
    assert able.sample(5, temperature=0.5).shape == (5, 7)
    with pytest.raises(CompatibilityError, match="--density"):
        model.sample(5)
    assert set(model.state_dict()) == set(before)
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    torch.testing.assert_close(able.encode(rows(5)), model.encode(rows(5)))


def test_the_bounds_of_a_vae_are_those_under_the_fitted_prior() -> None:
    model = model_of("vae")
    changed = with_prior(model, fit_density(model, rows(), "gaussian"))
    ours = evaluate(changed, Resident(rows()), num_samples=50)
    plain = evaluate(model, Resident(rows()), num_samples=50)
    assert ours.kl is not None
    assert plain.kl is not None
    # A prior fitted to the aggregate posterior is nearer to it than the one that was trained against.
    assert ours.kl < plain.kl
    assert ours.nll is not None
    assert math.isfinite(ours.nll)


def test_the_same_seed_gives_the_same_density() -> None:
    model = model_of()
    a, b = (fit_density(model, rows(), "flow", seed=3).state_dict() for _ in range(2))
    assert all(torch.equal(a[name], b[name]) for name in a)


def test_what_cannot_be_fitted_is_refused() -> None:
    torch.manual_seed(0)
    with pytest.raises(CompatibilityError, match="unit sphere"):
        fit_density(DataModel(sphere(REAL, latent_dim=3, hidden=(8,))[0], REAL), rows())
    with pytest.raises(CompatibilityError, match=r"has 2 \(z1, z2\)"):
        fit_density(DataModel(top_down(REAL, latent_dim=3, hidden=(8,))[0], REAL), rows())
    with pytest.raises(ConfigurationError, match="components is 0"):
        fit_density(model_of(), rows(), components=0)
    with pytest.raises(DataError, match="at least two rows"):
        fit_density(model_of(), rows(1), "gaussian")
