"""Norms of Jacobians: the encoder's (contractive) against a closed form, the decoder's (RAE-GP) against autograd."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.autograd.functional import jacobian

from latentia.objectives import Step
from latentia.objectives.penalties import Contraction, DecoderGradient, DecoderNorm
from latentia.objectives.penalties.jacobian import squared_jacobian
from latentia.objectives.penalties.regularised import decoder_of
from tests.exact.mutants import killed, z_score
from tests.ledger import CONV, LEVELS, PIXELS, REAL, SMALL, Instance

F64 = torch.float64


def net(inner: int, outer: int) -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(inner, 6), nn.LayerNorm(6), nn.SiLU(), nn.Linear(6, outer)).double()


def by_rows(function: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """One row at a time, through autograd's own function."""
    rows = [jacobian(function, row.unsqueeze(0)) for row in x]
    return torch.stack([row.square().sum() for row in rows])


def equals_autograd(norm: Callable[[Callable[[Tensor], Tensor], Tensor], Tensor]) -> None:
    for inner, outer in ((3, 5), (5, 3), (4, 4)):
        function = net(inner, outer)
        x = torch.randn(7, inner, generator=torch.Generator().manual_seed(1), dtype=F64)
        torch.testing.assert_close(norm(function, x), by_rows(function, x), rtol=1e-10, atol=1e-12)


def test_the_exact_norm_from_either_side() -> None:
    equals_autograd(squared_jacobian)


def gradient_of_the_sum(function: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """What some libraries take for it: opposite slopes cancel."""
    x = x.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(function(x).sum(), x)
    return gradient.square().sum(1)


def test_mutants() -> None:
    with killed():
        equals_autograd(gradient_of_the_sum)
    with killed():
        equals_autograd(lambda function, x: squared_jacobian(function, x).mean().expand(len(x)))
    with killed():
        equals_autograd(lambda function, x: squared_jacobian(function, x).sqrt())


def is_unbiased(estimate: Callable[[Callable[[Tensor], Tensor], Tensor], Tensor]) -> None:
    function = net(4, 5)
    x = torch.randn(1, 4, generator=torch.Generator().manual_seed(1), dtype=F64)
    torch.manual_seed(0)
    truth = float(squared_jacobian(function, x).detach())
    estimates = estimate(function, x.expand(3000, -1)).detach()
    assert float(estimates.std()) / 3000**0.5 * 5 < 0.1 * truth
    assert abs(z_score(estimates, truth)) < 5


def test_random_directions_are_unbiased() -> None:
    is_unbiased(lambda function, x: squared_jacobian(function, x, 1))
    is_unbiased(lambda function, x: squared_jacobian(function, x, 3))


def test_mutants_of_the_estimate() -> None:
    with killed():
        is_unbiased(gradient_of_the_sum)
    with killed():
        is_unbiased(lambda function, x: 3 * squared_jacobian(function, x, 3))


def closed_form_of_logistic_units(weight: Callable[[Tensor], Tensor]) -> None:
    """One logistic layer: sum_j (h_j (1 - h_j))^2 |W_j|^2 (Rifai and others, 2011)."""
    instance = Instance("contractive", REAL, {"latent_dim": 3, "hidden": (), "weight": 2.0, "probes": 0})
    model, objective = instance.build()
    x = instance.batch(6)
    trace = model.trace(x)
    h = trace.draw.z[0][0]
    (matrix,) = (parameter for name, parameter in model.walk.named_parameters() if name.endswith("linear.weight"))
    expected = 2.0 * (weight(h).square() @ matrix.square().sum(1)).mean()
    torch.testing.assert_close(objective(model, x, Step()).terms["contraction"][0], expected, rtol=1e-12, atol=0)


def test_the_contraction_of_one_logistic_layer() -> None:
    closed_form_of_logistic_units(lambda h: h * (1 - h))


def test_mutants_of_the_contraction() -> None:
    with killed():  # the units' slope forgotten
        closed_form_of_logistic_units(torch.ones_like)
    with killed():  # the slope of tanh
        closed_form_of_logistic_units(lambda h: 1 - h.square())


@pytest.mark.parametrize("options", [SMALL, {**SMALL, "hidden": ()}])
def test_the_gradient_penalty_is_half_the_norm_of_the_decoders_jacobian(options: dict[str, object]) -> None:
    instance = Instance("rae_gp", LEVELS, {**options, "probes": 0})
    model, _ = instance.build()
    trace = model.trace(instance.batch(3))
    decoder = decoder_of(model)
    rows = trace.draw.state[0].detach()
    expected = 0.3 * 0.5 * by_rows(decoder, rows).mean()
    torch.testing.assert_close(DecoderGradient(0.3, probes=0)(model, trace, Step()), expected, rtol=1e-10, atol=1e-12)
    with torch.no_grad():  # as in evaluation
        without = DecoderGradient(0.3, probes=0)(model, model.trace(instance.batch(3)), Step())
    torch.testing.assert_close(without, expected.detach(), rtol=1e-10, atol=1e-12)
    with torch.no_grad():
        assert DecoderGradient(0.3)(model, model.trace(instance.batch(3)), Step()).isfinite()


@pytest.mark.parametrize("penalty", [DecoderGradient(1.0, probes=0), Contraction(1.0)])
def test_the_penalty_itself_has_the_gradient_of_finite_differences(penalty: DecoderGradient | Contraction) -> None:
    instance = Instance("rae_gp", REAL, {**SMALL, "hidden": (4,)})
    model, _ = instance.build()
    x = instance.batch(3)
    value = penalty(model, model.trace(x), Step())
    value.backward()
    checked = 0
    for parameter in model.parameters():
        if parameter.grad is None or not parameter.grad.any():
            continue
        place = int(parameter.grad.abs().argmax())
        flat, step = parameter.data.view(-1), 1e-5
        at = []
        for side in (1, -2):
            flat[place] += side * step
            at.append(float(penalty(model, model.trace(x), Step()).detach()))
        flat[place] += step
        numeric = (at[0] - at[1]) / (2 * step)
        assert float(parameter.grad.view(-1)[place]) == pytest.approx(numeric, rel=1e-5, abs=1e-9)
        checked += 1
    assert checked >= 3


def test_convolutions_can_be_measured_exactly() -> None:
    instance = Instance("rae_gp", PIXELS, {**CONV, "latent_dim": 2})
    model, _ = instance.build()
    decoder = decoder_of(model)
    z = torch.randn(2, 2, dtype=F64)
    torch.testing.assert_close(squared_jacobian(decoder, z), by_rows(decoder, z), rtol=1e-9, atol=1e-12)


def test_the_decoders_norm_counts_matrices_of_the_decoder_alone() -> None:
    instance = Instance("rae_l2", LEVELS, {**SMALL, "norm": True})
    model, _ = instance.build()
    expected = sum(
        float(layer.weight.detach().square().sum())
        for layer in decoder_of(model).modules()
        if isinstance(layer, nn.Linear)
    )
    value = DecoderNorm(0.5)(model, model.trace(instance.batch()), Step())
    assert float(value.detach()) == pytest.approx(0.5 * expected)
    value.backward()
    assert all(parameter.grad is None for parameter in model.encoder.parameters())
