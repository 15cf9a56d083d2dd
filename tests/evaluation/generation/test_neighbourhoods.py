"""Precision, recall, density and coverage: by hand, in expectation over every split, and what leaves them alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from latentia.errors import ConfigurationError, DataError
from latentia.evaluation.generation import (
    DensityCoverage,
    PrecisionRecall,
    density_coverage,
    expected_coverage,
    precision_recall,
)
from tests.evaluation.generation.splits import average, normal
from tests.exact.mutants import killed

PR = Callable[..., PrecisionRecall]
DC = Callable[..., DensityCoverage]


def column(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)[:, None]


# --- by hand --------------------------------------------------------------------------------------------------------


def precision_recall_on_a_line(measure: PR) -> None:
    # Radii of the data (1st neighbour): 1, 1, 2, so [-1, 1], [0, 2], [1, 5]; of the samples 0.5, 0.5, 3.5, 4.
    real, fake = column(0, 1, 3), column(5, 5.5, 9, -9)
    found = measure(real, fake, k=1)
    # 5 lies on the edge of [1, 5]; the samples' balls are [4.5, 5.5], [5, 6], [5.5, 12.5], [-23, 5].
    assert (found.precision, found.recall) == (1 / 4, 1.0)
    # Radii of the 2nd neighbour: 3, 2, 3, so [-3, 3], [-1, 3], [0, 6].
    assert measure(real, fake, k=2).precision == 2 / 4


def mutant_own_row_is_a_neighbour(real: Tensor, fake: Tensor, *, k: int) -> PrecisionRecall:
    return precision_recall(real, fake, k=k - 1) if k > 1 else PrecisionRecall(0.0, 0.0)


def mutant_swapped(real: Tensor, fake: Tensor, *, k: int) -> PrecisionRecall:
    return precision_recall(fake, real, k=k)


def test_precision_and_recall_on_a_line() -> None:
    precision_recall_on_a_line(precision_recall)


@pytest.mark.parametrize("mutant", [mutant_own_row_is_a_neighbour, mutant_swapped])
def test_mutants_of_precision(mutant: PR) -> None:
    with killed():
        precision_recall_on_a_line(mutant)


def density_and_coverage_on_a_line(measure: DC) -> None:
    # Balls [-1, 1], [0, 2], [1, 5]: 0.5 lies in two of them, 5 on the edge of one, 9 in none.
    assert measure(column(0, 1, 3), column(0.5, 5, 9), k=1) == DensityCoverage(3 / 3, 1.0)
    # Balls [-3, 3], [-1, 3], [0, 6].
    assert measure(column(0, 1, 3), column(4, 5, 9), k=2) == DensityCoverage(2 / (2 * 3), 1 / 3)


def mutant_not_over_k(real: Tensor, fake: Tensor, *, k: int) -> DensityCoverage:
    found = density_coverage(real, fake, k=k)
    return DensityCoverage(found.density * k, found.coverage)


def mutant_balls_of_samples(real: Tensor, fake: Tensor, *, k: int) -> DensityCoverage:
    return density_coverage(fake, real, k=k)


def test_density_and_coverage_on_a_line() -> None:
    density_and_coverage_on_a_line(density_coverage)


@pytest.mark.parametrize("mutant", [mutant_not_over_k, mutant_balls_of_samples])
def test_mutants_of_density(mutant: DC) -> None:
    with killed():
        density_and_coverage_on_a_line(mutant)


def test_equal_sets_and_far_sets() -> None:
    x = normal(40, 3)
    assert precision_recall(x, x.flip(0)) == PrecisionRecall(1.0, 1.0)
    assert density_coverage(x, x).coverage == 1.0
    assert precision_recall(x, x + 100) == PrecisionRecall(0.0, 0.0)
    assert density_coverage(x, x + 100) == DensityCoverage(0.0, 0.0)


def test_rows_that_all_repeat_lie_in_balls_of_radius_zero() -> None:
    same = torch.ones(6, 2)
    assert precision_recall(same, same) == PrecisionRecall(1.0, 1.0)
    assert density_coverage(same, same).coverage == 1.0
    assert precision_recall(same, same + 1e-3).precision == 0.0


def test_one_outlier_of_the_data_fools_precision_and_not_density() -> None:
    data = torch.cat([normal(50, 2), torch.full((1, 2), 1000.0, dtype=torch.float64)])
    samples = normal(50, 2, seed=1) * 0.1 + 500
    assert precision_recall(data, samples).precision == 1.0
    assert density_coverage(data, samples).density <= 1 / 5
    assert density_coverage(data, samples).coverage <= 1 / 51


# --- equal distributions: the average over all splits of a pool is exact --------------------------------------------


def coverage_of_equal_laws(expected: Callable[[int, int, int], float]) -> None:
    for rows, first, k in ((9, 4, 1), (10, 4, 2), (9, 6, 3)):
        pool = normal(rows, 2, seed=rows + k)
        mean, _ = average(pool, first, lambda a, b, k=k: density_coverage(a, b, k=k).coverage)  # type: ignore[misc]
        assert mean == pytest.approx(expected(first, rows - first, k), abs=1e-12)


def mutant_every_row_is_a_rival(real: int, fake: int, k: int) -> float:
    return expected_coverage(real + 1, fake, k)


def test_coverage_of_equal_laws_is_that_of_the_paper() -> None:
    coverage_of_equal_laws(expected_coverage)
    with killed():
        coverage_of_equal_laws(mutant_every_row_is_a_rival)
    with killed():
        coverage_of_equal_laws(lambda real, fake, k: 1 - 2.0**-k)


def test_density_of_equal_laws_is_one() -> None:
    for first, k in ((4, 1), (5, 3)):
        mean, _ = average(normal(9, 2), first, lambda a, b, k=k: density_coverage(a, b, k=k).density)  # type: ignore[misc]
        assert mean == pytest.approx(1.0, abs=1e-12)
        with killed():
            mean, _ = average(normal(9, 2), first, lambda a, b, k=k: density_coverage(a, b, k=k).density * k / (k + 1))  # type: ignore[misc]
            assert mean == pytest.approx(1.0, abs=1e-12)


def test_expected_coverage_for_many_rows() -> None:
    assert expected_coverage(100_000, 100_000, 5) == pytest.approx(1 - 2.0**-5, abs=1e-4)
    with pytest.raises(ConfigurationError, match="give N > k"):
        expected_coverage(5, 10, 5)


# --- what leaves them alone -----------------------------------------------------------------------------------------


def everything(real: Tensor, fake: Tensor) -> tuple[float, ...]:
    shares, counts = precision_recall(real, fake, k=2), density_coverage(real, fake, k=2)
    return shares.precision, shares.recall, counts.density, counts.coverage


@given(st.integers(0, 10_000), st.floats(0.01, 100), st.floats(-1000, 1000))
@settings(max_examples=40, deadline=None)
def test_moves_turns_scales_and_orders_change_nothing(seed: int, scale: float, shift: float) -> None:
    real, fake = normal(14, 3, seed=seed), normal(11, 3, seed=seed + 1) + 0.5
    before = everything(real, fake)
    turn = torch.linalg.qr(normal(3, 3, seed=seed + 2)).Q
    moved = [(x @ turn * scale + shift).flip(0) for x in (real, fake)]
    assert everything(*moved) == before


@given(st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_recall_is_precision_the_other_way_round(seed: int) -> None:
    # Whole numbers, so that ties abound.
    generator = torch.Generator().manual_seed(seed)
    real, fake = (torch.randint(0, 4, (n, 2), generator=generator) for n in (9, 12))
    there, back = precision_recall(real, fake, k=2), precision_recall(fake, real, k=2)
    assert (there.precision, there.recall) == (back.recall, back.precision)


@given(st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_more_neighbours_never_exclude(seed: int) -> None:
    real, fake = normal(12, 2, seed=seed), normal(12, 2, seed=seed + 1) + 1
    values = [precision_recall(real, fake, k=k) for k in (1, 3, 5)]
    assert values[0].precision <= values[1].precision <= values[2].precision
    assert values[0].recall <= values[1].recall <= values[2].recall


@pytest.mark.parametrize("measure", [precision_recall, density_coverage])
def test_what_has_no_neighbours_is_refused(measure: Callable[..., object]) -> None:
    with pytest.raises(ConfigurationError, match="k is 0"):
        measure(normal(9, 2), normal(9, 2), k=0)
    with pytest.raises(DataError, match=r"features of the data have 3 row\(s\), and at least 4 are needed"):
        measure(normal(3, 2), normal(9, 2), k=3)
    with pytest.raises(DataError, match="3 features where 2 are expected"):
        measure(normal(9, 2), normal(9, 3), k=3)
