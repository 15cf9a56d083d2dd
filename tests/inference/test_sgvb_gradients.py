"""Oracle 11: every estimator of the gradient has the gradient of the exact bound as its mean, batches included."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from latentia.inference.sgvb import Gradient, Guide, MiniBatches, guide_named
from latentia.inference.sgvb.targets import Density
from tests.exact.gradients import unbiased
from tests.exact.linear_gaussian import F64
from tests.exact.mutants import killed
from tests.inference.conjugate import GaussianMean

REPEATS = 100_000


def density(theta: Tensor) -> Tensor:
    """Neither Gaussian nor independent."""
    a, b = theta.unbind(-1)
    return -0.5 * a**2 - 0.7 * (b - a) ** 2 - torch.nn.functional.softplus(1.5 * a + b) + 0.3 * torch.sin(b)


def some_guide(name: str) -> Guide:
    guide = guide_named(name, torch.tensor([0.3, -0.4], dtype=F64), torch.tensor([0.8, 0.5], dtype=F64), transforms=1)
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for each in guide.parameters():
            each.add_(0.05 * torch.randn(each.shape, generator=generator, dtype=F64))
    return guide


def exact_elbo(guide: Guide) -> Tensor:
    """By quadrature over the noise."""
    points, weights = (torch.from_numpy(each) for each in np.polynomial.hermite_e.hermegauss(48))
    weights = weights / weights.sum()
    theta, log_q = guide.push(torch.cartesian_prod(points, points))
    return (torch.outer(weights, weights).flatten() * (density(theta) - log_q)).sum()


def by_differences(guide: Guide, index: Tensor, step: float = 1e-5) -> Tensor:
    here = parameters_to_vector(guide.parameters()).detach()
    found = []
    with torch.no_grad():
        for i in index:
            sides = []
            for sign in (1, -1):
                moved = here.clone()
                moved[i] += sign * step
                vector_to_parameters(moved, guide.parameters())
                sides.append(exact_elbo(guide))
            found.append((sides[0] - sides[1]) / (2 * step))
        vector_to_parameters(here, guide.parameters())
    return -torch.stack(found)


class Loss(nn.Module):
    """An estimate as a function of the guide's parameters, so that many are differentiated at once."""

    def __init__(self, gradient: Gradient, guide: Guide) -> None:
        super().__init__()
        self.gradient, self.guide = gradient, guide

    def forward(self, noise: Tensor) -> Tensor:
        return self.gradient(self.guide, density, noise)[0]


def draws_of(gradient: Gradient, guide: Guide, index: Tensor, repeats: int = REPEATS) -> Tensor:
    generator = torch.Generator().manual_seed(7)
    noise = torch.randn(repeats, gradient.num_samples, 2, generator=generator, dtype=F64)
    loss = Loss(gradient, guide)
    fixed = {name: each.detach() for name, each in loss.named_parameters()}
    found = vmap(grad(lambda parameters, row: functional_call(loss, parameters, (row,))), (None, 0))(fixed, noise)
    return torch.cat([each.reshape(repeats, -1) for each in found.values()], dim=-1)[:, index]


def one_by_one(gradient: Gradient, guide: Guide, index: Tensor, repeats: int) -> Tensor:
    """For an estimator that remembers earlier steps, and flows that `vmap` does not take."""
    generator = torch.Generator().manual_seed(7)
    found = []
    for _ in range(repeats):
        loss, _ = gradient(guide, density, torch.randn(gradient.num_samples, 2, generator=generator, dtype=F64))
        grads = torch.autograd.grad(loss, list(guide.parameters()), allow_unused=True, materialize_grads=True)
        found.append(torch.cat([each.flatten() for each in grads])[index])
    return torch.stack(found)


def the_last(guide: Guide, count: int = 5) -> Tensor:
    """The parameters of the last map: all of a Gaussian's, and shift, scale of a flow's."""
    size = sum(each.numel() for each in guide.parameters())
    return torch.arange(max(0, size - count), size)


@pytest.mark.parametrize("estimator", ["pathwise", "stl", "score_loo"])
@pytest.mark.parametrize("guide", ["mean_field", "full_rank"])
def test_11_estimators_agree_with_finite_differences(guide: str, estimator: str) -> None:
    """A difference of a twentieth of the gradient would show."""
    q = some_guide(guide)
    index = the_last(q)
    unbiased(draws_of(Gradient(estimator, 4), q, index), by_differences(q, index), detectable=0.05)


def test_11_so_does_the_score_function_with_a_moving_baseline() -> None:
    q = some_guide("mean_field")
    index = the_last(q)
    unbiased(one_by_one(Gradient("score", 8), q, index, 2000), by_differences(q, index), detectable=0.3)


