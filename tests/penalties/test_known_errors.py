"""Errors known from other libraries: weights without effect, capacities that switch the KL off, constants that vary."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

import pytest
import torch
from torch import Tensor, nn

from latentia import bounds
from latentia.data_model import DataModel, evaluating
from latentia.evaluation import evaluate
from latentia.latents import Trace
from latentia.model import VAE
from latentia.objectives import ELBO, Cyclical, Objective, Ramp, Reconstruction, Step
from latentia.recipes import recipe_named
from tests.exact.mutants import killed
from tests.ledger import LEDGER, REAL, SMALL, Instance
from tests.train.small import real_data

NAMES = {
    "beta_capacity",
    "free_bits",
    "cyclical",
    "beta_tc",
    "factor_vae",
    "dip_i",
    "dip_ii",
    "info_vae",
    "wae_mmd",
    "aae",
    "vae_gan",
    "sparse",
    "denoising",
    "contractive",
    "rae_l2",
    "rae_gp",
    "rae_sn",
}
INSTANCES = [instance for instance in LEDGER if instance.recipe in NAMES]
every = pytest.mark.parametrize("instance", INSTANCES, ids=lambda instance: instance.id)
with_bound = pytest.mark.parametrize(
    "instance", [i for i in INSTANCES if isinstance(i.build()[1], ELBO)], ids=lambda instance: instance.id
)


def loss_at(objective: Objective, instance: Instance, step: Step | None = None) -> tuple[float, dict[str, Tensor]]:
    model, _ = instance.build()
    torch.manual_seed(4)
    loss = objective(model, instance.batch(6), step or Step())
    return float(loss.loss.detach()), {name: term.detach() for name, term in loss.terms.items()}


# 20: beta, whatever stands beside it


def beta_counts(instance: Instance, with_beta: Callable[[ELBO, float], ELBO]) -> None:
    elbo = replace(cast(ELBO, instance.build()[1]), capacity=None, free_bits=0.0)
    one, terms = loss_at(with_beta(elbo, 1.0), instance)
    two, terms_at_two = loss_at(with_beta(elbo, 2.0), instance)
    assert two - one == pytest.approx(float(terms["kl"].mean()), abs=1e-9)
    torch.testing.assert_close(terms["elbo"], terms_at_two["elbo"], rtol=0, atol=0)


@with_bound
def test_20_beta_weighs_the_kl_beside_every_penalty(instance: Instance) -> None:
    beta_counts(instance, lambda elbo, beta: replace(elbo, beta=beta))
    with killed():  # a beta that has no effect
        beta_counts(instance, lambda elbo, beta: elbo)
    with killed():
        beta_counts(instance, lambda elbo, beta: replace(elbo, beta=1 + (beta - 1) / 2))


WEIGHTS = {
    "beta_tc": "beta",
    "factor_vae": "gamma",
    "dip_i": "off_diagonal",
    "dip_ii": "diagonal",
    "info_vae": "matching",
    "wae_mmd": "weight",
    "aae": "weight",
    "vae_gan": "feature_weight",
    "sparse": "weight",
    "contractive": "weight",
    "rae_l2": "decoder_weight",
    "rae_gp": "gradient_weight",
    "rae_sn": "code_weight",
    "beta_capacity": "gamma",
    "free_bits": "free_bits",
    "cyclical": "beta",
}
"""The option of each recipe that must be felt."""


def option_is_felt(recipe: str, values: tuple[float, float, float]) -> None:
    """The loss is affine in the weight, and not constant; the reported terms of the bound are what they were."""
    losses, terms = [], []
    for value in values:
        instance = Instance(recipe, REAL, {**SMALL, WEIGHTS[recipe]: value})
        loss, named = loss_at(instance.build()[1], instance)
        losses.append(loss)
        terms.append(named)
    assert abs(losses[1] - losses[0]) > 1e-6
    assert losses[2] - losses[1] == pytest.approx(losses[1] - losses[0], rel=1e-4)
    for name in ("elbo", "reconstruction", "kl"):
        if name in terms[0]:
            torch.testing.assert_close(terms[0][name], terms[1][name], rtol=0, atol=0)


@pytest.mark.parametrize("recipe", [name for name in WEIGHTS if name != "free_bits"])
def test_the_weight_of_a_recipe_is_felt_in_proportion_and_in_no_reported_bound(recipe: str) -> None:
    option_is_felt(recipe, (1.0, 2.0, 3.0))
    with killed():
        option_is_felt(recipe, (1.0, 1.0, 1.0))
    with killed():
        option_is_felt(recipe, (1.0, 2.0, 4.0))


# A KL clamped away by a capacity of 0


def capacity_of_zero_is_the_weighted_kl(build: Callable[[float, float], ELBO]) -> None:
    instance = Instance("vae", REAL, SMALL)
    for gamma in (1.0, 10.0):
        loss, terms = loss_at(build(gamma, 0.0), instance)
        assert loss == pytest.approx(float(-terms["reconstruction"].mean() + gamma * terms["kl"].mean()))
    far, terms = loss_at(build(10.0, 1000.0), instance)
    assert far == pytest.approx(float(-terms["reconstruction"].mean() + 10 * (1000 - terms["kl"].mean())))


class Clamped(ELBO):
    """The KL is cut at the capacity before the distance is taken: at C = 0 nothing of it is left."""

    def __call__(self, model: VAE, x: Tensor, step: Step, player: int = 0) -> Any:
        loss = super().__call__(model, x, step, player)
        kl = loss.terms["kl"].mean()
        cut = kl.clamp(max=cast(float, self.capacity))
        weight = cast(float, self.beta)
        return replace(
            loss, loss=-loss.terms["reconstruction"].mean() + weight * (cut - cast(float, self.capacity)).abs()
        )


def test_a_capacity_of_zero_still_penalises_the_kl() -> None:
    capacity_of_zero_is_the_weighted_kl(lambda gamma, capacity: ELBO(beta=gamma, capacity=capacity))
    with killed():
        capacity_of_zero_is_the_weighted_kl(lambda gamma, capacity: Clamped(beta=gamma, capacity=capacity))
    with killed():  # the distance has no absolute value
        capacity_of_zero_is_the_weighted_kl(
            lambda gamma, capacity: ELBO(beta=gamma, capacity=capacity if capacity == 0 else -capacity)
        )


def test_the_capacity_of_the_recipe_rises_and_its_kl_has_a_gradient_from_the_first_step() -> None:
    instance = Instance("beta_capacity", REAL, {**SMALL, "gamma": 3.0, "capacity": 8.0, "until": 0.5})
    model, objective = instance.build()
    assert cast(ELBO, objective).capacity == Ramp(8.0, until=0.5)
    for fraction, capacity in ((0.0, 0.0), (0.25, 4.0), (1.0, 8.0)):
        loss, terms = loss_at(objective, instance, Step(fraction=fraction))
        kl = float(terms["kl"].mean())
        assert loss == pytest.approx(float(-terms["reconstruction"].mean()) + 3 * abs(kl - capacity))
    step = Step(fraction=0.0)
    at_start = objective(model, instance.batch(), step)
    without = ELBO(beta=0.0)
    torch.manual_seed(0)
    (at_start.loss - without(model, instance.batch(), step).loss).backward()
    assert all(parameter.grad is not None and bool(parameter.grad.any()) for parameter in model.walk.parameters())


def test_the_weight_of_cycles_is_felt_where_the_run_stands() -> None:
    instance = Instance("cyclical", REAL, {**SMALL, "cycles": 2, "rise": 0.5, "beta": 3.0})
    objective = instance.build()[1]
    assert cast(ELBO, objective).beta == Cyclical(2, 0.5, 3.0)
    for fraction, weight in ((0.0, 0.0), (0.125, 1.5), (0.3, 3.0), (0.5, 0.0), (1.0, 3.0)):
        loss, terms = loss_at(objective, instance, Step(fraction=fraction))
        assert loss == pytest.approx(float(-terms["reconstruction"].mean() + weight * terms["kl"].mean()))


def test_info_vae_is_the_vae_at_one_end_and_the_mmd_vae_at_the_other() -> None:
    plain, terms = loss_at(ELBO(), Instance("vae", REAL, SMALL))
    at = {}
    for alpha, matching in ((0.0, 1.0), (1.0, 1.0), (1.0, 0.0)):
        instance = Instance("info_vae", REAL, {**SMALL, "alpha": alpha, "matching": matching})
        at[alpha, matching] = loss_at(instance.build()[1], instance)
    assert at[0.0, 1.0][0] == pytest.approx(plain)
    assert at[1.0, 0.0][0] == pytest.approx(plain - float(terms["kl"].mean()))
    assert at[1.0, 1.0][0] - at[1.0, 0.0][0] == pytest.approx(float(at[1.0, 1.0][1]["mmd"][0]))


# Constants dropped in training and restored in evaluation


@every
def test_the_loss_is_made_of_the_reported_terms_alone(instance: Instance) -> None:
    objective = instance.build()[1]
    loss, terms = loss_at(objective, instance)
    assert isinstance(objective, ELBO | Reconstruction)
    penalties = sum(float(terms[penalty.name][0]) for penalty in objective.penalties)
    expected = penalties - float(terms["reconstruction"].mean())
    if isinstance(objective, ELBO):
        if objective.free_bits or objective.capacity is not None:
            pytest.skip("the KL's part is that of the laws of free bits and of capacities")
        beta = objective.beta(Step()) if callable(objective.beta) else objective.beta
        expected += float(beta) * float(terms["kl"].mean())
    assert loss == pytest.approx(expected)


def trains_on_what_is_evaluated(reconstruction: Callable[[Trace], Tensor], monkeypatch: pytest.MonkeyPatch) -> None:
    """A deterministic model on whole data: the training loss is minus the log-likelihood that evaluation reports."""
    data = real_data()
    torch.manual_seed(0)
    vae, objective = recipe_named("rae_l2")(data.spec, latent_dim=2, hidden=(5,), scale="fixed", sigma=0.5)
    model = DataModel(vae, data.spec)
    with monkeypatch.context() as patched:
        patched.setattr(bounds, "reconstruction", reconstruction)
        with evaluating(model), torch.no_grad():
            loss = objective(model.vae, model.preparation(data.validation.x), Step())
    penalties = sum(float(loss.terms[penalty.name][0]) for penalty in cast(Reconstruction, objective).penalties)
    reported = evaluate(model, data.validation).reconstruction
    assert -float(loss.loss) + penalties + model.preparation.log_scale == pytest.approx(reported, abs=1e-4)
    # By hand, constants and all.
    x = model.preparation(data.validation.x)
    with torch.no_grad():
        residual = x - model.vae.trace(x).px.mean[0]
    by_hand = -0.5 * residual.square() / 0.25 - math.log(0.5) - 0.5 * math.log(2 * math.pi)
    assert reported == pytest.approx(float(by_hand.sum(1).mean()) + model.preparation.log_scale, abs=1e-4)


def squared_error(trace: Trace) -> Tensor:
    return -0.5 * ((trace.x - trace.px.mean) / 0.5).square().flatten(2).sum(2).mean(0)


def mean_over_dimensions(trace: Trace) -> Tensor:
    return trace.log_px.mean(0) / trace.x.shape[1]


RECONSTRUCTION = bounds.reconstruction


def test_training_and_evaluation_have_the_same_constants(monkeypatch: pytest.MonkeyPatch) -> None:
    trains_on_what_is_evaluated(RECONSTRUCTION, monkeypatch)


@pytest.mark.parametrize("mutant", [squared_error, mean_over_dimensions])
def test_mutants_of_the_constants(mutant: Callable[[Trace], Tensor], monkeypatch: pytest.MonkeyPatch) -> None:
    with killed():
        trains_on_what_is_evaluated(mutant, monkeypatch)


def test_modules_of_the_objective_are_no_part_of_the_model() -> None:
    for recipe in ("factor_vae", "aae", "vae_gan"):
        model, objective = Instance(recipe, REAL, {**SMALL, "critic_hidden": (4,)}).build()
        assert isinstance(objective.critic, nn.Module)
        assert not set(objective.critic.parameters()) & set(model.parameters())
