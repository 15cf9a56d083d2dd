"""The refined posterior of a VAE is the exact one where that is known, and is refused where it cannot be had."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from latentia.errors import CompatibilityError, ConfigurationError
from latentia.inference.vae_posterior import VAEPosterior, refine_posterior, vae_log_joint
from tests.exact.linear_gaussian import LinearGaussian, diagonal_posterior
from tests.exact.mutants import killed, z_score
from tests.ledger import BINARY, REAL, Instance

F64 = torch.float64
SMALL = {"latent_dim": 3, "hidden": (8,)}


def is_the_exact_posterior(model: LinearGaussian, x: Tensor, found: VAEPosterior) -> None:
    """First and second moments of each example's draws by chains: an error of 15% in a variance is found."""
    exact = model.posterior(x)
    for example in range(len(x)):
        y = torch.linalg.solve_triangular(
            exact.scale_tril[example], (found.draws[example] - exact.mean[example]).mT, upper=False
        ).mT
        for i in range(y.shape[-1]):
            assert abs(z_score(y[..., i].mean(1), 0.0)) < 5
            for j in range(i + 1):
                assert abs(z_score((y[..., i] * y[..., j]).mean(1), float(i == j))) < 5


@pytest.mark.parametrize("method", ["hmc", pytest.param("nuts", marks=pytest.mark.slow)])
def test_25_the_posterior_of_a_linear_gaussian_vae(method: Any) -> None:
    model = LinearGaussian.random(5, 2)
    x = model.sample(3)
    vae = model.vae(diagonal_posterior(model, exact=False))
    found = refine_posterior(vae, x, method=method, chains=8, num_samples=600, warmup=100, mass="dense", num_steps=7)
    assert bool(found.converged.all()), found.verdict
    is_the_exact_posterior(model, x, found)
    exact = model.posterior(x)
    q = vae.latents.groups[0].posterior(x, x)
    spread = exact.covariance_matrix.diagonal(dim1=-2, dim2=-1).sqrt()
    torch.testing.assert_close(found.mean_shift, (q.mean - exact.mean) / spread, rtol=0.1, atol=0.15)
    torch.testing.assert_close(found.variance_ratio, (q.stddev / spread).square(), rtol=0.15, atol=0)
    assert "3 of 3" in found.verdict
    with killed():  # the posterior of other data
        is_the_exact_posterior(model, x + 0.1, found)


def test_the_model_is_left_as_it_was() -> None:
    vae, _ = Instance("vae", BINARY, SMALL).build()
    vae.float().train()
    before = {name: value.clone() for name, value in vae.state_dict().items()}
    state = torch.get_rng_state()
    x = Instance("vae", BINARY, SMALL).batch(2).float()
    first = refine_posterior(vae, x, num_samples=10, warmup=20)
    assert vae.training
    assert all(torch.equal(value, vae.state_dict()[name]) for name, value in before.items())
    assert all(parameter.requires_grad and parameter.grad is None for parameter in vae.parameters())
    assert torch.equal(torch.get_rng_state(), state)
    assert first.draws.shape == (2, 4, 10, 3)
    assert first.draws.dtype == F64
    again = refine_posterior(vae, x, num_samples=10, warmup=20)
    assert torch.equal(first.draws, again.draws)


@pytest.mark.parametrize(
    ("recipe", "options"),
    [
        ("vamp", {**SMALL, "components": 4}),
        ("flow_prior", {**SMALL, "transforms": 2}),
        ("iaf", {**SMALL, "transforms": 2}),
        ("gamma", SMALL),
        ("dirichlet", SMALL),
        ("beta_latent", SMALL),
        ("hvae", SMALL),
    ],
)
def test_priors_posteriors_and_domains(recipe: str, options: dict[str, Any]) -> None:
    instance = Instance(recipe, BINARY, options)
    vae, _ = instance.build()
    found = refine_posterior(vae, instance.batch(2), num_samples=20, warmup=20, max_tree_depth=3)
    z = found.draws
    assert bool(z.isfinite().all())
    if recipe == "gamma":
        assert bool((z > 0).all())
    if recipe == "dirichlet":
        torch.testing.assert_close(z.sum(-1), torch.ones(z.shape[:-1], dtype=F64))
    assert float(found.acceptance.mean()) > 0.4


@pytest.mark.parametrize(
    ("recipe", "options", "words"),
    [
        ("sphere", SMALL, "no bijection"),
        ("bernoulli_score", SMALL, "discrete"),
        ("top_down", {**SMALL, "top_dim": 2}, "2 groups"),
        ("autoencoder", SMALL, "no density"),
    ],
)
def test_what_has_no_such_posterior_is_refused(recipe: str, options: dict[str, Any], words: str) -> None:
    instance = Instance(recipe, BINARY, options)
    vae, _ = instance.build()
    with pytest.raises(CompatibilityError, match=words):
        refine_posterior(vae, instance.batch(2))


def test_a_single_chain_is_refused() -> None:
    vae, _ = Instance("vae", REAL, SMALL).build()
    with pytest.raises(ConfigurationError, match="2 or more"):
        refine_posterior(vae, Instance("vae", REAL, SMALL).batch(2), chains=1)


def test_the_log_joint_is_that_of_the_walk() -> None:
    instance = Instance("vae", REAL, SMALL)
    vae, _ = instance.build()
    x = instance.batch(4)
    trace = vae.trace(x, num_samples=3)
    torch.testing.assert_close(vae_log_joint(vae, x)(trace.draw.z[0]), trace.log_px + trace.log_pz.sum(0))
