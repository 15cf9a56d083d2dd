"""Means and covariances of known posteriors, through the whole of `sample`: warm-up, step sizes and mass."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.distributions import Gamma, Poisson, constraints

from latentia.errors import CompatibilityError
from latentia.inference.mcmc import Mass, Method, Parameter, Samples, diagnostics, sample, sample_parameters
from latentia.inference.parameters import Values
from tests.exact.mutants import killed, z_score

F64 = torch.float64
MEAN = torch.tensor([1.0, -2.0, 0.5], dtype=F64)
COV = torch.tensor([[4.0, 1.8, 0.2], [1.8, 1.0, 0.0], [0.2, 0.0, 0.25]], dtype=F64)
ROOT = torch.linalg.cholesky(COV)
PRECISION = COV.inverse()


def gaussian(z: Tensor) -> Tensor:
    away = z - MEAN
    return -0.5 * ((away @ PRECISION) * away).sum(-1)


def has_converged(drawn: Samples) -> None:
    summary = drawn.summary()
    assert all(row.rhat < 1.01 and min(row.ess_bulk, row.ess_tail) > 400 for row in summary.rows), str(summary)
    assert not bool(drawn.divergent.any())


def agrees_with_the_gaussian(draws: Tensor) -> None:
    """Nine moments of the whitened draws, chain by chain: an error of 12% in a variance is found at five sigma."""
    y = torch.linalg.solve_triangular(ROOT, (draws - MEAN).mT, upper=False).mT
    for i in range(3):
        assert abs(z_score(y[..., i].mean(1), 0.0)) < 5
        for j in range(i + 1):
            assert abs(z_score((y[..., i] * y[..., j]).mean(1), float(i == j))) < 5


def _drawn(method: Method, mass: Mass, num_samples: int = 250) -> Samples:
    start = torch.randn(24, 3, dtype=F64, generator=torch.Generator().manual_seed(2)) * 3
    return sample(gaussian, start, method=method, mass=mass, num_samples=num_samples, warmup=120, num_steps=8, seed=1)


@pytest.mark.parametrize(("method", "mass"), [("nuts", "diagonal"), ("hmc", "dense")])
def test_25_a_correlated_gaussian(method: Method, mass: Mass) -> None:
    drawn = _drawn(method, mass)
    has_converged(drawn)
    agrees_with_the_gaussian(drawn.draws)
    with killed():  # a posterior 15% too narrow
        agrees_with_the_gaussian((drawn.draws - MEAN) * 0.85 + MEAN)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["nuts", "hmc"])
@pytest.mark.parametrize("mass", ["identity", "diagonal", "dense"])
def test_25_every_sampler_and_mass(method: Method, mass: Mass) -> None:
    drawn = _drawn(method, mass, 1000)
    has_converged(drawn)
    agrees_with_the_gaussian(drawn.draws)


COUNTS = torch.tensor([3.0, 1.0, 4.0, 1.0, 5.0], dtype=F64)
EXACT = Gamma(2.0 + float(COUNTS.sum()), 1.5 + len(COUNTS))


def rate_of_counts(values: Values) -> Tensor:
    """Poisson counts with a Gamma prior, whose posterior is Gamma."""
    prior: Tensor = Gamma(torch.tensor(2.0, dtype=F64), torch.tensor(1.5, dtype=F64)).log_prob(values["rate"])
    likelihood: Tensor = Poisson(values["rate"]).log_prob(COUNTS).sum()
    return prior + likelihood


def agrees_with_the_gamma(rate: Tensor) -> None:
    assert abs(z_score(rate.mean(1), float(EXACT.mean))) < 5
    assert abs(z_score((rate - float(EXACT.mean)).square().mean(1), float(EXACT.variance))) < 5


def _rates(joint: object = rate_of_counts, num_samples: int = 400) -> Samples:
    layout = {"rate": Parameter((), constraints.positive)}
    return sample_parameters(joint, layout, chains=16, num_samples=num_samples, warmup=80)  # type: ignore[arg-type] # mutants


def test_25_a_gamma_posterior_by_a_bijection() -> None:
    drawn = _rates()
    has_converged(drawn)
    assert drawn.summary().rows[0].name == "rate"
    agrees_with_the_gamma(drawn.values["rate"])
    with killed():  # the log-determinant log(rate) taken off again
        agrees_with_the_gamma(_rates(lambda v: rate_of_counts(v) - v["rate"].log(), 100).values["rate"])


def test_many_targets_at_once_each_learn_their_own_scale() -> None:
    scales = torch.tensor([0.01, 1.0, 100.0], dtype=F64)
    wide = scales.repeat_interleave(16)[:, None]
    drawn = sample(lambda z: -(z / wide).square().sum(-1) / 2, wide * torch.randn(48, 2, dtype=F64,
                   generator=torch.Generator().manual_seed(0)), groups=3, num_samples=400, warmup=100)  # fmt: skip
    assert len(drawn.step_size.unique()) == 3
    with pytest.raises(CompatibilityError, match="3 targets"):
        drawn.summary()
    for group, scale in zip(drawn.draws.reshape(3, 16, 400, 2), scales, strict=True):
        for dimension in (group / scale).unbind(-1):
            assert abs(z_score(dimension.square().mean(1), 1.0)) < 5
            assert float(diagnostics.rhat(dimension)) < 1.01


def test_the_same_seed_draws_the_same() -> None:
    def run(seed: int) -> Tensor:
        return sample(gaussian, torch.zeros(4, 3, dtype=F64), num_samples=10, warmup=20, seed=seed).draws

    torch.manual_seed(5)
    state = torch.get_rng_state()
    first = run(0)
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(first, run(0))
    assert not torch.equal(first, run(1))


def test_what_was_recorded_fits_the_draws() -> None:
    drawn = sample(gaussian, torch.zeros(4, 3, dtype=F64), num_samples=20, warmup=30)
    torch.testing.assert_close(drawn.log_prob, gaussian(drawn.draws.flatten(0, 1)).reshape(4, 20))
    assert bool((drawn.energy >= -drawn.log_prob).all())
    assert drawn.depth.shape == drawn.leapfrogs.shape == drawn.acceptance.shape == (4, 20)
    assert bool((drawn.leapfrogs <= 2**drawn.depth).all())
    assert drawn.step_size.shape == (4,)


def test_progress_counts_every_draw() -> None:
    seen: list[tuple[int, int]] = []
    sample(gaussian, torch.zeros(2, 3, dtype=F64), num_samples=3, warmup=2, progress=lambda *at: seen.append(at))
    assert seen == [(i, 5) for i in range(1, 6)]


@pytest.mark.parametrize("warmup", [0, 3, 12, 20, 40])
def test_a_warm_up_of_any_length_leaves_a_step_that_moves(warmup: int) -> None:
    drawn = sample(gaussian, ROOT.mT.repeat(4, 1), num_samples=20, warmup=warmup)
    assert 0.4 < float(drawn.acceptance.mean()) < 0.99
