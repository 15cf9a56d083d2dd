"""Two stages that do not disturb each other, and a bound that is that of the whole model."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from latentia import bounds
from latentia.errors import CompatibilityError, ConfigurationError
from latentia.model import VAE
from latentia.objectives import ELBO, Step, TwoStage
from tests.exact.mutants import killed
from tests.ledger import REAL, Instance

INSTANCE = Instance("two_stage", REAL, {"latent_dim": 3, "hidden": (8,), "second_dim": 2, "second_hidden": (6,)})


def stages(model: VAE) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
    """The parameters of the first stage and of the second."""
    top, low = model.latents.groups
    second = [*top.q.parameters(), *low.p.parameters()]  # type: ignore[attr-defined] # both are plain groups
    first = [*model.encoder.parameters(), *low.q.parameters(), *model.likelihood.parameters()]  # type: ignore[attr-defined]
    return first, second


def gradients(
    fraction: float, objective: TwoStage | ELBO
) -> tuple[list[torch.Tensor | None], list[torch.Tensor | None]]:
    model, _ = INSTANCE.build()
    torch.manual_seed(0)
    objective(model, INSTANCE.batch(), Step(fraction=fraction)).loss.backward()
    first, second = stages(model)
    return [p.grad for p in first], [p.grad for p in second]


def test_the_first_stage_is_trained_as_a_plain_vae_with_a_standard_prior() -> None:
    model, objective = INSTANCE.build()
    x = INSTANCE.batch()
    torch.manual_seed(0)
    objective(model, x, Step(fraction=0.1)).loss.backward()
    first, _ = stages(model)
    got = [p.grad.clone() for p in first if p.grad is not None]
    model.zero_grad()
    torch.manual_seed(0)
    trace = model.trace(x)
    q = trace.draw.q[1]
    standard = torch.distributions.Normal(torch.zeros_like(q.mean), 1.0)
    kl = torch.distributions.kl_divergence(torch.distributions.Normal(q.mean, q.stddev), standard).sum(-1)
    (kl.mean() - bounds.reconstruction(trace).mean()).backward()
    assert len(got) == len(first)
    for mine, parameter in zip(got, first, strict=True):
        torch.testing.assert_close(mine, parameter.grad)


def stands_still(objective: TwoStage | ELBO) -> None:
    first, second = gradients(0.9, objective)
    assert all(g is None for g in first)
    assert all(g is not None and g.isfinite().all() and g.any() for g in second)


def test_the_first_stage_stands_still_after_its_share_and_the_second_goes_on() -> None:
    stands_still(TwoStage(0.5))
    first, second = gradients(0.3, TwoStage(0.5))
    assert all(g is not None for g in (*first, *second))


def test_mutants() -> None:
    with killed():  # one ELBO of two groups
        stands_still(ELBO())
    with killed():  # a share that never ends
        stands_still(TwoStage(1.0))


def test_the_second_stage_does_not_pull_at_the_first() -> None:
    # The first stage's gradient is the same whatever the second stage's weights are.
    model, objective = INSTANCE.build()
    x = INSTANCE.batch()

    def first_gradients() -> list[torch.Tensor]:
        model.zero_grad()
        torch.manual_seed(0)
        objective(model, x, Step(fraction=0.1)).loss.backward()
        return [p.grad.clone() for p in stages(model)[0] if p.grad is not None]

    before = first_gradients()
    with torch.no_grad():
        for parameter in stages(model)[1]:
            parameter.add_(0.3)
    for a, b in zip(before, first_gradients(), strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=0)


def test_the_reported_bound_is_that_of_both_groups() -> None:
    model, objective = INSTANCE.build()
    x = INSTANCE.batch()
    torch.manual_seed(4)
    reported = objective(model, x, Step()).terms["elbo"]
    torch.manual_seed(4)
    torch.testing.assert_close(reported, bounds.elbo(model.trace(x)))


def test_the_loss_is_minus_the_bound_once_the_first_stage_stands_still() -> None:
    model, objective = INSTANCE.build()
    loss = objective(model, INSTANCE.batch(), Step(fraction=0.7))
    torch.testing.assert_close(loss.loss, -loss.terms["elbo"].mean())


def test_adam_leaves_the_first_stage_alone_and_trains_the_second() -> None:
    model, objective = INSTANCE.build()
    first, second = stages(model)
    optimiser = torch.optim.Adam(model.parameters(), lr=0.01)
    x = INSTANCE.batch()
    for index in range(10):
        optimiser.zero_grad()
        objective(model, x, Step(fraction=index / 10)).loss.backward()
        if index == 5:  # the first step after its share; Adam has momentum by now
            before = [p.detach().clone() for p in (*first, *second)]
        optimiser.step()
    moved = [not torch.equal(a, b) for a, b in zip(before, (*first, *second), strict=True)]
    assert not any(moved[: len(first)])
    assert all(moved[len(first) :])


def test_leapfrog_steps_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="leapfrog"):
        Instance("two_stage", REAL, {"leapfrog": 2}).build()


def test_a_model_of_one_group_is_refused() -> None:
    model, _ = Instance("vae", REAL, {"latent_dim": 2, "hidden": (5,)}).build()
    with pytest.raises(CompatibilityError, match="two groups"):
        TwoStage()(model, torch.zeros(2, 7, dtype=torch.float64), Step())
