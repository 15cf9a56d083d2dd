"""Sparse codes: the KL of two coins against torch's own, and units that become sparse."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.distributions import Bernoulli, kl_divergence

from latentia.objectives import Step
from latentia.objectives.penalties import AbsoluteCodes, CodeNorm, MeanActivity
from tests.exact.mutants import killed
from tests.ledger import LEVELS, REAL, SMALL, Instance


def kl_to_the_target(expected: Callable[[Tensor, Tensor], Tensor]) -> None:
    instance = Instance("sparse", LEVELS, SMALL)
    model, _ = instance.build()
    trace = model.trace(instance.batch(6))
    means = trace.draw.z[0][0].mean(0)
    target = torch.full_like(means, 0.1)
    value = MeanActivity(2.0, 0.1)(model, trace, Step())
    torch.testing.assert_close(value, 2 * expected(target, means).sum(), rtol=1e-12, atol=0)


def coins(first: Tensor, second: Tensor) -> Tensor:
    return kl_divergence(Bernoulli(first), Bernoulli(second))


def test_the_penalty_is_the_kl_of_two_coins() -> None:
    kl_to_the_target(coins)


def test_mutants() -> None:
    with killed():  # the other direction
        kl_to_the_target(lambda target, means: coins(means, target))
    with killed():
        kl_to_the_target(lambda target, means: target * (target / means).log())


def test_units_start_at_the_target_and_a_dead_unit_is_finite() -> None:
    instance = Instance("sparse", LEVELS, {**SMALL, "target": 0.05})
    model, objective = instance.build()
    assert float(objective(model, instance.batch(), Step()).terms["sparsity"][0]) < 1.0
    head = model.latents.groups[0].q  # type: ignore[attr-defined] # a LatentGroup
    with torch.no_grad():
        head.linear.bias.fill_(-1e4)
    assert objective(model, instance.batch(), Step()).loss.isfinite()


def test_norms_of_codes_are_summed_over_dimensions_and_averaged_over_rows() -> None:
    instance = Instance("sparse", REAL, {**SMALL, "measure": "l1"})
    model, _ = instance.build()
    trace = model.trace(instance.batch(6))
    z = trace.draw.z[0][0].detach()
    assert float(AbsoluteCodes(0.3)(model, trace, Step()).detach()) == pytest.approx(0.3 * float(z.abs().sum(1).mean()))
    assert float(CodeNorm(0.3)(model, trace, Step()).detach()) == pytest.approx(0.15 * float(z.square().sum(1).mean()))
