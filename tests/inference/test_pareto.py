"""Pareto-smoothed importance sampling against weights whose tail is known."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from latentia.errors import DataError, NonFiniteError
from latentia.inference.pareto import fit_generalised_pareto, psis, tail_length, verdict
from tests.exact.linear_gaussian import F64
from tests.exact.mutants import killed, z_score

ROWS, SAMPLES = 200, 10_000


def pareto(shape: float, rows: int = ROWS, samples: int = SAMPLES) -> Tensor:
    """Weights with a generalised Pareto distribution, of which every tail has the same shape; by inversion."""
    u = torch.rand(rows, samples, generator=torch.Generator().manual_seed(1), dtype=F64)
    return torch.expm1(-shape * torch.log1p(-u)) / shape


def shapes_recovered(shape: float, log_w: Tensor) -> None:
    """The mean over rows, freed from the prior of ten observations of 0.5, within Monte-Carlo error of the truth.

    The method of Zhang and Stephens is biased by order 1/M; that is allowed for, and a difference of 0.06 shows.
    """
    m = tail_length(SAMPLES)
    _, k = psis(log_w)
    free = ((m + 10) * k - 5) / m
    error = float(free.std()) / len(free) ** 0.5
    assert abs(float(free.mean()) - shape) < 5 * error + 5 / m
    assert 5 * error + 5 / m < 0.06


SHAPES = pytest.mark.parametrize("shape", [0.2, 0.5, 0.7, 1.0])


@SHAPES
def test_k_hat_is_the_shape_of_the_tail(shape: float) -> None:
    shapes_recovered(shape, pareto(shape).log())


@SHAPES
def test_mutants_of_the_shape_are_rejected(shape: float) -> None:
    w = pareto(shape)
    with killed():  # the tail of another power
        shapes_recovered(shape, 1.2 * w.log())
    with killed():  # the weights themselves for their excesses over the threshold
        m = tail_length(SAMPLES)
        k, _ = fit_generalised_pareto(w.sort().values[:, -m:])
        assert abs(float(k.mean()) - shape) < 0.06


def test_the_scale_is_recovered_beside_the_shape() -> None:
    w = 3.0 * pareto(0.3, samples=400)
    k, sigma = fit_generalised_pareto(w.sort().values)
    assert abs(z_score(k, 0.3)) < 5
    assert abs(float(sigma.mean()) - 3.0) < 0.05


def test_smoothing_keeps_the_mean_and_lowers_its_variance() -> None:
    smoothed, _ = psis(pareto(0.7).log())
    raw_error = float((pareto(0.7).mean(-1) - 1 / 0.3).square().mean().sqrt())
    error = float((smoothed.exp().mean(-1) - 1 / 0.3).square().mean().sqrt())
    assert error < raw_error
    thin, _ = psis(pareto(0.1).log())
    assert abs(z_score(thin.exp().mean(-1), 1 / 0.9)) < 5


def test_a_constant_in_the_log_weights_changes_nothing() -> None:
    log_w = pareto(0.6, 3, 500).log()
    smoothed, k = psis(log_w)
    for constant in (-2000.0, 0.25, 800.0):
        moved, same = psis(log_w + constant)
        torch.testing.assert_close(same, k, rtol=1e-9, atol=0)
        torch.testing.assert_close(moved - constant, smoothed, rtol=0, atol=1e-9)


def test_only_the_tail_moves_its_order_stays_and_nothing_exceeds_the_largest() -> None:
    log_w = pareto(0.6, 4, 400).log()
    smoothed, _ = psis(log_w)
    body = log_w.argsort(-1)[:, : -tail_length(400)]
    assert torch.equal(smoothed.gather(-1, body), log_w.gather(-1, body))
    assert torch.equal(smoothed.argsort(-1)[:, :-30], log_w.argsort(-1)[:, :-30])
    assert (smoothed.gather(-1, log_w.argsort(-1)).diff(dim=-1) >= 0).all()
    assert (smoothed <= log_w.amax(-1, keepdim=True)).all()


def test_rows_are_independent_of_one_another() -> None:
    log_w = torch.stack([pareto(0.3, 6, 300), pareto(0.9, 6, 300)]).log()
    smoothed, k = psis(log_w)
    assert k.shape == (2, 6)
    for i in range(2):
        for j in range(6):
            alone, shape = psis(log_w[i, j])
            torch.testing.assert_close(alone, smoothed[i, j], rtol=0, atol=1e-12)
            torch.testing.assert_close(shape, k[i, j], rtol=0, atol=1e-12)


def test_tails_without_a_shape() -> None:
    steady = torch.full((200,), -3.5, dtype=F64)
    smoothed, k = psis(steady)
    assert torch.equal(smoothed, steady)
    assert float(k) == -math.inf
    level = torch.randn(1000, generator=torch.Generator().manual_seed(0), dtype=F64).clamp_max(0.5)
    assert float(psis(level)[1]) == -math.inf  # all of the tail at one value
    few = torch.zeros(100, dtype=F64)
    few[:3] = torch.tensor([1.0, 2.0, 3.0], dtype=F64)
    smoothed, k = psis(few)
    assert float(k) == math.inf  # three weights above the others say nothing
    assert torch.equal(smoothed, few)


def test_ties_and_zeros_within_a_tail_leave_a_finite_fit() -> None:
    log_w = pareto(0.5, 1, 500)[0].log().mul(4).round().div(4)  # many ties
    smoothed, k = psis(log_w)
    assert smoothed.isfinite().all()
    assert 0.0 < float(k) < 1.2
    log_w[:400] = -math.inf  # no weight at all below the hundred largest
    smoothed, k = psis(log_w)
    assert torch.equal(smoothed[:400], log_w[:400])
    assert k.isfinite()


@pytest.mark.parametrize("samples", [1, 2, 20])
def test_few_samples_are_not_judged_and_not_touched(samples: int) -> None:
    log_w = torch.randn(3, samples, generator=torch.Generator().manual_seed(0), dtype=F64)
    smoothed, k = psis(log_w)
    assert torch.equal(smoothed, log_w)
    assert k.tolist() == [math.inf] * 3


def test_nothing_above_zero_and_nothing_at_all() -> None:
    log_w = torch.full((2, 100), -math.inf)
    smoothed, k = psis(log_w)
    assert torch.equal(smoothed, log_w)
    assert k.tolist() == [math.inf] * 2
    assert psis(torch.zeros(0, 100))[1].shape == (0,)
    with pytest.raises(DataError, match="one sample at least"):
        psis(torch.zeros(3, 0))
    with pytest.raises(NonFiniteError, match="2 of 3 log-weights"):
        psis(torch.tensor([0.0, math.nan, math.inf]))


def test_single_precision_agrees_with_double() -> None:
    log_w = pareto(0.6, 5, 1000).log()
    smoothed, k = psis(log_w)
    single, rough = psis(log_w.float())
    assert single.dtype == rough.dtype == torch.float32
    torch.testing.assert_close(rough.double(), k, rtol=0, atol=1e-4)
    torch.testing.assert_close(single.double(), smoothed, rtol=0, atol=1e-3)


def test_verdicts_in_words() -> None:
    assert verdict(0.4).startswith("good")
    assert verdict(-math.inf).startswith("good")
    assert verdict(0.6).startswith("usable")
    assert verdict(0.7).startswith("do not trust")
    assert verdict(math.inf).startswith("not judged")
