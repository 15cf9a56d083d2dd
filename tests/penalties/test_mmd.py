"""The maximum mean discrepancy against its closed form between Gaussians."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from latentia.distributions import normal
from latentia.latents import Trace
from latentia.names import Kernel
from latentia.objectives import Step
from latentia.objectives.penalties import MMD, mmd
from latentia.objectives.penalties.mmd import KERNELS, prior_scale, squared_distances
from tests.exact.mutants import killed, z_score
from tests.ledger import REAL, SMALL, Instance

F64 = torch.float64
DIM, SCALE = 3, 6.0
FIRST, SECOND = (0.0, 1.0), (1.0, 1.2)
"""Mean (of every dimension) and standard deviation of two Gaussians."""


def expected_kernel(kernel: Kernel, shift: float, variance: float) -> float:
    """E k(a, b) where a - b is N(shift, variance) in each dimension."""

    def gaussian(scale: Tensor) -> Tensor:  # E exp(-d^2 / 2s)
        total = scale + variance
        return (scale / total) ** (DIM / 2) * (-DIM * shift**2 / (2 * total)).exp()

    if kernel == "rbf":
        return float(gaussian(torch.tensor(SCALE, dtype=F64)))
    # s / (s + d^2) is the mean of exp(-t d^2 / s) over t ~ Exp(1); with t = u^2 the integrand is smooth at 0.
    u = torch.linspace(1e-6, 7.0, 40_001, dtype=F64)
    values = (-u.square()).exp() * gaussian(SCALE / (2 * u.square())) * 2 * u
    return float(torch.trapezoid(values, u))


def closed_form(kernel: Kernel) -> float:
    (m1, s1), (m2, s2) = FIRST, SECOND
    return (
        expected_kernel(kernel, 0.0, 2 * s1**2)
        + expected_kernel(kernel, 0.0, 2 * s2**2)
        - 2 * expected_kernel(kernel, m1 - m2, s1**2 + s2**2)
    )


def estimates(estimate: Callable[[Tensor, Tensor], Tensor], second: tuple[float, float], repeats: int = 1500) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    a = FIRST[0] + FIRST[1] * torch.randn(repeats, 25, DIM, generator=generator, dtype=F64)
    b = second[0] + second[1] * torch.randn(repeats, 20, DIM, generator=generator, dtype=F64)
    found: Tensor = torch.vmap(estimate)(a, b)
    return found


def agrees_with_the_closed_form(kernel: Kernel, estimate: Callable[[Tensor, Tensor], Tensor]) -> None:
    truth = closed_form(kernel)
    found = estimates(estimate, SECOND)
    # Smallest detectable error: 5 standard errors, below a tenth of the value.
    assert float(found.std()) / len(found) ** 0.5 * 5 < 0.1 * truth
    assert abs(z_score(found, truth)) < 5
    assert abs(z_score(estimates(estimate, FIRST), 0.0)) < 5


def ours(kernel: Kernel) -> Callable[[Tensor, Tensor], Tensor]:
    return lambda a, b: mmd(a, b, torch.tensor(SCALE, dtype=F64), kernel)


kernels = pytest.mark.parametrize("kernel", ["rbf", "imq"])


@kernels
def test_the_estimate_is_unbiased_and_zero_in_mean_between_equals(kernel: Kernel) -> None:
    agrees_with_the_closed_form(kernel, ours(kernel))


@kernels
def test_mutants(kernel: Kernel) -> None:
    k = KERNELS[kernel]
    scale = torch.tensor(SCALE, dtype=F64)

    def with_the_diagonal(a: Tensor, b: Tensor) -> Tensor:
        return (
            k(squared_distances(a, a), scale).mean()
            + k(squared_distances(b, b), scale).mean()
            - 2 * k(squared_distances(a, b), scale).mean()
        )

    def cross_term_once(a: Tensor, b: Tensor) -> Tensor:
        return ours(kernel)(a, b) + k(squared_distances(a, b), scale).mean()

    for mutant in (
        with_the_diagonal,
        cross_term_once,
        lambda a, b: mmd(a, b, 20 * scale, kernel),
        lambda a, b: mmd(a, b, scale, "imq" if kernel == "rbf" else "rbf"),
    ):
        with killed():
            agrees_with_the_closed_form(kernel, mutant)


def test_distances_and_scales() -> None:
    a, b = torch.randn(4, 3, dtype=F64), torch.randn(5, 3, dtype=F64)
    torch.testing.assert_close(squared_distances(a, b), torch.cdist(a, b).square())
    standard = normal(torch.zeros(7, dtype=F64), torch.ones(7, dtype=F64))
    assert float(prior_scale(standard, a)) == 14.0
    z = standard.sample(torch.Size([20_000]))
    pairs = (z[:10_000] - z[10_000:]).square().sum(1)
    assert abs(z_score(pairs, 14.0)) < 5


@pytest.mark.parametrize("scale", ["prior", "median", 3.0])
def test_the_penalty_is_the_weighted_estimate_and_pulls_codes_to_the_prior(scale: str | float) -> None:
    instance = Instance("wae_mmd", REAL, SMALL)
    model, _ = instance.build()
    trace = model.trace(instance.batch(30))
    z = trace.draw.z[0][0].detach() * 0.1 + 3.0  # far from the prior
    z.requires_grad_()
    moved = Trace(trace.x, replace(trace.draw, z=(z[None],)), trace.px)
    torch.manual_seed(0)
    value = MMD(5.0, "imq", scale)(model, moved, Step())  # type: ignore[arg-type] # a plain string for brevity
    torch.manual_seed(0)
    assert float(value.detach()) == pytest.approx(5 * float(MMD(1.0, "imq", scale)(model, moved, Step()).detach()))  # type: ignore[arg-type]
    value.backward()
    assert z.grad is not None
    assert (z.grad.mean(0) > 0).all(), "a step against the gradient brings the codes nearer to the origin"


def test_one_row_has_no_estimate() -> None:
    instance = Instance("wae_mmd", REAL, SMALL)
    model, objective = instance.build()
    loss = objective(model, instance.batch(1), Step())
    assert float(loss.terms["mmd"]) == 0.0
    loss.loss.backward()


def test_the_closed_form_of_these_tests_at_known_points() -> None:
    # E exp(-d^2/2s) with d ~ N(0, v) is sqrt(s / (s + v)) in each dimension; k = 1 where nothing varies.
    assert expected_kernel("rbf", 0.0, 2.0) == pytest.approx((SCALE / (SCALE + 2)) ** (DIM / 2))
    assert expected_kernel("imq", 0.0, 1e-12) == pytest.approx(1.0, abs=1e-5)
    distances = torch.randn(400_000, DIM, generator=torch.Generator().manual_seed(0), dtype=F64).square().sum(1) * 2
    assert abs(z_score(SCALE / (SCALE + distances), expected_kernel("imq", 0.0, 2.0))) < 5
