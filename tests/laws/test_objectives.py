"""What holds for every recipe's objective."""

from __future__ import annotations

import pytest
import torch

from latentia import bounds
from latentia.conditionals import Need
from latentia.errors import CompatibilityError
from latentia.objectives import ELBO, IWAE, Reconstruction, Step, require
from tests.laws.test_walk import every, with_density
from tests.ledger import LEDGER, REAL, Instance


@every
def test_model_and_objective_meet(instance: Instance) -> None:
    require(*instance.build())


@every
def test_every_parameter_gets_a_finite_gradient(instance: Instance) -> None:
    model, objective = instance.build()
    # In the first part of a run: some objectives let parts of the model stand still later.
    objective(model, instance.batch(), Step(fraction=0.25)).loss.backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name


@every
def test_some_gradient_of_every_tensor_is_not_zero(instance: Instance) -> None:
    # After a little noise on the weights: residual branches start at exactly zero.
    model, objective = instance.build()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    if instance.options.get("free_bits"):
        pytest.skip("free bits switch the KL's gradient off on purpose")
    objective(model, instance.batch(8), Step(fraction=0.25)).loss.backward()
    dead = [name for name, parameter in model.named_parameters() if not parameter.grad.count_nonzero()]  # type: ignore[union-attr]
    assert not dead


@every
def test_the_same_seed_gives_the_same_loss_and_gradients(instance: Instance) -> None:
    def once() -> list[torch.Tensor]:
        model, objective = instance.build()
        torch.manual_seed(3)
        loss = objective(model, instance.batch(), Step()).loss
        loss.backward()
        return [loss.detach(), *[p.grad for p in model.parameters() if p.grad is not None]]

    for a, b in zip(once(), once(), strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=0)


@every
def test_terms_are_one_number_a_row(instance: Instance) -> None:
    model, objective = instance.build()
    x = instance.batch()
    terms = objective(model, x, Step()).terms
    assert "reconstruction" in terms
    assert ("elbo" in terms) == (Need.DENSITY in model.provides)
    assert all(values.shape == (len(x),) for values in terms.values())


@with_density
def test_the_reported_elbo_is_the_bound_itself(instance: Instance) -> None:
    model, objective = instance.build()
    x = instance.batch()
    num_samples = getattr(objective, "num_samples")  # noqa: B009 -- every objective with a density has it
    torch.manual_seed(2)
    reported = objective(model, x, Step()).terms["elbo"]
    torch.manual_seed(2)
    torch.testing.assert_close(reported, bounds.elbo(model.trace(x, num_samples=num_samples)))


def test_the_loss_is_what_the_objective_says() -> None:
    model, _ = Instance("vae", REAL, {"latent_dim": 3, "hidden": (8,)}).build()
    x = torch.randn(5, 7, dtype=torch.float64)
    for beta, weight in ((1.0, 1.0), (4.0, 0.25), (0.0, 1.0)):
        loss = ELBO(beta=beta)(model, x, Step(kl_weight=weight))
        expected = -loss.terms["reconstruction"].mean() + beta * weight * loss.terms["kl"].mean()
        torch.testing.assert_close(loss.loss, expected)


def test_free_bits_count_each_dimension_down_to_its_allowance() -> None:
    model, _ = Instance("vae", REAL, {"latent_dim": 3, "hidden": (8,)}).build()
    x = torch.randn(50, 7, dtype=torch.float64)
    torch.manual_seed(0)
    trace = model.trace(x)
    per_dim = trace.kl_per_dim(0)
    assert per_dim is not None
    mean = per_dim.mean(0)
    allowance = float(mean.detach().median())
    torch.manual_seed(0)
    free = ELBO(free_bits=allowance)(model, x, Step())
    expected = -bounds.reconstruction(trace).mean() + mean.clamp_min(allowance).sum()
    torch.testing.assert_close(free.loss, expected)
    # The dimension below its allowance costs the allowance, so the loss is above the negative ELBO.
    assert free.loss > -free.terms["elbo"].mean()


def test_a_bound_refuses_an_autoencoder_and_says_what_would_fit() -> None:
    model, _ = Instance("autoencoder", REAL, {"latent_dim": 2}).build()
    for objective in (ELBO(), IWAE()):
        with pytest.raises(CompatibilityError, match=r"density.*autoencoder's objective"):
            require(model, objective)
    require(model, Reconstruction())


def test_the_ledger_covers_every_recipe() -> None:
    from latentia.recipes import RECIPES

    assert {instance.recipe for instance in LEDGER} == set(RECIPES)
