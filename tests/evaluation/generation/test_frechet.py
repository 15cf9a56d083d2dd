"""The Fréchet distance against its formula where covariances commute, its bias, and singular covariances."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from latentia.errors import ConfigurationError, DataError
from latentia.evaluation.generation import frechet_at_infinity, frechet_distance, frechet_of_moments
from tests.evaluation.generation.splits import normal
from tests.exact.mutants import killed, z_score

OfMoments = Callable[[Tensor, Tensor, Tensor, Tensor], float]


def rotation(size: int, seed: int) -> Tensor:
    turn: Tensor = torch.linalg.qr(normal(size, size, seed=seed)).Q
    return turn


def covariance(size: int, seed: int) -> Tensor:
    root = normal(size, size, seed=seed)
    return root @ root.T + 0.1 * torch.eye(size, dtype=torch.float64)


# --- of moments -----------------------------------------------------------------------------------------------------


def covariances_that_commute(measure: OfMoments) -> None:
    # Then d^2 = |m_a - m_b|^2 + sum_j (sqrt a_j - sqrt b_j)^2.
    turn = rotation(5, 0)
    a, b = torch.tensor([4.0, 1.0, 9.0, 0.0, 2.5]).double(), torch.tensor([1.0, 1.0, 0.25, 3.0, 0.0]).double()
    mean = normal(2, 5, seed=1)
    found = measure(mean[0], turn @ a.diag() @ turn.T, mean[1], turn @ b.diag() @ turn.T)
    expected = (mean[0] - mean[1]).square().sum() + (a.sqrt() - b.sqrt()).square().sum()
    assert found == pytest.approx(float(expected), rel=1e-7)


def two_dimensions_in_closed_form(measure: OfMoments) -> None:
    # For 2 x 2 matrices tr (AB)^{1/2} = sqrt(tr AB + 2 sqrt(det AB)).
    a, b = covariance(2, 3), covariance(2, 4)
    zero = torch.zeros(2, dtype=torch.float64)
    trace = (a @ b).trace() + 2 * torch.linalg.det(a @ b).sqrt()
    expected = a.trace() + b.trace() - 2 * trace.sqrt()
    assert measure(zero, a, zero, b) == pytest.approx(float(expected), rel=1e-9)


def mutant_root_of_the_product_elementwise(m: Tensor, a: Tensor, n: Tensor, b: Tensor) -> float:
    return float((m - n).square().sum() + a.trace() + b.trace() - 2 * (a @ b).diagonal().clamp_min(0).sqrt().sum())


def mutant_one_root_only(m: Tensor, a: Tensor, n: Tensor, b: Tensor) -> float:
    return (frechet_of_moments(m, a, n, b) + float((m - n).square().sum() + a.trace() + b.trace())) / 2


def mutant_root_of_the_trace_norm(m: Tensor, a: Tensor, n: Tensor, b: Tensor) -> float:
    """The singular values of A B in place of the eigenvalues: the same only where they commute."""
    overlap = torch.linalg.svdvals(a @ b).sqrt().sum()
    return float((m - n).square().sum() + a.trace() + b.trace() - 2 * overlap)


def test_of_moments() -> None:
    covariances_that_commute(frechet_of_moments)
    two_dimensions_in_closed_form(frechet_of_moments)


@pytest.mark.parametrize(
    "mutant", [mutant_root_of_the_product_elementwise, mutant_one_root_only, mutant_root_of_the_trace_norm]
)
def test_mutants_of_the_formula(mutant: OfMoments) -> None:
    with killed():
        two_dimensions_in_closed_form(mutant)


def test_real_for_singular_covariances_that_share_no_direction() -> None:
    zero = torch.zeros(2)
    assert (
        frechet_of_moments(zero, torch.diag(torch.tensor([1.0, 0.0])), zero, torch.diag(torch.tensor([0.0, 4.0]))) == 5
    )


@given(st.integers(0, 10_000))
@settings(max_examples=30, deadline=None)
def test_it_is_a_squared_metric_that_turns_do_not_change(seed: int) -> None:
    means = normal(3, 4, seed=seed)
    a, b, c = (covariance(4, seed + i) for i in range(3))
    ab = frechet_of_moments(means[0], a, means[1], b)
    assert ab == pytest.approx(frechet_of_moments(means[1], b, means[0], a), rel=1e-9)
    assert frechet_of_moments(means[0], a, means[0], a) == pytest.approx(0, abs=1e-9)
    through = math.sqrt(frechet_of_moments(means[0], a, means[2], c)) + math.sqrt(
        frechet_of_moments(means[2], c, means[1], b)
    )
    assert math.sqrt(ab) <= through + 1e-9
    turn = rotation(4, seed)
    turned = frechet_of_moments(turn @ means[0], turn @ a @ turn.T, turn @ means[1], turn @ b @ turn.T)
    assert turned == pytest.approx(ab, rel=1e-8)


# --- of rows --------------------------------------------------------------------------------------------------------


def the_distance_of_rows_is_that_of_their_moments(measure: Callable[[Tensor, Tensor], float]) -> None:
    for rows in ((50, 40), (4, 50), (3, 4)):  # also fewer rows than features
        x, y = normal(rows[0], 6), normal(rows[1], 6, seed=1) @ covariance(6, 2) + 1
        expected = frechet_of_moments(x.mean(0), x.T.cov(), y.mean(0), y.T.cov())
        assert measure(x, y) == pytest.approx(expected, rel=1e-7)


def mutant_over_n(x: Tensor, y: Tensor) -> float:
    return frechet_of_moments(x.mean(0), x.T.cov(correction=0), y.mean(0), y.T.cov(correction=0))


def mutant_not_centred(x: Tensor, y: Tensor) -> float:
    return frechet_of_moments(x.mean(0), x.T @ x / (len(x) - 1), y.mean(0), y.T @ y / (len(y) - 1))


def test_the_distance_of_rows_is_that_of_their_moments() -> None:
    the_distance_of_rows_is_that_of_their_moments(frechet_distance)
    for mutant in (mutant_over_n, mutant_not_centred):
        with killed():
            the_distance_of_rows_is_that_of_their_moments(mutant)


def test_far_from_the_origin_it_keeps_its_digits() -> None:
    x, y = normal(40, 3), normal(40, 3, seed=1) * 2
    assert frechet_distance(x + 1e7, y + 1e7) == pytest.approx(frechet_distance(x, y), rel=1e-6)
    assert frechet_distance(3 * x, 3 * y) == pytest.approx(9 * frechet_distance(x, y), rel=1e-9)
    assert frechet_distance(x, x.flip(0)) == pytest.approx(0, abs=1e-12)


def test_the_bias_falls_like_one_over_n_and_extrapolation_removes_it() -> None:
    # 60 pairs of sets of one distribution; |z| < 5 lets through a bias of a quarter of the finite distance at most.
    repeats, size = 60, 5
    halves, wholes, limits = [], [], []
    for seed in range(repeats):
        x, y = normal(400, size, seed=seed), normal(400, size, seed=seed + 1000)
        halves.append(frechet_distance(x[:200], y[:200]))
        wholes.append(frechet_distance(x, y))
        limits.append(frechet_at_infinity(x, y, seed=seed))
    assert sum(wholes) == pytest.approx(sum(halves) / 2, rel=0.1)
    assert abs(z_score(limits, 0.0)) < 5
    with killed():
        assert abs(z_score(wholes, 0.0)) < 5


def test_a_true_distance_is_found_in_the_limit() -> None:
    # N(0, I) against N(1, 4 I) in two dimensions: 2 + 2.
    found = frechet_at_infinity(normal(20_000, 2), 1 + 2 * normal(20_000, 2, seed=1))
    assert found == pytest.approx(4.0, abs=0.15)


def test_too_few_rows_are_not_extrapolated() -> None:
    assert frechet_at_infinity(normal(70, 9), normal(70, 9, seed=1)) is None
    assert frechet_at_infinity(normal(60, 1), normal(60, 1, seed=1)) is None


def test_what_has_no_distance_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    eye = torch.eye(2)
    with pytest.raises(DataError, match=r"give \[F\], \[F\], \[F, F\], \[F, F\]"):
        frechet_of_moments([0.0], eye, [0.0, 0.0], eye)
    with pytest.raises(DataError, match="not symmetric"):
        frechet_of_moments([0.0, 0.0], [[1.0, 0.5], [0.0, 1.0]], [0.0, 0.0], eye)
    with pytest.raises(DataError, match="eigenvalue -1"):
        frechet_of_moments([0.0, 0.0], [[0.0, 1.0], [1.0, 0.0]], [0.0, 0.0], eye)
    with pytest.raises(DataError, match="at least 2 are needed"):
        frechet_distance([[1.0]], [[1.0], [2.0]])
    monkeypatch.setattr("latentia.evaluation.generation.frechet.LARGEST", 3)
    with pytest.raises(ConfigurationError, match="would take hours"):
        frechet_distance(normal(9, 4), normal(9, 4))
