"""What holds for every model's walk, whatever its parts."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.distributions import Distribution, MixtureSameFamily

from latentia import bounds
from latentia.conditionals import DiagonalNormal, GaussianHead, Likelihood, Need, StandardNormal
from latentia.distributions import factor_means
from latentia.errors import CompatibilityError, ConfigurationError
from latentia.latents import LatentGroup, TopDown, WithState
from latentia.model import VAE
from latentia.nets import MLP
from tests.laws.exempt import respect
from tests.ledger import LEDGER, Instance

every = pytest.mark.parametrize("instance", LEDGER, ids=lambda instance: instance.id)
with_density = pytest.mark.parametrize(
    "instance", [i for i in LEDGER if Need.DENSITY in i.build()[0].provides], ids=lambda instance: instance.id
)
K = 3


@every
def test_shapes(instance: Instance) -> None:
    model, _ = instance.build()
    x = instance.batch()
    trace = model.trace(x, num_samples=K)
    groups = model.latents.groups
    assert trace.log_px.shape == (K, len(x))
    assert trace.px.event_shape == x.shape[1:]
    for group, z in zip(groups, trace.draw.z, strict=True):
        assert z.shape == (K, len(x), *group.event_shape)
    torch.testing.assert_close(trace.draw.log_r.logsumexp(0), torch.zeros(len(x), dtype=torch.float64))


@with_density
def test_densities_have_a_row_for_each_group(instance: Instance) -> None:
    model, _ = instance.build()
    trace = model.trace(instance.batch(), num_samples=K)
    full = (len(model.latents.groups), *trace.lead)
    assert trace.log_pz.shape == trace.log_qz.shape == trace.kl.shape == full
    assert trace.log_w.shape == trace.lead
    assert all(term.isfinite().all() for term in (trace.log_pz, trace.log_qz, trace.kl, trace.log_w))


@with_density
def test_importance_bounds_are_ordered_on_the_same_samples(instance: Instance) -> None:
    # Jensen, sample by sample: the mean log-weight <= the mean of bounds over halves <= the bound over all.
    model, _ = instance.build()
    trace = model.trace(instance.batch(), num_samples=4)
    log_w = trace.log_w
    halves = torch.stack([log_w[:2].logsumexp(0), log_w[2:].logsumexp(0)]).mean(0) - torch.log(torch.tensor(2.0))
    assert (log_w.mean(0) <= halves + 1e-9).all()
    assert (halves <= bounds.iwae(trace) + 1e-9).all()


@with_density
def test_one_importance_sample_is_the_sampled_elbo(instance: Instance) -> None:
    model, _ = instance.build()
    trace = model.trace(instance.batch(), num_samples=1)
    torch.testing.assert_close(bounds.iwae(trace), trace.log_w[0])


class _Prior(nn.Module):
    """q := p, as a posterior factor."""

    def __init__(self, prior: nn.Module) -> None:
        super().__init__()
        self.prior = prior
        self.event_shape, self.provides, self.domain = prior.event_shape, prior.provides, prior.domain

    def forward(self, given: Tensor) -> Distribution:
        distribution: Distribution = self.prior(given)
        return distribution


class _AsState(WithState):
    def condition(self, state: Tensor, evidence: Tensor) -> Distribution:
        distribution: Distribution = self.conditional(state)
        return distribution


@with_density
def test_generation_is_inference_with_the_prior_as_posterior(instance: Instance) -> None:
    model, _ = instance.build()
    model.eval()  # an encoder that draws noise in training would shift the generator
    if not isinstance(model.walk, TopDown):
        pytest.skip("a bottom-up posterior climbs and cannot equal a prior that descends; see the next law")
    x = instance.batch()
    for group in model.latents.groups:
        assert isinstance(group, LatentGroup)
        group.q = _AsState(_Prior(group.p))
    torch.manual_seed(5)
    generated = model.generate(len(x))
    torch.manual_seed(5)
    inferred = model.trace(x)
    for a, b in zip(generated.draw.z, inferred.draw.z, strict=True):
        torch.testing.assert_close(a, b)
    torch.testing.assert_close(generated.draw.state, inferred.draw.state)
    torch.testing.assert_close(inferred.log_pz, inferred.log_qz)
    torch.testing.assert_close(inferred.log_w, inferred.log_px)


@with_density
def test_inference_of_generated_codes_gives_the_same_state_and_prior(instance: Instance) -> None:
    model, _ = instance.build()
    x = instance.batch()
    generated = model.generate(len(x)).draw
    names = [group.name for group in model.latents.groups]
    trace = model.trace(x, given=dict(zip(names, generated.z, strict=True)))
    torch.testing.assert_close(trace.draw.state, generated.state)
    again = torch.stack([p.log_prob(z).expand(1, len(x)) for p, z in zip(generated.p, generated.z, strict=True)])
    torch.testing.assert_close(trace.log_pz, again)


@every
def test_given_values_are_kept_and_bad_ones_refused(instance: Instance) -> None:
    model, _ = instance.build()
    x = instance.batch()
    for group in model.latents.groups:
        value = torch.full(group.event_shape, 0.25, dtype=torch.float64)
        trace = model.trace(x, num_samples=2, given={group.name: value})
        index = list(model.latents.groups).index(group)
        assert (trace.draw.z[index] == 0.25).all()
        with pytest.raises(CompatibilityError, match="does not broadcast"):
            model.trace(x, given={group.name: torch.zeros(99)})
    with pytest.raises(CompatibilityError, match="'nobody'"):
        model.trace(x, given={"nobody": torch.zeros(1)})


@with_density
def test_zero_temperature_is_deterministic_and_one_is_the_prior(instance: Instance) -> None:
    model, objective = instance.build()
    torch.manual_seed(1)
    a = model.generate(3, temperature=1.0).draw.state
    torch.manual_seed(1)
    b = model.generate(3).draw.state
    torch.testing.assert_close(a, b, rtol=0, atol=0)
    respect(model, objective, "zero_temperature_is_deterministic_and_one_is_the_prior")
    if not any(isinstance(p, MixtureSameFamily) for p in model.generate(3).draw.p):  # which still choose a component
        cold = model.generate(3, temperature=0.0).draw.state
        torch.testing.assert_close(cold[:, 0], cold[:, 1])


@every
def test_rows_do_not_influence_one_another(instance: Instance) -> None:
    # Batch normalisation would break this, in training mode too.
    model, objective = instance.build()
    respect(model, objective, "rows_do_not_influence_one_another")
    x = instance.batch(5)
    all_rows = model.trace(x, pick=factor_means)
    some = model.trace(x[1:3], pick=factor_means)
    torch.testing.assert_close(all_rows.draw.state[:, 1:3], some.draw.state)
    torch.testing.assert_close(all_rows.log_px[:, 1:3], some.log_px)


def test_an_autoencoder_refuses_what_it_has_no_density_or_prior_for() -> None:
    model, _ = Instance("autoencoder", LEDGER[9].data, {"latent_dim": 2}).build()
    trace = model.trace(torch.zeros(2, 7, dtype=torch.float64))
    with pytest.raises(CompatibilityError, match="point mass"):
        bounds.iwae(trace)
    with pytest.raises(CompatibilityError, match="point mass"):
        bounds.elbo(trace)
    with pytest.raises(CompatibilityError, match="no prior"):
        model.generate(2)


def test_a_context_enters_the_state_of_every_part() -> None:
    torch.manual_seed(0)
    group = LatentGroup("z", StandardNormal(2), DiagonalNormal(5, 2))
    model = VAE(MLP((4,), (5,), final=True), TopDown([group]), Likelihood(MLP((5,), (4,)), GaussianHead((4,))))
    x, context = torch.randn(6, 4), torch.randn(6, 3)
    trace = model.trace(x, num_samples=2, context=context)
    assert trace.draw.state.shape == (2, 6, 5)
    torch.testing.assert_close(trace.draw.state[1, :, :3], context)
    assert model.generate(6, context=context).px.batch_shape == (1, 6)


def test_a_prior_and_a_posterior_of_different_shape_are_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"prior is over \(3,\).*posterior over \(2,\)"):
        LatentGroup("z", StandardNormal(3), DiagonalNormal(5, 2))
