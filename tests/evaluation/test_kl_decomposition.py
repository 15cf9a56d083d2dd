"""Oracle 18 over all rows in chunks: the parts against sums over a grid, adding up, and I <= ln N."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from latentia.data import Resident
from latentia.data_model import DataModel
from latentia.distributions import normal
from latentia.errors import CompatibilityError, ConfigurationError
from latentia.evaluation import decomposition as module
from latentia.evaluation.decomposition import (
    KLDecomposition,
    aggregate_log_density,
    gaussian_total_correlation,
    kl_decomposition,
)
from latentia.evaluation.rate_distortion import rate_distortion
from latentia.objectives.penalties import factors
from latentia.recipes import autoencoder, vae
from tests.evaluation.test_streaming import _AsIs
from tests.exact.linear_gaussian import LinearGaussian, diagonal_posterior
from tests.exact.mutants import killed
from tests.exact.test_decomposition import CASES, grid, log_normal, truths
from tests.ledger import BINARY, COUNTS, REAL, Instance, spec

F64 = torch.float64
Aggregate = Callable[[Any, Tensor], tuple[Tensor, Tensor]]


def is_exact_over_all_rows(aggregate: Aggregate) -> None:
    """Sums over a grid of what the library says of q(z) and of its marginals, whatever the chunks."""
    for mean, scale in ((m.double(), s.double()) for m, s in CASES.values()):
        points, volume = grid(mean.shape[1])
        q = [factors(normal(mean[i : i + 1], scale[i : i + 1])) for i in range(len(mean))]
        joint, marginals = aggregate(q, points)
        true = truths(mean, scale)
        mixture = joint.exp() * volume
        prior = log_normal(points, torch.zeros(()), torch.ones(())).sum(1)
        rows = log_normal(points.unsqueeze(1), mean, scale).sum(2)
        information = float((rows.exp() * volume * (rows - joint.unsqueeze(1))).sum(0).mean())
        assert abs(information - true["information"]) < 1e-8
        assert abs(float((mixture * (joint - marginals.sum(1))).sum()) - true["correlation"]) < 1e-8
        assert abs(float((mixture * (marginals.sum(1) - prior)).sum()) - true["dimensions"]) < 1e-8
        assert information <= math.log(len(mean)) + 1e-9


def test_18_the_aggregate_posterior_is_exact_in_chunks() -> None:
    is_exact_over_all_rows(aggregate_log_density)


def test_18_mutants_of_the_aggregate() -> None:
    def without_n(q: Any, z: Tensor) -> tuple[Tensor, Tensor]:  # a sum over rows where the mean was meant
        joint, marginals = aggregate_log_density(q, z)
        return joint + math.log(len(q)), marginals

    def last_chunk_alone(q: Any, z: Tensor) -> tuple[Tensor, Tensor]:
        return aggregate_log_density(q[-1:], z)

    def largest_row(q: Any, z: Tensor) -> tuple[Tensor, Tensor]:  # a maximum in place of the log-sum
        found = [aggregate_log_density([each], z) for each in q]
        joint, marginals = (torch.stack(each).amax(0) for each in zip(*found, strict=True))
        return joint - math.log(len(q)), marginals - math.log(len(q))

    for mutant in (without_n, last_chunk_alone, largest_row):
        with killed():
            is_exact_over_all_rows(mutant)


def linear(num: int = 700) -> tuple[DataModel, Resident]:
    exact = LinearGaussian.random(6, 3, 0.3, orthogonal=True)
    data = replace(spec((6,), "real"), dtype="float64")
    return DataModel(exact.vae(diagonal_posterior(exact, exact=True)), data, _AsIs(data, "real")), Resident(
        exact.sample(num)
    )


def adds_up(found: KLDecomposition) -> None:
    assert found.kl == pytest.approx(found.information + found.correlation + found.dimensions, abs=1e-9)
    assert found.marginal_kl == pytest.approx(found.correlation + found.dimensions, abs=1e-9)
    assert found.dimensions == pytest.approx(sum(found.per_dimension), abs=1e-9)
    assert found.kl_se is not None
    assert abs(found.kl - found.kl_closed) < 5 * found.kl_se
    assert found.information <= found.ceiling + 1e-9


def test_18_the_parts_add_up_to_the_kl_and_information_stays_below_ln_n() -> None:
    model, source = linear()
    found = kl_decomposition(model, source)
    adds_up(found)
    assert (found.num_codes, found.num_examples) == (700, 700)
    assert found.ceiling == pytest.approx(math.log(700))
    # The exact model's aggregate posterior is its prior: only the sampling of 700 rows is left.
    assert found.marginal_kl < 0.5
    assert "follow the prior" in found.verdict
    with killed():  # the rows' own share counted twice
        adds_up(replace(found, information=found.information + math.log(2)))
    with killed():  # a code that would know more than which row it is of
        adds_up(replace(found, information=found.ceiling + 0.1, dimensions=found.dimensions - found.ceiling))


def test_chunks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    model, source = linear()
    whole = kl_decomposition(model, source, num_codes=100)
    monkeypatch.setattr(module, "_PAIRS", 5000)
    parts = kl_decomposition(model, source, num_codes=100)
    assert parts.num_codes == 100
    assert parts.information == pytest.approx(whole.information, abs=1e-9)
    assert parts.per_dimension == pytest.approx(whole.per_dimension, abs=1e-9)
    assert whole == replace(kl_decomposition(model, source, num_codes=100))


def test_a_network_and_what_is_refused() -> None:
    model = DataModel(vae(BINARY, latent_dim=3, hidden=(8,))[0], BINARY)
    rows = Resident(torch.randint(0, 2, (600, *BINARY.shape), dtype=torch.uint8))
    adds_up(replace(found := kl_decomposition(model, rows), kl_closed=found.kl))
    assert found.verdict
    coins = DataModel(Instance("vimco", BINARY, {"latent_dim": 3, "hidden": (8,)}).build()[0].float(), BINARY)
    adds_up(kl_decomposition(coins, rows))
    for posterior, prior in (("full", "standard"), ("diagonal", "vamp"), ("sphere", None)):
        options = {"posterior": posterior, "latent_dim": 3, "hidden": (8,)} | ({"prior": prior} if prior else {})
        other = DataModel(Instance("vae", REAL, options).build()[0], REAL)
        with pytest.raises(CompatibilityError, match="cannot be split"):
            kl_decomposition(other, Resident(torch.zeros(3, 7)))
    with pytest.raises(ConfigurationError, match="num_codes"):
        kl_decomposition(model, rows, num_codes=0)


def test_total_correlation_of_a_gaussian_is_the_known_one() -> None:
    generator = torch.Generator().manual_seed(0)
    z = torch.randn(200_000, 2, generator=generator, dtype=F64)
    z = torch.stack([z[:, 0], 0.6 * z[:, 0] + 0.8 * z[:, 1], torch.zeros(len(z))], dim=1)
    assert gaussian_total_correlation(z) == pytest.approx(-0.5 * math.log(1 - 0.36), abs=0.005)
    assert gaussian_total_correlation(z[:, :1]) == 0


def test_points_of_rate_and_distortion() -> None:
    models = [DataModel(vae(REAL, latent_dim=2, hidden=(8,))[0], REAL) for _ in range(2)]
    rows = Resident(torch.randn(40, 7, generator=torch.Generator().manual_seed(0)))
    first, second = rate_distortion(models, rows, betas=(1.0, 4.0))
    assert (first.beta, second.beta) == (1.0, 4.0)
    for point in (first, second):
        # The bound is without beta, whatever the model was trained with.
        assert point.elbo == pytest.approx(-(point.rate + point.distortion), abs=1e-6)
    assert first.efficient or second.efficient
    with pytest.raises(ConfigurationError, match="one beta"):
        rate_distortion(models, rows, betas=(1.0,))
    with pytest.raises(CompatibilityError, match="no KL"):
        rate_distortion([DataModel(autoencoder(REAL, latent_dim=2, hidden=(8,))[0], REAL)], rows, betas=(1.0,))
    other = DataModel(vae(COUNTS, latent_dim=2, hidden=(8,))[0], COUNTS)
    with pytest.raises(CompatibilityError, match="different units"):
        rate_distortion([models[0], other], rows, betas=(1.0, 1.0))
