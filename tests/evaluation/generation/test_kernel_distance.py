"""The kernel distance: by hand, without bias over every split, and with an error that is right."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from latentia.errors import ConfigurationError
from latentia.evaluation.generation import kernel_distance, polynomial_mmd
from tests.evaluation.generation.splits import average, normal
from tests.exact.mutants import killed, z_score

MMD = Callable[[Tensor, Tensor], float]


def small_case(measure: MMD) -> None:
    # F = 2: k(x, y) = (x.y / 2 + 1)^3. Within x: (0 + 1)^3 = 1; within y: (4/2 + 1)^3 = 27;
    # across: (0, 0).y gives 1 twice, (2, 0).(1, 1) gives 8, (2, 0).(4, 0) gives 125: a mean of 135/4.
    x = torch.tensor([[0.0, 0.0], [2.0, 0.0]])
    y = torch.tensor([[1.0, 1.0], [4.0, 0.0]])
    assert measure(x, y) == pytest.approx(1 + 27 - 2 * 135 / 4, abs=1e-12)


def no_bias_over_all_splits(measure: MMD) -> None:
    mean, variance = average(normal(9, 2), 4, measure)
    assert variance > 1e-3
    assert mean == pytest.approx(0, abs=1e-12)


def mutant_with_the_diagonal(x: Tensor, y: Tensor) -> float:
    def k(a: Tensor, b: Tensor) -> float:
        return float(((a @ b.T / a.shape[1] + 1) ** 3).mean())

    return k(x, x) + k(y, y) - 2 * k(x, y)


def mutant_without_the_features(x: Tensor, y: Tensor) -> float:
    root = x.shape[1] ** 0.5
    return polynomial_mmd(x * root, y * root)


def mutant_across_once(x: Tensor, y: Tensor) -> float:
    return polynomial_mmd(x, y) + float(((x.double() @ y.double().T / x.shape[1] + 1) ** 3).mean())


def test_by_hand() -> None:
    small_case(polynomial_mmd)
    for mutant in (mutant_with_the_diagonal, mutant_without_the_features, mutant_across_once):
        with killed():
            small_case(mutant)


def test_no_bias() -> None:
    no_bias_over_all_splits(polynomial_mmd)
    for mutant in (mutant_with_the_diagonal, mutant_across_once):
        with killed():
            no_bias_over_all_splits(mutant)


def test_equal_laws_have_mean_zero_and_the_stated_error() -> None:
    # 200 independent estimates; the smallest bias that |z| < 5 would let through is 5 standard errors, 0.35 sd.
    values, errors = [], []
    for seed in range(200):
        found = kernel_distance(normal(60, 3, seed=seed), normal(60, 3, seed=seed + 10_000), seed=seed)
        assert found.standard_error is not None
        values.append(found.value)
        errors.append(found.standard_error)
    estimates = torch.tensor(values, dtype=torch.float64)
    assert abs(z_score(estimates, 0.0)) < 5
    mean_square = torch.tensor(errors, dtype=torch.float64).square().mean().sqrt()
    assert float(mean_square / estimates.std()) == pytest.approx(1, abs=0.3)
    with killed():  # the biased estimate is found out
        biased = [mutant_with_the_diagonal(normal(60, 3, seed=s), normal(60, 3, seed=s + 10_000)) for s in range(200)]
        assert abs(z_score(torch.tensor(biased), 0.0)) < 5


def test_different_laws_are_told_apart() -> None:
    found = kernel_distance(normal(500, 3), normal(500, 3, seed=1) + 0.5)
    assert found.standard_error is not None
    assert found.value > 5 * found.standard_error


def test_blocks_are_disjoint_and_counted() -> None:
    x, y = normal(25, 2), normal(31, 2, seed=1)
    found = kernel_distance(x, y, block_size=10)
    assert (found.blocks, found.block_size) == (2, 10)
    one = kernel_distance(x, y[:25], block_size=25)
    assert one.standard_error is None
    assert one.value == pytest.approx(polynomial_mmd(x, y[:25]), rel=1e-12)
    assert kernel_distance(x, y, seed=1) == kernel_distance(x, y, seed=1)
    assert kernel_distance(x, y).block_size == 2
    for size in (1, 26):
        with pytest.raises(ConfigurationError, match=f"a block of {size} rows"):
            kernel_distance(x, y, block_size=size)
