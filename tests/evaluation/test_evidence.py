"""The evaluator against exact answers, and the numbers it must not give."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from latentia.bounds import bits_per_dim
from latentia.data.preparation import Preparation
from latentia.data.source import Resident
from latentia.data_model import DataModel
from latentia.errors import CompatibilityError, ConfigurationError
from latentia.evaluation import active_units, evaluate, log_likelihood, validate
from latentia.names import PosteriorName
from latentia.objectives import ELBO, IWAE, Reconstruction
from latentia.recipes import autoencoder, iwae, top_down, vae
from tests.exact.linear_gaussian import ExactPosterior, LinearGaussian
from tests.ledger import LEVELS, REAL, spec

DIMS = 5
MODEL = LinearGaussian.random(DIMS, 2, 0.4)
X = MODEL.sample(50)


def linear_model() -> DataModel:
    """The exact linear-Gaussian model over standardised data: raw = 3 x + 10."""
    data = replace(spec((DIMS,), "real"), mean=(10.0,) * DIMS, std=(3.0,) * DIMS, dtype="float64")
    vae_ = MODEL.vae(ExactPosterior(MODEL))
    return DataModel(vae_, data, _Double(Preparation.build(data, "real")))


class _Double(Preparation):
    """The same preparation, for a model in float64."""

    def __init__(self, inner: Preparation) -> None:
        super().__init__(inner.spec, inner.space)

    def forward(self, raw: Tensor) -> Tensor:
        return (raw - 10.0) / 3.0

    def expected(self, raw: Tensor) -> Tensor:
        return self.forward(raw)


def test_the_estimate_is_the_exact_likelihood_of_the_data_in_their_own_units() -> None:
    raw = 3 * X + 10
    evidence = evaluate(linear_model(), Resident(raw), num_samples=3)
    exact = MODEL.marginal.log_prob(X) - DIMS * math.log(3)
    assert evidence.nll == pytest.approx(-float(exact.mean()), abs=1e-9)
    assert evidence.nll_se == pytest.approx(float(exact.std()) / math.sqrt(len(X)), abs=1e-9)
    assert evidence.bits_per_dim == pytest.approx(-float(exact.mean()) / (DIMS * math.log(2)))
    assert evidence.units == "nats of density, per unit of the data"
    assert evidence.num_examples == len(X)
    assert evidence.num_samples == 3
    assert evidence.elbo is not None
    assert evidence.kl is not None
    assert evidence.elbo == pytest.approx(evidence.reconstruction - evidence.kl)


def test_streaming_over_samples_is_the_same_as_one_block(monkeypatch: pytest.MonkeyPatch) -> None:
    import latentia.evaluation.portions as module

    torch.manual_seed(0)
    model = DataModel(vae(LEVELS, latent_dim=2, hidden=(8,))[0], LEVELS)
    source = Resident(torch.randint(0, 17, (3, 1, 8, 8), dtype=torch.uint8))
    whole = evaluate(model, source, num_samples=4000, batch_size=3)
    monkeypatch.setattr(module, "SAMPLES", 999)
    parts = evaluate(model, source, num_samples=4000, batch_size=3)
    # Different noise, same estimate: within Monte-Carlo error, and with the same K (a forgotten log K would show).
    assert parts.nll == pytest.approx(whole.nll, abs=0.2)
    assert parts.kl == pytest.approx(whole.kl, abs=1e-4)
    assert parts.reconstruction == pytest.approx(whole.reconstruction, abs=0.5)


def test_evaluation_is_deterministic_and_leaves_the_generator_and_the_mode_alone() -> None:
    torch.manual_seed(0)
    model = DataModel(vae(LEVELS, latent_dim=2, hidden=(8,), likelihood="bernoulli")[0], LEVELS).train()
    source = Resident(torch.randint(0, 17, (20, 1, 8, 8), dtype=torch.uint8))
    before = torch.get_rng_state()
    first = evaluate(model, source, num_samples=5, seed=3)
    assert torch.equal(before, torch.get_rng_state())
    assert model.training
    assert first == evaluate(model, source, num_samples=5, seed=3)
    assert first != evaluate(model, source, num_samples=5, seed=4)


def test_an_autoencoder_has_a_reconstruction_and_no_bound() -> None:
    model = DataModel(autoencoder(REAL, latent_dim=2, hidden=(8,))[0], REAL)
    source = Resident(torch.randn(30, 7))
    evidence = evaluate(model, source)
    assert (evidence.elbo, evidence.nll, evidence.kl, evidence.bits_per_dim, evidence.kl_per_dim) == (None,) * 5
    assert evidence.sigma == pytest.approx(0.3, rel=0.02)
    expected = (model.reconstruct(source.x).double() - source.x.double()).square().mean()
    assert evidence.mse == pytest.approx(float(expected))
    assert set(validate(model, Reconstruction(), source)) == {"reconstruction", "objective", "active_units"}


def test_validation_gives_the_terms_of_the_objective_in_the_units_of_the_data() -> None:
    torch.manual_seed(0)
    data = replace(REAL, std=(2.0,) * 7)
    model = DataModel(iwae(data, latent_dim=2, hidden=(8,), num_samples=5)[0], data)
    source = Resident(torch.randn(40, 7))
    result = validate(model, IWAE(5), source, seed=1)
    assert result["elbo"] == pytest.approx(result["reconstruction"] - result["kl"], abs=1e-4)
    assert result["bound"] > result["elbo"]
    assert result["bits_per_dim"] == pytest.approx(bits_per_dim(result["bound"], 7))
    unit = DataModel(model.vae, REAL)
    scaled = Resident(source.x / 2)
    shift = 7 * math.log(2)
    assert validate(unit, IWAE(5), scaled, seed=1)["elbo"] == pytest.approx(result["elbo"] + shift, abs=1e-3)


def test_every_group_is_counted() -> None:
    model = DataModel(top_down(REAL, latent_dim=3, top_dim=2, hidden=(8,))[0], REAL)
    evidence = evaluate(model, Resident(torch.randn(20, 7)), num_samples=2)
    assert evidence.latent_dim == 5
    assert evidence.kl_per_dim is not None
    assert len(evidence.kl_per_dim) == 5
    assert validate(model, ELBO(), Resident(torch.randn(20, 7)))["active_units"] <= 5


def test_active_units_count_means_that_vary() -> None:
    means = torch.stack([torch.linspace(-1, 1, 50), torch.linspace(-0.1, 0.1, 50), torch.zeros(50)], dim=1)
    assert active_units(means) == 1
    assert active_units(means[:1]) == 0


def test_one_row_has_no_standard_error() -> None:
    model = DataModel(vae(REAL, latent_dim=2, hidden=(8,))[0], REAL)
    evidence = evaluate(model, Resident(torch.randn(1, 7)), num_samples=2)
    assert evidence.nll_se is None
    assert evidence.nll is not None


@pytest.mark.parametrize(("num_samples", "batch_size"), [(0, None), (2, 0)])
def test_impossible_sizes_are_refused(num_samples: int, batch_size: int | None) -> None:
    model = DataModel(vae(REAL, latent_dim=2, hidden=(8,))[0], REAL)
    with pytest.raises(ConfigurationError, match="at least 1"):
        evaluate(model, Resident(torch.randn(2, 7)), num_samples=num_samples, batch_size=batch_size)


def test_the_log_likelihood_of_each_row_is_exact_and_in_the_units_of_the_data() -> None:
    rows = log_likelihood(linear_model(), Resident(3 * X + 10), num_samples=3)
    torch.testing.assert_close(rows, MODEL.marginal.log_prob(X) - DIMS * math.log(3), rtol=0, atol=1e-9)


@pytest.mark.parametrize("posterior", ["dirichlet", "sphere", "gamma"])
def test_activity_is_measured_in_the_spread_of_the_prior(posterior: PosteriorName) -> None:
    torch.manual_seed(0)
    model = DataModel(vae(REAL, latent_dim=30, hidden=(8,), posterior=posterior)[0], REAL)
    spread = model.prior_spread()
    # Codes that follow the prior use all of it; codes that hardly move use none.
    drawn = model.vae.latents.generate(torch.Size([1, 500])).z[0][0].detach()
    assert active_units(drawn, spread) == 30
    assert active_units(drawn.mean(0) + 0.05 * (drawn - drawn.mean(0)), spread) == 0
    if posterior != "gamma":  # the mutant: the absolute threshold finds nothing in variables this narrow
        assert active_units(drawn * 0.5) == 0


def test_a_model_without_densities_has_no_log_likelihood() -> None:
    model = DataModel(autoencoder(REAL, latent_dim=2, hidden=(8,))[0], REAL)
    with pytest.raises(CompatibilityError, match="no likelihood to estimate"):
        log_likelihood(model, Resident(torch.zeros(3, 7)))
