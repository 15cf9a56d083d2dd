"""The optimal sigma is that of greatest likelihood; evaluation and saved models score with the running one."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.distributions import Independent, Normal

from latentia.conditionals import OptimalGaussianHead
from latentia.conditionals.optimal_gaussian import RATE
from latentia.data.source import Resident
from latentia.data_model import DataModel, evaluating
from latentia.evaluation import evaluate
from latentia.objectives import ELBO, Step
from tests.exact.mutants import killed
from tests.exact.quadrature import F64
from tests.ledger import LEVELS, REAL, Instance

SHAPE, DIMS = (1, 4, 3), 12


def batch(seed: int = 0) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    loc = torch.randn(2, 6, *SHAPE, generator=generator, dtype=F64, requires_grad=True)
    return loc, torch.randn(6, *SHAPE, generator=generator, dtype=F64)


def sigma_is_of_greatest_likelihood(score: Callable[[Tensor, Tensor], Tensor]) -> None:
    loc, x = batch()
    found = score(loc, x)
    mse = (x - loc).square().mean()
    torch.testing.assert_close(found.mean(), -DIMS / 2 * (torch.log(2 * math.pi * mse) + 1), rtol=0, atol=1e-12)
    for factor in (0.9, 0.99, 1.01, 1.1):
        other = Independent(Normal(loc, factor * mse.sqrt()), 3).log_prob(x)
        assert other.mean() < found.mean()


def optimal(loc: Tensor, x: Tensor) -> Tensor:
    score: Tensor = OptimalGaussianHead(SHAPE).double()(loc).log_prob(x)
    return score


def of_each_row(loc: Tensor, x: Tensor) -> Tensor:
    """A sigma for every row, averaged over its pixels: another model."""
    sigma = (x - loc).square().flatten(2).mean(2).sqrt()[..., None, None, None]
    score: Tensor = Independent(Normal(loc, sigma.expand_as(loc)), 3).log_prob(x)
    return score


def unbiased(loc: Tensor, x: Tensor) -> Tensor:
    """The standard deviation of the residuals in place of their root mean square."""
    score: Tensor = Independent(Normal(loc, (x - loc).std().expand_as(loc)), 3).log_prob(x)
    return score


def test_sigma_is_of_greatest_likelihood_and_the_loss_is_the_logarithm_of_the_squared_error() -> None:
    sigma_is_of_greatest_likelihood(optimal)
    with killed():
        sigma_is_of_greatest_likelihood(of_each_row)
    with killed():
        sigma_is_of_greatest_likelihood(unbiased)


def test_its_gradient_is_that_of_the_logarithm_of_the_squared_error() -> None:
    loc, x = batch()
    (found,) = torch.autograd.grad(optimal(loc, x).mean(), loc)
    (expected,) = torch.autograd.grad(-DIMS / 2 * torch.log((x - loc).square().mean()), loc)
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-15)


def test_the_running_variance_is_the_mean_at_first_and_moves_slowly_later() -> None:
    head = OptimalGaussianHead(SHAPE, sigma=0.3).double()
    assert abs(float(head.variance) - 0.09) < 1e-7
    variances = []
    for seed in range(30):
        loc, x = batch(seed)
        head(loc).log_prob(x)
        variances.append(float((x - loc).detach().square().mean()))
        if seed < 10:
            assert abs(float(head.variance) - sum(variances) / len(variances)) < 1e-12
    running = sum(variances[:10]) / 10
    for variance in variances[10:]:
        running += RATE * (variance - running)
    assert abs(float(head.variance) - running) < 1e-12


def test_evaluation_scores_with_the_running_sigma_and_changes_nothing() -> None:
    loc, x = batch()
    head = OptimalGaussianHead(SHAPE).double()
    head(loc).log_prob(x)
    head.eval()
    other, y = batch(1)
    sigma = float(head.variance) ** 0.5
    torch.testing.assert_close(head(other).log_prob(y), Independent(Normal(other, sigma), 3).log_prob(y))
    # Each row by itself.
    torch.testing.assert_close(head(other[:, 2:4]).log_prob(y[2:4]), head(other).log_prob(y)[:, 2:4])
    assert float(head.variance) ** 0.5 == sigma
    assert (head(other).stddev == sigma).all()


def test_a_perfect_reconstruction_has_a_finite_score() -> None:
    loc, _ = batch()
    score = OptimalGaussianHead(SHAPE).double()(loc).log_prob(loc.detach()[0])
    assert OptimalGaussianHead(SHAPE).double()(loc[:1]).log_prob(loc.detach()[0]).isfinite().all()
    assert score.isfinite().all()


def test_a_model_carries_its_sigma_and_reports_it() -> None:
    model, objective = Instance("sigma_vae", LEVELS, {"latent_dim": 2, "hidden": (8,)}).build()
    assert isinstance(objective, ELBO)
    x = torch.rand(20, 1, 8, 8, dtype=F64)
    for _ in range(3):
        objective(model, x, Step())
    weights = model.state_dict()
    assert {"likelihood.head.variance", "likelihood.head.batches"} <= set(weights)
    copy, _ = Instance("sigma_vae", LEVELS, {"latent_dim": 2, "hidden": (8,)}).build()
    copy.load_state_dict(weights)
    sigma = float(weights["likelihood.head.variance"]) ** 0.5
    raw = torch.randint(0, 17, (9, 1, 8, 8), dtype=torch.uint8)
    evidence = evaluate(DataModel(copy.float(), LEVELS).train(), Resident(raw, None), num_samples=2)
    assert evidence.sigma is not None
    assert abs(evidence.sigma - sigma) < 1e-6
    assert abs(float(copy.state_dict()["likelihood.head.variance"]) ** 0.5 - sigma) < 1e-6


def test_rows_of_a_model_in_evaluation_do_not_influence_one_another() -> None:
    model, _ = Instance("sigma_vae", REAL, {"latent_dim": 2, "hidden": (8,)}).build()
    x = torch.randn(6, 7, dtype=F64)
    model.trace(x).px.log_prob(x)
    with evaluating(model):
        z = torch.zeros(6, 2, dtype=F64)
        whole = model.trace(x, given={"z": z}).log_px
        torch.testing.assert_close(model.trace(x[2:4], given={"z": z[2:4]}).log_px, whole[:, 2:4])
