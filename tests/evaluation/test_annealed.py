"""Oracle 17 on trained models' own ground: annealing over a source, in the data's units, and the sandwich."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from latentia.data import Resident
from latentia.data.preparation import Preparation
from latentia.data_model import DataModel
from latentia.errors import CompatibilityError, ConfigurationError
from latentia.evaluation.annealed import AnnealedRows, annealed_evidence, annealed_log_likelihood
from latentia.evaluation.simulated_sandwich import SandwichEvidence, sandwich
from latentia.recipes import top_down, vae
from tests.exact.linear_gaussian import LinearGaussian, diagonal_posterior
from tests.exact.mutants import killed
from tests.ledger import BINARY, COUNTS, REAL, Instance, spec

EXACT = LinearGaussian.random(5, 2, 0.4)
SCALE, SHIFT = 3.0, 10.0


class _Affine(Preparation):
    """x = (raw - 10) / 3, in float64."""

    def forward(self, raw: Tensor) -> Tensor:
        return (raw - SHIFT) / SCALE

    expected = forward


def linear(exact: LinearGaussian = EXACT) -> DataModel:
    """A linear-Gaussian model whose q is the posterior of another, over raw = 3 x + 10."""
    d, k = exact.weight.shape
    q = diagonal_posterior(LinearGaussian.random(d, k, 1.0, orthogonal=True), exact=True)
    data = replace(spec((d,), "real"), mean=(SHIFT,) * d, std=(SCALE,) * d, dtype="float64")
    return DataModel(exact.vae(q), data, _Affine(data, "real"))


def raw_rows(num: int = 12) -> tuple[Resident, Tensor]:
    x = EXACT.sample(num)
    return Resident(SCALE * x + SHIFT), EXACT.marginal.log_prob(x) - 5 * math.log(SCALE)


def is_the_exact_likelihood(rows: AnnealedRows, truth: Tensor) -> None:
    """Within five standard errors of the mean over rows, at most 0.5 nats."""
    error = float(rows.error.square().sum().sqrt()) / len(truth)
    assert error < 0.1
    assert abs(float((rows.log_likelihood - truth).mean())) < 5 * error
    assert float((rows.bound - truth).mean()) < 5 * error


@pytest.mark.parametrize("start", ["prior", "posterior"])
def test_17_annealing_gives_the_likelihood_of_the_data_in_their_own_units(start: Any) -> None:
    source, truth = raw_rows()
    rows = annealed_log_likelihood(linear(), source, num_temperatures=100, num_chains=64, leapfrogs=5, start=start)
    is_the_exact_likelihood(rows, truth)
    with killed():  # the change of variables forgotten
        is_the_exact_likelihood(replace(rows, log_likelihood=rows.log_likelihood + 5 * math.log(SCALE)), truth)
    with killed():  # the sum of the weights in place of their mean
        is_the_exact_likelihood(replace(rows, log_likelihood=rows.log_likelihood + math.log(64)), truth)


def brackets(found: SandwichEvidence, truth: float) -> None:
    assert found.lower < truth + 5 * found.lower_se
    assert found.upper > truth - 5 * found.upper_se
    assert found.gap == pytest.approx(found.upper - found.lower)
    assert found.gap > -5 * (found.lower_se + found.upper_se)


@pytest.mark.parametrize(
    ("k", "d", "sizes"),
    [(2, 5, (8, 64)), (10, 15, (8, 64)), pytest.param(50, 60, (100, 1000), marks=pytest.mark.slow)],
)
def test_17_the_sandwich_of_simulated_rows_holds_the_exact_value(k: int, d: int, sizes: tuple[int, int]) -> None:
    exact = LinearGaussian.random(d, k)
    model = linear(exact)
    gaps = []
    for size in sizes:
        found = sandwich(model, num_rows=16, num_chains=16, num_temperatures=size, leapfrogs=5)
        torch.manual_seed(0)
        brackets(found, float(_truth(model, exact, 16).mean()))
        gaps.append(found.gap)
    assert gaps[1] < gaps[0] / 3
    with killed():  # turned over
        brackets(replace(found, lower=found.upper + 1, upper=found.lower - 1), float(_truth(model, exact, 16).mean()))


def _truth(model: DataModel, exact: LinearGaussian, size: int) -> Tensor:
    """The exact likelihood of the very rows that are simulated."""
    from latentia.data_model import seeded
    from latentia.evaluation.blocks import stream
    from latentia.evaluation.path_ends import simulated

    with torch.no_grad(), seeded(stream(0, "simulation", 0), model.device):
        _, x, _ = simulated(model.vae, size)
    truth: Tensor = exact.marginal.log_prob(x) - len(exact.mean) * math.log(SCALE)
    return truth


@pytest.mark.parametrize("data", [BINARY, REAL])
def test_the_sandwich_closes_on_a_network(data: Any) -> None:
    model = DataModel(vae(data, latent_dim=2, hidden=(8,))[0], data)
    found = sandwich(model, num_rows=20, num_chains=8, num_temperatures=50, leapfrogs=4)
    assert -5 * (found.lower_se + found.upper_se) < found.gap < 0.5
    assert "known to" in found.verdict


def test_a_summary_says_what_it_rests_on() -> None:
    source, truth = raw_rows(20)
    found = annealed_evidence(linear(), source, num_rows=7, num_temperatures=40, num_chains=8, leapfrogs=5, seed=4)
    kept = truth[torch.arange(7) * 20 // 7]
    assert found.log_likelihood == pytest.approx(float(kept.mean()), abs=0.5)
    assert (found.num_examples, found.num_chains, found.num_temperatures, found.seed) == (7, 8, 40, 4)
    assert found.units == "nats of density, per unit of the data"
    assert found.log_likelihood >= found.bound
    assert found.verdict.startswith("can be trusted")
    assert found.to_dict()["start"] == "prior"
    again = annealed_evidence(linear(), source, num_rows=7, num_temperatures=40, num_chains=8, leapfrogs=5, seed=4)
    assert again == found


def test_a_model_in_which_no_chain_can_move_is_refused() -> None:
    for name, options, data in (
        ("autoencoder", {}, REAL),
        ("vae", {"posterior": "sphere"}, REAL),
        ("vae", {"posterior": "dirichlet"}, REAL),
        ("vimco", {}, BINARY),
    ):
        vae_, _ = Instance(name, data, {"latent_dim": 3, "hidden": (8,), **options}).build()
        model = DataModel(vae_, data)
        rows = Resident(torch.zeros(2, *data.shape))
        with pytest.raises(CompatibilityError, match="such as vae"):
            annealed_log_likelihood(model, rows)
        with pytest.raises(CompatibilityError, match="such as vae"):
            sandwich(model)
    deep = DataModel(top_down(REAL, latent_dim=3, top_dim=2, hidden=(8,))[0], REAL)
    with pytest.raises(CompatibilityError, match="2 groups"):
        annealed_log_likelihood(deep, Resident(torch.zeros(2, 7)))
    multinomial = DataModel(vae(COUNTS, latent_dim=2, hidden=(8,), likelihood="multinomial")[0], COUNTS)
    with pytest.raises(CompatibilityError, match="given their total"):
        sandwich(multinomial)


def test_impossible_numbers_are_refused() -> None:
    source, _ = raw_rows()
    with pytest.raises(ConfigurationError, match="num_chains"):
        annealed_log_likelihood(linear(), source, num_chains=0)
    with pytest.raises(ConfigurationError, match="at least 1"):
        annealed_evidence(linear(), source, num_rows=0)
    with pytest.raises(ConfigurationError, match="at least 1"):
        sandwich(linear(), num_rows=0)
