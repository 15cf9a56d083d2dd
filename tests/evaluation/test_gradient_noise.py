"""The signal-to-noise ratio of gradients: side by side as one by one, and against what is known."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from latentia.errors import CompatibilityError, ConfigurationError
from latentia.evaluation import gradient_noise
from latentia.objectives import ELBO, IWAE, PIWAE, Objective, Step
from tests.exact.mutants import killed
from tests.ledger import BINARY, REAL, Instance

SMALL = {"latent_dim": 2, "hidden": (6,)}


DRAWS = 12


def by_hand(objective: Objective, options: dict[str, Any]) -> dict[str, torch.Tensor]:
    """The ratios from a plain loop with the seed of `gradient_noise`: one draw at a time has the same noise."""
    model, _ = Instance("vae", REAL, options).build()
    x = Instance("vae", REAL).batch(1)
    torch.manual_seed(0)
    rows = [torch.autograd.grad(objective(model, x, Step()).loss, list(model.parameters())) for _ in range(DRAWS)]
    stacked = dict(zip(dict(model.named_parameters()), map(torch.stack, zip(*rows, strict=True)), strict=True))
    return {name: values.mean(0).abs() / values.std(0) for name, values in stacked.items()}


def agrees(objective: Objective, reference: Objective, **options: Any) -> None:
    options = {**SMALL, **options}
    model, _ = Instance("vae", REAL, options).build()
    measured = gradient_noise(model, objective, Instance("vae", REAL).batch(1), draws=DRAWS, chunk=1)
    assert measured.vectorised
    for name, expected in by_hand(reference, options).items():
        ratio = measured.by_parameter[name]
        alive = ~ratio.isnan()
        torch.testing.assert_close(ratio[alive], expected[alive], rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize(
    "objective",
    [
        *(ELBO(), ELBO(estimator="stl"), ELBO(estimator="score_loo", num_samples=3)),
        *(IWAE(4), IWAE(4, estimator="dreg"), IWAE(4, estimator="vimco"), PIWAE(2, 4)),
    ],
    ids=lambda objective: f"{type(objective).__name__}-{getattr(objective, 'estimator', '')}",
)
def test_torch_func_measures_what_a_loop_measures(objective: Objective) -> None:
    agrees(objective, objective)


def test_mutants_of_the_measure() -> None:
    with killed():  # a hook that torch.func would lose
        agrees(IWAE(4, estimator="dreg"), IWAE(4, estimator="stl", allow_bias=True))
    with killed():
        agrees(ELBO(), ELBO(num_samples=2))


def test_draws_side_by_side_have_noise_of_their_own() -> None:
    model, _ = Instance("vae", REAL, SMALL).build()
    x = Instance("vae", REAL).batch(1)
    together, apart = (gradient_noise(model, ELBO(), x, draws=1000, chunk=chunk) for chunk in (500, 20))
    assert together.vectorised
    assert 0.9 < together.encoder / apart.encoder < 1.1
    assert 0.9 < together.decoder / apart.decoder < 1.1


def test_a_family_that_cannot_be_batched_is_measured_one_by_one() -> None:
    model, _ = Instance("vae", REAL, {**SMALL, "posterior": "dirichlet", "latent_dim": 3}).build()
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


def test_a_number_whose_gradient_does_not_vary_has_no_ratio() -> None:
    model, _ = Instance("vae", REAL, {"latent_dim": 2, "hidden": (6,), "norm": False, "activation": "relu"}).build()
    decoder = model.likelihood.net.layers  # type: ignore[union-attr] # an MLP
    with torch.no_grad():
        decoder[0].bias[0] = -1e6  # type: ignore[index, union-attr] # a unit that never fires
    measured = gradient_noise(model, ELBO(), Instance("vae", REAL).batch(1), draws=20)
    ratios = measured.by_parameter["likelihood.net.layers.0.bias"]
    assert ratios[0].isnan()
    assert ratios[1:].isfinite().any()
    assert measured.decoder > 0


def test_the_gradients_of_the_model_are_left_as_they_were() -> None:
    model, _ = Instance("vae", REAL, SMALL).build()
    x = Instance("vae", REAL).batch(1)
    state = torch.get_rng_state()
    gradient_noise(model, ELBO(), x, draws=4)
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