@pytest.mark.slow
@pytest.mark.parametrize("estimator", ["pathwise", "stl", "score_loo", "score"])
def test_11_and_all_of_them_for_flows(estimator: str) -> None:
    q = some_guide("coupling")
    index = the_last(q, 4)
    unbiased(one_by_one(Gradient(estimator, 8), q, index, 3000), by_differences(q, index), detectable=0.3)


def test_mutants_of_the_score_function_are_rejected() -> None:
    q = some_guide("full_rank")
    index = the_last(q)

    class WithItself(Gradient):
        """The baseline holds the sample's own value."""

        def _score(self, guide: Guide, density: Density, noise: Tensor) -> tuple[Tensor, Tensor]:
            with torch.no_grad():
                theta, log_q = guide.push(noise)
                log_w = density(theta) - log_q
            return -((log_w - log_w.mean()) * guide().log_prob(theta)).mean(), log_w

    with killed():
        unbiased(draws_of(WithItself("score_loo", 2), q, index), by_differences(q, index), detectable=0.05)

    class Uncentred(Gradient):
        """The gradient goes through the draw as well as through its density."""

        def _score(self, guide: Guide, density: Density, noise: Tensor) -> tuple[Tensor, Tensor]:
            theta, log_q = guide.push(noise)
            log_w = (density(theta) - log_q).detach()
            return -(log_w * guide().log_prob(theta)).mean(), log_w

    with killed():
        unbiased(draws_of(Uncentred("score_loo", 4), q, index), by_differences(q, index), detectable=0.05)


def test_sticking_the_landing_has_no_variance_at_the_posterior() -> None:
    model = GaussianMean.random()
    guide = guide_named("full_rank", model.mean, torch.ones(3, dtype=F64))
    factor = torch.linalg.cholesky(torch.linalg.inv(model.precision))
    scale = factor.diagonal()
    unit = factor / scale[:, None]
    with torch.no_grad():
        guide.maps[0].log_scale.copy_(scale.log())  # type: ignore[operator] # a parameter
        guide.maps[0].below.copy_(unit[1:].flatten()[torch.tensor([0, 3, 4])])  # type: ignore[operator]
    gradient = Gradient("stl", 1)
    for seed in range(3):
        noise = torch.randn(1, 3, generator=torch.Generator().manual_seed(seed), dtype=F64)
        loss, log_w = gradient(guide, model.whole.whole(), noise)
        assert abs(float(log_w) - model.log_evidence) < 1e-9
        assert max(float(g.abs().max()) for g in torch.autograd.grad(loss, list(guide.parameters()))) < 1e-10
    loss, _ = Gradient("pathwise", 1)(guide, model.whole.whole(), noise)
    with killed():
        assert max(float(g.abs().max()) for g in torch.autograd.grad(loss, list(guide.parameters()))) < 1e-2


def gradient_at(target: MiniBatches, index: Tensor) -> Tensor:
    theta = torch.tensor([[0.2, -0.5, 0.9]], dtype=F64, requires_grad=True)
    return torch.autograd.grad(target.estimate(index)(theta).sum(), theta)[0][0]


def batches_average_to_the_whole(target: MiniBatches, whole: Tensor) -> None:
    subsets = [gradient_at(target, torch.tensor(each)) for each in combinations(range(8), 3)]
    torch.testing.assert_close(torch.stack(subsets).mean(0), whole, rtol=1e-10, atol=0)


def test_the_gradient_of_mini_batches_is_unbiased() -> None:
    """Exactly, over all sets of 3 of 8 rows; and a mutant without the factor N / B."""
    model = GaussianMean.random(rows=8)
    target = model.batches(3)
    whole = gradient_at(target, torch.arange(8))
    batches_average_to_the_whole(target, whole)
    target.rows = 3  # the factor is then one
    with killed():
        batches_average_to_the_whole(target, whole)


def test_the_batches_that_are_drawn_are_unbiased() -> None:
    """By z: 8 rows in batches of 3 leave two out of each epoch, and not always the same."""
    model = GaussianMean.random(rows=8)
    target = model.batches(3)
    whole = gradient_at(target, torch.arange(8))
    theta = torch.tensor([[0.2, -0.5, 0.9]], dtype=F64, requires_grad=True)
    steps = target.steps(torch.Generator().manual_seed(0))
    found = torch.stack([torch.autograd.grad(next(steps)(theta).sum(), theta)[0][0] for _ in range(1500)])
    unbiased(found, whole, detectable=0.1)
