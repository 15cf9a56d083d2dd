"""The signal-to-noise ratio of gradients: side by side as one by one, and against what is known."""

from __future__ import annotations

import pytest
import torch

from latentia.errors import CompatibilityError, ConfigurationError
from latentia.evaluation import gradient_noise
from latentia.objectives import ELBO, IWAE, PIWAE, Objective, Step
from tests.exact.linear_gaussian import LinearGaussian, diagonal_posterior
from tests.exact.mutants import killed
from tests.ledger import BINARY, REAL, Instance

SMALL = {"latent_dim": 2, "hidden": (6,)}


def by_hand(objective: Objective, draws: int) -> dict[str, torch.Tensor]:
    model, _ = Instance("vae", REAL, SMALL).build()
    x = Instance("vae", REAL).batch(1)
    rows = []
    torch.manual_seed(99)
    for _ in range(draws):
        model.zero_grad()
        objective(model, x, Step()).loss.backward()
        rows.append({name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None})
    stacked = {name: torch.stack([row[name] for row in rows]) for name in rows[0]}
    return {name: values.mean(0).abs() / values.std(0) for name, values in stacked.items()}


def agrees(objective: Objective, reference: Objective, draws: int = 1500) -> None:
    model, _ = Instance("vae", REAL, SMALL).build()
    measured = gradient_noise(model, objective, Instance("vae", REAL).batch(1), draws=draws, chunk=500)
    assert measured.vectorised
    for name, expected in by_hand(reference, 1500).items():
        ratio = measured.by_parameter[name]
        alive = ~ratio.isnan() & expected.isfinite()
        # Both are estimates; each has a standard error of about sqrt((1 + r^2 / 2) / R), for gradients near a Gaussian.
        error = ((1 + expected.square() / 2) * 2 / 1500).sqrt()
        assert ((ratio - expected)[alive].abs() < 8 * error[alive]).all(), name


@pytest.mark.parametrize(
    "objective",
    [ELBO(), IWAE(4), IWAE(4, estimator="dreg"), ELBO(estimator="stl"), IWAE(4, estimator="vimco"), PIWAE(2, 4)],
    ids=lambda objective: f"{type(objective).__name__}-{getattr(objective, 'estimator', '')}",
)
def test_torch_func_measures_what_a_loop_measures(objective: Objective) -> None:
    agrees(objective, objective)


def test_mutants_of_the_measure() -> None:
    with killed():
        agrees(IWAE(4, estimator="dreg"), IWAE(4))
    with killed():
        agrees(ELBO(), ELBO(num_samples=8))


def test_a_family_that_cannot_be_batched_is_measured_one_by_one() -> None:
    model, _ = Instance("vae", REAL, {**SMALL, "posterior": "gamma"}).build()
    x = Instance("vae", REAL).batch(1)
    measured = gradient_noise(model, ELBO(), x, draws=20)
    assert not measured.vectorised
    assert measured.encoder > 0
    assert measured.decoder > 0


def test_hard_codes_are_measured() -> None:
    model, _ = Instance("vimco", BINARY, SMALL).build()
    measured = gradient_noise(model, IWAE(3, estimator="vimco"), Instance("vimco", BINARY).batch(2), draws=50)
    assert measured.encoder > 0


def test_more_samples_raise_the_ratio_of_the_elbo_like_their_root() -> None:
    model, _ = Instance("vae", REAL, SMALL).build()
    x = Instance("vae", REAL).batch(2)
    one, sixteen = (gradient_noise(model, ELBO(num_samples=k), x, draws=800, chunk=400) for k in (1, 16))
    assert 3 < sixteen.encoder / one.encoder < 5
    assert 3 < sixteen.decoder / one.decoder < 5
    assert one.floor < 0.03


def test_a_gradient_without_noise_has_no_ratio() -> None:
    model = LinearGaussian.random(orthogonal=True)
    vae = model.vae(diagonal_posterior(model, exact=True))
    measured = gradient_noise(vae, ELBO(), model.sample(2), draws=20)
    # log q's own parameters feel noise; the prior has none, and a fixed sigma no gradient.
    assert measured.encoder > 0
    assert all(name.startswith(("walk", "likelihood")) for name in measured.by_parameter)


def test_the_gradients_of_the_model_are_left_as_they_were() -> None:
    model, _ = Instance("vae", REAL, SMALL).build()
    state = torch.get_rng_state()
    gradient_noise(model, ELBO(), Instance("vae", REAL).batch(1), draws=4)
    assert all(p.grad is None for p in model.parameters())
    assert torch.equal(torch.get_rng_state(), state)


def test_what_cannot_be_measured_is_refused() -> None:
    model, _ = Instance("vae", REAL, SMALL).build()
    x = Instance("vae", REAL).batch(1)
    with pytest.raises(ConfigurationError, match="2 draws"):
        gradient_noise(model, ELBO(), x, draws=1)
    with pytest.raises(ConfigurationError, match="at least one row"):
        gradient_noise(model, ELBO(), x[:0])
    coins, _ = Instance("vimco", REAL, SMALL).build()
    with pytest.raises(CompatibilityError):
        gradient_noise(coins, ELBO(), x)
