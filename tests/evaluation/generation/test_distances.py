"""Distances: exact where it matters, in portions of any size, and honest about ties."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

import latentia.evaluation.generation.distances as module
from latentia.errors import DataError
from latentia.evaluation.generation.distances import blocks, feature_matrix, nearest, neighbour_radii, within
from tests.evaluation.generation.splits import normal
from tests.exact.mutants import killed


def by_hand(a: Tensor, b: Tensor) -> Tensor:
    return (a.double()[:, None] - b.double()[None]).square().sum(2)


def squared(a: Tensor, b: Tensor) -> Tensor:
    return torch.cat([each for _, each in blocks(a, b)])


def as_a_product(a: Tensor, b: Tensor) -> Tensor:
    """The mutant: |a|^2 + |b|^2 - 2 a.b and nothing more."""
    return a.square().sum(1)[:, None] + b.square().sum(1) - 2 * a @ b.T


def every_distance_keeps_its_digits(distances: Callable[[Tensor, Tensor], Tensor]) -> None:
    # Two clusters a million apart: within each, a product loses twelve digits of sixteen.
    x = torch.cat([normal(30, 4), normal(30, 4, seed=1) + 1e6])
    torch.testing.assert_close(distances(x, x), by_hand(x, x), rtol=1e-9, atol=0)
    y = torch.cat([x[:5], normal(40, 4, seed=2)])
    torch.testing.assert_close(distances(y, x), by_hand(y, x), rtol=1e-9, atol=0)
    assert (distances(y, x)[:5, :5].diagonal() == 0).all()


def test_every_distance_keeps_its_digits() -> None:
    every_distance_keeps_its_digits(squared)


def test_mutant_from_the_product_alone() -> None:
    with killed():
        every_distance_keeps_its_digits(as_a_product)


@pytest.mark.parametrize("entries", [1, 7, 100])
def test_portions_change_nothing(entries: int, monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = normal(23, 3), torch.cat([normal(9, 3, seed=1), normal(23, 3)[:4]])
    whole, radii, near = squared(x, y), neighbour_radii(y, 2), nearest(x, y, 3)
    monkeypatch.setattr(module, "ENTRIES", entries)
    assert all(each.numel() <= max(entries, len(y)) for _, each in blocks(x, y))
    torch.testing.assert_close(squared(x, y), whole, rtol=1e-10, atol=1e-20)
    torch.testing.assert_close(neighbour_radii(y, 2), radii, rtol=1e-10, atol=1e-20)
    assert torch.equal(nearest(x, y, 3)[1], near[1])


@given(st.integers(0, 10_000), st.integers(1, 4))
@settings(max_examples=30, deadline=None)
def test_radii_and_neighbours_are_those_of_a_sorted_list(seed: int, k: int) -> None:
    # Whole numbers: plenty of ties, and every distance is exact.
    x = torch.randint(-2, 3, (12, 2), generator=torch.Generator().manual_seed(seed)).double()
    rows = by_hand(x, x)
    rows.fill_diagonal_(torch.inf)
    torch.testing.assert_close(neighbour_radii(x, k), rows.sort(1).values[:, k - 1], rtol=1e-9, atol=0)
    y = normal(6, 2, seed=seed)
    torch.testing.assert_close(nearest(y, x, k)[0], by_hand(y, x).sort(1).values[:, :k].sqrt(), rtol=1e-9, atol=0)


def test_rounding_never_decides_on_the_edge() -> None:
    # 0.1 + 0.2 is not 0.3 in binary, yet the point lies on the edge of the ball.
    assert bool(within(torch.tensor(0.1 + 0.2, dtype=torch.float64), torch.tensor(0.3, dtype=torch.float64)))
    assert not bool(within(torch.tensor(0.3001, dtype=torch.float64), torch.tensor(0.3, dtype=torch.float64)))
    assert bool(within(torch.tensor(0.0), torch.tensor(0.0)))


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        (torch.zeros(4), r"shape \(4,\); give one feature vector a row"),
        (torch.zeros(4, 0), r"shape \(4, 0\)"),
        (torch.zeros(1, 2), "1 row.s., and at least 2 are needed"),
        (torch.zeros(4, 3), "3 features where 2 are expected"),
        (torch.tensor([[0.0, 1.0], [torch.nan, 0.0]]), "things is nan at row 1 column 0"),
    ],
)
def test_what_is_no_matrix_of_features_is_refused(given: Tensor, complaint: str) -> None:
    with pytest.raises(DataError, match=complaint):
        feature_matrix(given, "things", rows=2, columns=2)


def test_whole_numbers_are_features_too() -> None:
    assert feature_matrix([[1, 2]], "things").dtype == torch.float64
    assert feature_matrix(torch.ones(2, 2), "things").dtype == torch.float32
