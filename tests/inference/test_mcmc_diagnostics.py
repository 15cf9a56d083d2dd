"""Diagnostics against processes whose numbers are known, against definitions by hand, and against Pyro's."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from latentia.errors import CompatibilityError
from latentia.inference.mcmc import Parameter, Parameters, Samples, diagnostics, sample, sample_parameters
from latentia.inference.mcmc.summary import Conduct, summarise
from tests.exact.mutants import killed

F64 = torch.float64


def autoregressive(rho: float, chains: int, draws: int, columns: int, seed: int = 0) -> Tensor:
    """AR(1) chains of unit variance, begun in their stationary state: `[C, S, columns]`."""
    noise = torch.randn(draws, chains, columns, generator=torch.Generator().manual_seed(seed), dtype=F64)
    made = [noise[0]]
    for step in noise[1:]:
        made.append(rho * made[-1] + math.sqrt(1 - rho**2) * step)
    return torch.stack(made, 1)


def ess_is_that_of_the_process(rho: float, ess: object = diagnostics.ess_mean) -> None:
    """n (1 - rho) / (1 + rho), within 4% averaged over 40 processes."""
    draws = autoregressive(rho, 4, 4000, 40)
    share = float((ess(draws) / 16_000).mean())  # type: ignore[operator] # any estimator
    assert abs(share / ((1 - rho) / (1 + rho)) - 1) < 0.04, share


@pytest.mark.parametrize("rho", [0.0, 0.5, 0.9, -0.4])
def test_effective_size_of_an_autoregressive_process(rho: float) -> None:
    ess_is_that_of_the_process(rho)
    ess_is_that_of_the_process(rho, diagnostics.ess_bulk)


def test_effective_size_mutants() -> None:
    with killed():  # all draws taken for independent
        ess_is_that_of_the_process(0.5, lambda draws: torch.full((40,), 16_000.0))
    with killed():  # the sum of correlations without the factor two
        ess_is_that_of_the_process(0.5, lambda draws: 16_000 / ((16_000 / diagnostics.ess_mean(draws) + 1) / 2))


def test_effective_size_of_the_mean_of_chains_that_disagree_is_about_their_number() -> None:
    apart = autoregressive(0.0, 4, 1000, 1) + 10 * torch.arange(4, dtype=F64)[:, None, None]
    assert float(diagnostics.ess_mean(apart)) < 8


def test_classical_rhat_by_hand() -> None:
    draws = autoregressive(0.3, 3, 11, 2)
    rows = draws.numpy()
    halves = np.concatenate([rows[:, :5], rows[:, 6:]])
    within = halves.var(axis=1, ddof=1).mean(0)
    between = 5 * halves.mean(axis=1).var(axis=0, ddof=1)
    by_hand = np.sqrt((4 / 5 * within + between / 5) / within)
    np.testing.assert_allclose(diagnostics.split_rhat(draws).numpy(), by_hand, rtol=1e-12)


def test_rhat_sees_place_drift_and_width() -> None:
    same = autoregressive(0.0, 4, 500, 1)
    assert float(diagnostics.rhat(same)) < 1.01
    place = same + torch.tensor([0.0, 0.0, 0.0, 1.0], dtype=F64)[:, None, None]
    drift = same + torch.linspace(0, 1.5, 500, dtype=F64)[:, None]
    width = same * torch.tensor([1.0, 1.0, 1.0, 3.0], dtype=F64)[:, None, None]
    for draws in (place, drift, width):
        assert float(diagnostics.rhat(draws)) > 1.05
    assert float(diagnostics.split_rhat(width)) < 1.01  # which only the folded ranks show


def test_rhat_of_heavy_tails_is_finite_and_blind_to_a_monotone_map() -> None:
    draws = autoregressive(0.2, 4, 400, 1)
    cauchy = (torch.special.ndtr(draws) * math.pi - math.pi / 2).tan()
    torch.testing.assert_close(diagnostics.ess_bulk(cauchy), diagnostics.ess_bulk(draws))
    torch.testing.assert_close(diagnostics.rank_normalised(cauchy), diagnostics.rank_normalised(draws))


def test_ranks_that_tie_share_their_mean() -> None:
    scores = diagnostics.rank_normalised(torch.tensor([[1.0, 2.0], [2.0, 5.0]]))
    ranks = torch.tensor([[1.0, 2.5], [2.5, 4.0]], dtype=F64)
    torch.testing.assert_close(scores, torch.special.ndtri((ranks - 0.375) / 4.25))


def test_standard_errors_are_those_of_repeated_runs() -> None:
    """The spread of 400 means and standard deviations of AR(1) chains, to 12%."""
    draws = autoregressive(0.6, 4, 1000, 400)
    flat = draws.flatten(0, 1)
    for made, errors in (
        (flat.mean(0), diagnostics.mcse_mean(draws)),
        (flat.std(0), diagnostics.mcse_std(draws)),
    ):
        assert abs(float(errors.square().mean().sqrt() / made.std()) - 1) < 0.12


def test_tails_are_those_of_the_quantiles() -> None:
    draws = autoregressive(0.0, 4, 2000, 20)
    assert 0.8 < float(diagnostics.ess_tail(draws).mean()) / 8000 < 1.1


def test_energy_of_independent_draws_and_of_a_slow_walk() -> None:
    independent = autoregressive(0.0, 4, 4000, 1)[..., 0]
    torch.testing.assert_close(diagnostics.bfmi(independent), torch.full((4,), 2.0, dtype=F64), rtol=0.1, atol=0)
    slow = autoregressive(0.95, 4, 4000, 1)[..., 0]
    torch.testing.assert_close(diagnostics.bfmi(slow), torch.full((4,), 0.1, dtype=F64), rtol=0.25, atol=0)


def test_the_same_numbers_as_pyro() -> None:
    stats = pytest.importorskip("pyro.ops.stats")
    draws = autoregressive(0.5, 4, 1000, 5)
    torch.testing.assert_close(
        diagnostics.split_rhat(draws), stats.split_gelman_rubin(draws, chain_dim=0, sample_dim=1), rtol=1e-9, atol=0
    )
    torch.testing.assert_close(
        diagnostics.basic_rhat(draws), stats.gelman_rubin(draws, chain_dim=0, sample_dim=1), rtol=1e-9, atol=0
    )
    # Pyro divides the sum at lag t by the S - t pairs that are there, which has less bias and more noise.
    pairs = torch.arange(1000, 0, -1, dtype=F64)[:, None] / 1000
    covariance = stats.autocovariance(draws, dim=1)
    torch.testing.assert_close(diagnostics.autocovariance(draws) / pairs, covariance, rtol=1e-6, atol=1e-9)
    torch.testing.assert_close(
        diagnostics.ess_of_chains(draws), stats.effective_sample_size(draws, chain_dim=0, sample_dim=1), rtol=0.02,
        atol=0,
    )  # fmt: skip


def test_too_few_draws_are_refused() -> None:
    for function in (diagnostics.rhat, diagnostics.ess_bulk, diagnostics.ess_tail, diagnostics.mcse_mean):
        with pytest.raises(CompatibilityError, match="8 draws"):
            function(torch.zeros(4, 5, 2))


FINE = Conduct(0, 1.0, 0)


def test_a_verdict_says_what_is_wrong_and_what_to_do() -> None:
    good = autoregressive(0.0, 4, 1000, 2)
    assert summarise(["a", "b"], good, FINE).converged
    assert summarise(["a", "b"], good, FINE).verdict.startswith("Converged: 4 chains agree")
    bad = good + torch.arange(4, dtype=F64)[:, None, None] * torch.tensor([1.0, 0.0], dtype=F64)
    for draws, conduct, words in (
        (bad, FINE, "disagree about a "),
        (good[:, :50], FINE, "too few effective draws"),
        (good, Conduct(3, 1.0, 0), "3 of 4000 trajectories diverged"),
        (good, Conduct(0, 0.1, 0), "E-BFMI 0.10"),
        (good, Conduct(0, 1.0, 7), "max_tree_depth"),
        (good[:1], FINE, "single chain"),
    ):
        summary = summarise(["a", "b"], draws, conduct)
        assert not summary.converged
        assert words in summary.verdict
        assert str(summary).endswith(summary.verdict)


def test_the_table_of_named_parameters() -> None:
    drawn = sample_parameters(
        lambda v: -v["w"].square().sum() / 2 - v["b"].square() / 2, {"w": (1, 2), "b": ()}, num_samples=20, warmup=30
    )
    summary = drawn.summary()
    assert [row.name for row in summary.rows] == ["w[0,0]", "w[0,1]", "b"]
    torch.testing.assert_close(summary.rows[2].mean, float(drawn.values["b"].mean()))
    assert len(str(summary).splitlines()) == 5


def test_numbers_that_never_move_do_not_count() -> None:
    root = Parameters({"root": Parameter((2, 2), torch.distributions.constraints.corr_cholesky)})
    drawn = sample_parameters(lambda v: -v["root"][1, 0].square() * 3, root, num_samples=100, warmup=50, chains=4)
    summary = drawn.summary()
    assert [row.constant for row in summary.rows] == [True, True, False, False]
    assert "root[0,0]" not in summary.verdict


def test_vectors_without_names_have_no_values() -> None:
    drawn = sample(lambda z: -z.square().sum(-1), torch.zeros(2, 2), num_samples=10, warmup=20)
    assert isinstance(drawn, Samples)
    assert drawn.columns()[0] == ("theta[0]", "theta[1]")
    with pytest.raises(CompatibilityError, match="without names"):
        _ = drawn.values
