"""Annealed importance sampling on linear-Gaussian models, where log p(x) and every density on the path are exact."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.distributions import Independent, MultivariateNormal, Normal, kl_divergence

from latentia.errors import CompatibilityError, ConfigurationError, NonFiniteError
from latentia.inference.ais import Annealed, Sandwich, annealed, annealed_back, bidirectional, temperatures
from latentia.inference.vae_posterior import vae_log_joint
from tests.exact.linear_gaussian import ExactPosterior, LinearGaussian
from tests.exact.mutants import killed, z_score

F64 = torch.float64
BATCH = 6


class Case:
    """A model, data that it simulated with the z behind them, and what is exact about both."""

    def __init__(self, k: int, d: int) -> None:
        self.model = LinearGaussian.random(d, k)
        generator = torch.Generator().manual_seed(7)
        self.z = torch.randn(BATCH, k, generator=generator, dtype=F64)
        noise = torch.randn(BATCH, d, generator=generator, dtype=F64)
        self.x = self.z @ self.model.weight.T + self.model.mean + self.model.s2**0.5 * noise
        self.log_joint = vae_log_joint(self.model.vae(ExactPosterior(self.model)), self.x)
        self.prior = Independent(Normal(torch.zeros(k, dtype=F64), 1.0), 1)
        self.truth = self.model.marginal.log_prob(self.x)

    def at(self, beta: float) -> MultivariateNormal:
        """The normalised density on the path, batch `[BATCH]`."""
        w, s2 = self.model.weight, self.model.s2
        precision = torch.eye(w.shape[1], dtype=F64) + beta / s2 * w.T @ w
        pull = beta / s2 * (self.x - self.model.mean) @ w
        covariance = precision.inverse()
        return MultivariateNormal(pull @ covariance, (covariance + covariance.T) / 2, validate_args=False)

    def exact_moves(self, seed: int = 0) -> Callable[[Tensor, float], Tensor]:
        """Transitions that draw independently from the path."""
        generator = torch.Generator().manual_seed(seed)

        def move(z: Tensor, beta: float) -> Tensor:
            here = self.at(beta)
            noise = torch.randn(z.shape, generator=generator, dtype=F64)
            return here.mean + (here.scale_tril @ noise[..., None])[..., 0]

        return move

    def losses(self, num: int) -> tuple[Tensor, Tensor]:
        """By how much the expected bounds of perfect transitions miss log p(x): sums of KL divergences, `[BATCH]`."""
        path = [self.at(beta) for beta in temperatures(num).tolist()]
        steps = list(pairwise(path))
        below = torch.stack([kl_divergence(cooler, warmer) for cooler, warmer in steps]).sum(0)
        above = torch.stack([kl_divergence(warmer, cooler) for cooler, warmer in steps]).sum(0)
        return below, above


def misses_by_the_divergences(case: Case, run: Annealed, bound: Callable[[Annealed], Tensor] | None = None) -> None:
    """A mean log-weight is log p(x) minus (plus, backwards) the KLs along the path, to about 0.01 nats."""
    below, above = case.losses(20)
    expected = case.truth + above if run.reverse else case.truth - below
    if bound is None:
        for weights, value in zip(run.log_weights.T, expected, strict=True):
            assert abs(z_score(weights, float(value))) < 5
    else:
        error = (bound(run) - expected).abs() / run.standard_error
        assert float(error.max()) < 5


def test_17_mean_log_weights_have_the_known_means() -> None:
    case = Case(2, 5)
    options: dict[str, Any] = {"num_temperatures": 20, "transition": case.exact_moves()}
    forward = annealed(case.log_joint, case.prior, BATCH, num_chains=2000, **options)
    starts = case.at(1.0).mean + (
        case.at(1.0).scale_tril @ torch.randn(2000, BATCH, 2, 1, generator=torch.Generator().manual_seed(3), dtype=F64)
    )[..., 0]  # fmt: skip
    back = annealed_back(case.log_joint, case.prior, starts, **options)
    for run in (forward, back):
        misses_by_the_divergences(case, run)
        with killed():  # the log of the mean weight at finite n in place of the mean log-weight
            misses_by_the_divergences(case, run, lambda r: r.estimate)
    with killed():  # one temperature without its weight
        share = temperatures(20).diff()[10]
        increment = share * (case.log_joint(forward.z) - case.prior.log_prob(forward.z)).detach()
        misses_by_the_divergences(
            case, Annealed(forward.log_weights - increment, forward.z, forward.acceptance, reverse=False)
        )
    # The mean weight itself is without bias.
    for weights, value in zip(forward.log_weights.T, case.truth, strict=True):
        assert abs(z_score((weights - value).exp(), 1.0)) < 5
    for weights, value in zip(back.log_weights.T, case.truth, strict=True):
        assert abs(z_score((value - weights).exp(), 1.0)) < 5


def sandwiches(case: Case, sandwich: Sandwich) -> None:
    """Below on one side and above on the other, averaged over examples, within 5 standard errors."""
    low = sandwich.lower.bound - case.truth
    high = sandwich.upper.bound - case.truth
    for error, run, sign in ((low, sandwich.lower, -1), (high, sandwich.upper, 1)):
        noise = float(run.standard_error.square().sum().sqrt() / BATCH)
        assert sign * float(error.mean()) > -5 * noise


def _narrowing(case: Case, sizes: tuple[int, ...], chains: int = 32) -> list[Sandwich]:
    return [
        bidirectional(case.log_joint, case.prior, case.z, num_chains=chains, num_temperatures=size, leapfrogs=5)
        for size in sizes
    ]


@pytest.mark.parametrize(
    ("k", "d", "sizes"),
    [(2, 5, (8, 64)), (10, 15, (8, 64)), pytest.param(50, 60, (30, 300, 3000), marks=pytest.mark.slow)],
)
def test_17_the_sandwich_holds_the_exact_value_and_narrows(k: int, d: int, sizes: tuple[int, ...]) -> None:
    case = Case(k, d)
    runs = _narrowing(case, sizes)
    for run in runs:
        sandwiches(case, run)
    gaps = [float(run.gap.mean()) for run in runs]
    assert all(later < earlier / 3 for earlier, later in pairwise(gaps)), gaps
    assert 0.4 < float(runs[-1].lower.acceptance.mean()) < 0.9


def test_17_a_sandwich_turned_over_is_caught() -> None:
    case = Case(2, 5)
    (run,) = _narrowing(case, (10,))
    with killed():
        sandwiches(case, Sandwich(run.upper, run.lower))


def test_chains_end_in_the_posterior_and_the_prior() -> None:
    case = Case(2, 5)
    (run,) = _narrowing(case, (20,), chains=400)
    exact = case.model.posterior(case.x)
    weights = run.lower.log_weights.softmax(0)[..., None]
    errors = ((weights * run.lower.z).sum(0) - exact.mean) / exact.variance.sqrt()
    assert float((errors * run.lower.ess.sqrt()[:, None]).abs().max()) < 5
    weights = (-run.upper.log_weights).softmax(0)[..., None]
    errors = (weights * run.upper.z).sum(0)
    assert float((errors * run.upper.ess.sqrt()[:, None]).abs().max()) < 5


def test_a_better_start_needs_fewer_temperatures() -> None:
    case = Case(2, 5)
    near = case.at(0.9)
    from_prior = annealed(case.log_joint, case.prior, BATCH, num_temperatures=10)
    from_near = annealed(case.log_joint, near, BATCH, num_temperatures=10)
    assert float((case.truth - from_near.bound).mean()) < float((case.truth - from_prior.bound).mean()) / 5
    assert float(from_near.ess.mean()) > 10


def test_the_same_seed_gives_the_same_weights_and_leaves_torch_alone() -> None:
    case = Case(2, 5)
    state = torch.get_rng_state()

    def run(seed: int) -> Tensor:
        return annealed(case.log_joint, case.prior, BATCH, num_chains=4, num_temperatures=5, seed=seed).log_weights

    assert torch.equal(run(0), run(0))
    assert not torch.equal(run(0), run(1))
    assert torch.equal(torch.get_rng_state(), state)


def test_temperatures_rise_from_zero_to_one() -> None:
    betas = temperatures(50)
    assert betas[0] == 0
    assert betas[-1] == 1
    assert bool((betas.diff() > 0).all())


def test_what_does_not_fit_is_refused() -> None:
    case = Case(2, 5)
    with pytest.raises(CompatibilityError, match="make its last dimension an event"):
        annealed(case.log_joint, Normal(torch.zeros(2), 1.0), BATCH)
    with pytest.raises(CompatibilityError, match=r"\(chains, batch\)"):
        annealed(lambda z: z.sum(), case.prior, BATCH)
    with pytest.raises(CompatibilityError, match="step_size"):
        annealed(case.log_joint, case.prior, BATCH, num_temperatures=5, step_size=torch.ones(4, BATCH))
    with pytest.raises(CompatibilityError, match="posterior samples"):
        annealed_back(case.log_joint, case.prior, case.z[0])
    with pytest.raises(CompatibilityError, match="dimensions"):
        annealed_back(case.log_joint, case.prior, torch.zeros(BATCH, 3, dtype=F64))
    empty: tuple[dict[str, Any], ...] = ({"num_temperatures": 0}, {"num_chains": 0}, {"leapfrogs": 0})
    for options in empty:
        with pytest.raises(ConfigurationError, match="1 or more"):
            annealed(case.log_joint, case.prior, BATCH, **options)


def test_a_log_joint_that_is_not_a_number_is_named() -> None:
    case = Case(2, 5)
    with pytest.raises(NonFiniteError, match="example 0 is nan"):
        annealed(lambda z: z[..., 0].log(), case.prior, BATCH, num_temperatures=3, step_size=torch.tensor(0.1))
