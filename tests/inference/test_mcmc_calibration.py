"""Simulation-based calibration: parameters drawn from the prior lie uniformly among the draws of their posteriors.

References:
    Talts, Betancourt, Simpson, Vehtari, Gelman, Validating Bayesian inference algorithms with simulation-based
    calibration, 2018, arXiv:1804.06788.
"""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.distributions import Gamma, Normal

from latentia.inference.mcmc import Method, sample
from tests.exact.mutants import killed, z_score

F64 = torch.float64
SETS, CHAINS, ROWS = 800, 2, 6


def _simulated() -> tuple[Tensor, Tensor]:
    """Unconstrained parameters `[SETS, 2]` (mean, log-scale) from the prior, and data `[SETS, ROWS]`."""
    generator = torch.Generator().manual_seed(0)
    mean = torch.randn(SETS, generator=generator, dtype=F64)
    # Gamma(3, 2) as a sum of three exponentials: distributions take no generator.
    scale = -torch.rand(SETS, 3, generator=generator, dtype=F64).log().sum(1) / 2
    noise = torch.randn(SETS, ROWS, generator=generator, dtype=F64)
    return torch.stack([mean, scale.log()], 1), mean[:, None] + scale[:, None] * noise


def _posterior_draws(method: Method) -> tuple[Tensor, Tensor]:
    """All posteriors in one run: truths `[SETS, 2]` and draws `[SETS, N, 2]`, nearly independent by thinning."""
    truth, data = _simulated()
    rows = data.repeat_interleave(CHAINS, 0)

    def log_prob(theta: Tensor) -> Tensor:
        mean, scale = theta[:, 0], theta[:, 1].exp()
        prior: Tensor = Normal(0.0, 1.0).log_prob(mean) + Gamma(3.0, 2.0).log_prob(scale) + theta[:, 1]
        data: Tensor = Normal(mean[:, None], scale[:, None]).log_prob(rows).sum(1)
        return prior + data

    drawn = sample(
        log_prob, torch.zeros(SETS * CHAINS, 2, dtype=F64), method=method, groups=SETS, num_samples=120, warmup=120,
        max_tree_depth=6, num_steps=5,
    )  # fmt: skip
    return truth, drawn.draws[:, ::3].reshape(SETS, -1, 2)


def is_calibrated(truth: Tensor, draws: Tensor) -> None:
    """Ranks are uniform: by the squares of their normal scores, which find 15% of width, and by a chi-square."""
    size = draws.shape[1]
    ranks = (draws < truth[:, None]).sum(1)
    for rank in ranks.T:
        scores = torch.special.ndtri((rank + 0.5) / (size + 1))
        # The mean square of the scores of all ranks, a little below 1 because ranks are discrete.
        every = torch.special.ndtri((torch.arange(size + 1, dtype=F64) + 0.5) / (size + 1)).square().mean()
        assert abs(z_score(scores, 0.0)) < 5
        assert abs(z_score(scores.square(), float(every))) < 5
        counts = torch.histc(rank.double() / (size + 1), 10, 0, 1)
        expected = SETS / 10
        chi_square = float(((counts - expected).square() / expected).sum())
        assert (chi_square - 9) / 18**0.5 < 5


@pytest.mark.parametrize("method", ["hmc", pytest.param("nuts", marks=pytest.mark.slow)])
def test_25_posteriors_are_calibrated_and_one_too_narrow_is_not(method: Method) -> None:
    truth, draws = _posterior_draws(method)
    is_calibrated(truth, draws)
    centre = draws.mean(1, keepdim=True)
    with killed():
        is_calibrated(truth, (draws - centre) * 0.85 + centre)
    with killed():
        is_calibrated(truth, draws + 0.3 * draws.std(1, keepdim=True))
