"""The VampPrior: an explicit mixture of the model's own posteriors, sharing its weights without owning them."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from pathlib import Path

import pytest
import safetensors.torch
import torch
from torch import Tensor, nn

from latentia.conditionals import FlowPosterior, PseudoInputs, VampPrior
from latentia.distributions import temper
from latentia.errors import CompatibilityError, ConfigurationError
from latentia.latents import LatentGroup
from latentia.model import VAE
from tests.exact.mutants import killed
from tests.ledger import BINARY, LEVELS, PIXELS, REAL, SMALL, UNIT, Instance

C, F64 = 5, torch.float64


def model_of(posterior: str = "diagonal") -> VAE:
    options = {**SMALL, "components": C, "posterior": posterior, "transforms": 2}
    return Instance("vamp", REAL, options).build()[0]


def prior_of(model: VAE) -> VampPrior:
    group = model.latents.groups[0]
    assert isinstance(group, LatentGroup)
    assert isinstance(group.p, VampPrior)
    return group.p


def posterior_of(model: VAE) -> nn.Module:
    group = model.latents.groups[0]
    assert isinstance(group, LatentGroup)
    return group.q


def is_the_mixture(model: VAE, log_prob: Callable[[Tensor], Tensor]) -> None:
    z = 2 * torch.randn(4, 6, 3, generator=torch.Generator().manual_seed(0), dtype=F64)
    posterior, inputs = posterior_of(model), prior_of(model).pseudo_inputs()
    one_by_one = torch.stack([posterior(model.encoder(u[None])).log_prob(z) for u in inputs])
    torch.testing.assert_close(log_prob(z), (one_by_one.exp().sum(0) / C).log(), rtol=0, atol=1e-11)


@pytest.mark.parametrize("posterior", ["diagonal", "maf", "iaf", "spline"])
def test_the_density_is_the_explicit_mixture(posterior: str) -> None:
    model = model_of(posterior)
    is_the_mixture(model, prior_of(model)(torch.empty(0)).log_prob)


def test_mutants() -> None:
    model = model_of()
    components = prior_of(model)(torch.empty(0)).component_distribution

    def log_probs(z: Tensor) -> Tensor:
        found: Tensor = components.log_prob(z.unsqueeze(-2))
        return found

    with killed():  # the sum in place of the mean
        is_the_mixture(model, lambda z: log_probs(z).logsumexp(-1))
    with killed():  # the mean of the logarithms
        is_the_mixture(model, lambda z: log_probs(z).mean(-1))


def test_samples_are_those_of_posteriors_at_the_pseudo_inputs() -> None:
    model = model_of()
    with torch.no_grad():
        posterior_of(model).get_submodule("linear").bias[3:] = -20.0  # type: ignore[operator] # nearly points
        cold = temper(prior_of(model)(torch.empty(0)), 0.0).sample(torch.Size([200]))
        means = posterior_of(model)(model.encoder(prior_of(model).pseudo_inputs())).mean
    distances = torch.cdist(cold, means).min(1)
    assert float(distances.values.max()) < 1e-12
    assert set(distances.indices.tolist()) == set(range(C))


def test_one_pass_over_the_pseudo_inputs_however_many_samples() -> None:
    model, seen = model_of(), []
    model.encoder.register_forward_hook(lambda module, given, out: seen.append(len(given[0])))
    trace = model.trace(torch.randn(7, 7, dtype=F64), num_samples=11)
    assert trace.log_w.shape == (11, 7)
    assert sorted(seen) == [C, 7]


def test_encoder_and_posterior_are_counted_and_saved_once(tmp_path: Path) -> None:
    model = model_of()
    plain = Instance("vae", REAL, SMALL).build()[0]
    extra = set(model.state_dict()) - set(plain.state_dict())
    assert extra == {"walk.modules_of_groups.0.p.pseudo_inputs.raw"}
    assert sum(p.numel() for p in model.parameters()) == sum(p.numel() for p in plain.parameters()) + C * 7
    file = tmp_path / "model.safetensors"
    safetensors.torch.save_file(model.state_dict(), file)
    fresh = Instance("vamp", REAL, {**SMALL, "components": C}).build()[0]
    with torch.no_grad():
        for parameter in fresh.parameters():
            parameter.add_(1.0)
    fresh.load_state_dict(safetensors.torch.load_file(file))
    z = torch.randn(4, 3, dtype=F64)
    torch.testing.assert_close(
        prior_of(fresh)(torch.empty(0)).log_prob(z), prior_of(model)(torch.empty(0)).log_prob(z), rtol=0, atol=0
    )


def test_a_copy_of_the_model_has_a_prior_of_its_own() -> None:
    model = model_of()
    z = torch.randn(4, 3, dtype=F64)
    before = prior_of(model)(torch.empty(0)).log_prob(z)
    twin = copy.deepcopy(model)
    with torch.no_grad():
        for parameter in twin.encoder.parameters():
            parameter.mul_(2.0)
    torch.testing.assert_close(prior_of(model)(torch.empty(0)).log_prob(z), before, rtol=0, atol=0)
    is_the_mixture(twin, prior_of(twin)(torch.empty(0)).log_prob)
    assert not torch.allclose(prior_of(twin)(torch.empty(0)).log_prob(z), before)


def test_the_prior_teaches_the_encoder_too() -> None:
    model = model_of()
    z = torch.randn(4, 3, dtype=F64)
    prior_of(model)(torch.empty(0)).log_prob(z).sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in model.encoder.parameters())


@pytest.mark.parametrize("posterior", ["planar", "radial", "sylvester", "point"])
def test_a_posterior_without_a_density_everywhere_is_refused(posterior: str) -> None:
    with pytest.raises(CompatibilityError, match=r"vamp.*(FlowPosterior|PointMassHead).*diagonal, full"):
        Instance("vamp", REAL, {**SMALL, "posterior": posterior}).build()


def test_a_group_that_does_not_see_x_is_refused() -> None:
    for recipe in ("top_down", "bottom_up"):
        with pytest.raises(ConfigurationError, match="look at x alone"):
            Instance(recipe, REAL, {**SMALL, "prior": "vamp"}).build()


def test_a_prior_without_pseudo_inputs_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="components is 0"):
        Instance("vamp", REAL, {**SMALL, "components": 0}).build()
    with pytest.raises(ConfigurationError, match="at least one"):
        PseudoInputs(0, torch.zeros(1), torch.ones(1), (1,))


@pytest.mark.parametrize("data", [BINARY, LEVELS, UNIT, PIXELS], ids=lambda data: data.support)
def test_pseudo_inputs_of_bounded_data_stay_in_the_unit_interval(data: object) -> None:
    prior = prior_of(Instance("vamp", data, {"latent_dim": 3, "components": 50}).build()[0])  # type: ignore[arg-type]
    inputs = prior.pseudo_inputs()
    assert inputs.shape == (50, *data.shape)  # type: ignore[attr-defined] # a DataSpec
    # Spread like the data, about their mean, and everywhere with a gradient.
    assert abs(float(inputs.detach().mean()) - 0.5) < 0.1 + 0.5 * (data is UNIT)
    assert float(inputs.min().detach()) > 0
    assert float(inputs.max().detach()) < 1
    (slope,) = torch.autograd.grad(inputs.sum(), [prior.pseudo_inputs.raw])
    assert float(slope.min()) > 1e-3
    with torch.no_grad():
        prior.pseudo_inputs.raw.fill_(30.0)
    assert float(prior.pseudo_inputs().max().detach()) <= 1


def test_pseudo_inputs_of_other_data_lie_where_the_data_do() -> None:
    torch.manual_seed(0)
    standardised = prior_of(Instance("vamp", REAL, {**SMALL, "components": 400}).build()[0]).pseudo_inputs().detach()
    assert abs(float(standardised.mean())) < 5 / math.sqrt(standardised.numel())
    assert abs(float(standardised.std()) - 1) < 0.1
    counts = PseudoInputs(400, torch.tensor(3.0), torch.tensor(2.0), (7,), domain="positive")().detach()
    assert float(counts.min()) >= PseudoInputs.EDGE * 0.999
    assert abs(float(counts.mean()) - 3.0) < 0.3


def test_any_evaluable_head_will_do() -> None:
    torch.manual_seed(0)
    encoder, posterior = nn.Linear(4, 6), FlowPosterior(6, 2, "maf", 1)
    inputs = PseudoInputs(3, torch.zeros(4), torch.ones(4), (4,))
    prior = VampPrior(encoder, posterior, inputs)
    assert prior.event_shape == (2,)
    assert list(dict(prior.named_parameters())) == ["pseudo_inputs.raw"]
    assert prior(torch.empty(0)).sample(torch.Size([5])).shape == (5, 2)
