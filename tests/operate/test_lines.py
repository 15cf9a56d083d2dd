"""Lines and arcs: exact ends, constant length, equal steps, and no NaN anywhere."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from latentia.operate import linear, spherical

T = torch.linspace(0, 1, 9)
EIGHTH_TURN = torch.pi / 8


def vectors(size: int) -> st.SearchStrategy[Tensor]:
    """Vectors of float32 numbers that squaring does not overflow."""
    number = st.floats(-1e6, 1e6, width=32, allow_subnormal=False)
    return st.lists(number, min_size=size, max_size=size).map(torch.tensor)


@given(a=vectors(4), b=vectors(4))
@settings(deadline=None, max_examples=60)
@pytest.mark.parametrize("way", [linear, spherical])
def test_ends_are_exact_and_all_points_finite(way: object, a: Tensor, b: Tensor) -> None:
    path = way(a, b, T)  # type: ignore[operator] # both are functions of (a, b, t)
    assert path.shape == (9, 4)
    assert torch.equal(path[0], a)
    assert torch.equal(path[-1], b)
    assert path.isfinite().all()


@given(a=vectors(4), b=vectors(4))
@settings(deadline=None, max_examples=60)
def test_an_arc_has_a_length_that_changes_linearly(a: Tensor, b: Tensor) -> None:
    a, b = a.double(), b.double()
    if a.norm() == 0 or b.norm() == 0:
        return
    t = T.double()
    wanted = (1 - t) * a.norm() + t * b.norm()
    torch.testing.assert_close(spherical(a, b, t).norm(dim=-1), wanted, rtol=1e-9, atol=1e-9)


def test_an_arc_turns_at_a_constant_rate() -> None:
    a, b = torch.tensor([1.0, 0.0], dtype=torch.float64), torch.tensor([0.0, 1.0], dtype=torch.float64)
    t = torch.linspace(0, 1, 5, dtype=torch.float64)
    angle = torch.arange(5, dtype=torch.float64) * EIGHTH_TURN
    torch.testing.assert_close(spherical(a, b, t), torch.stack([angle.cos(), angle.sin()], -1), rtol=0, atol=1e-15)


def test_a_chord_is_not_taken_for_an_arc() -> None:
    """The mutant: the straight line shortens on the way, and the test above would see it."""
    a, b = torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0])
    assert linear(a, b, torch.tensor([0.5])).norm() < 0.75
    assert abs(spherical(a, b, torch.tensor([0.5])).norm() - 1) < 1e-6


@pytest.mark.parametrize("scale", [1.0, 1e-30, 1e30])
def test_opposite_vectors_go_round_by_a_fixed_way(scale: float) -> None:
    a = torch.tensor([3.0, -4.0, 0.0]) * scale
    path = spherical(a, -a, T)
    torch.testing.assert_close(path.double().norm(dim=-1), a.double().norm().expand(9), rtol=1e-6, atol=0)
    assert torch.equal(path, spherical(a, -a, T))
    # almost opposite ones go almost the same way: rounding does not choose it
    near = -a * torch.tensor([1.0, 1.0 + 1e-7, 1.0])
    torch.testing.assert_close(spherical(a, near, T), path, rtol=0, atol=1e-5 * scale)


def test_zero_has_no_direction_and_gives_a_line() -> None:
    zero, b = torch.zeros(3), torch.tensor([1.0, 2.0, 2.0])
    assert torch.equal(spherical(zero, b, T), linear(zero, b, T))
    assert torch.equal(spherical(b, zero, T), linear(b, zero, T))
    assert not spherical(zero, zero, T).any()


def test_parallel_vectors_give_a_line() -> None:
    a = torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64)
    t = T.double()
    for b in (a, 2 * a, a + 1e-9):
        torch.testing.assert_close(spherical(a, b, t), linear(a, b, t), rtol=1e-12, atol=1e-12)


def test_one_dimension_goes_through_zero() -> None:
    a, b = torch.tensor([2.0]), torch.tensor([-2.0])
    assert spherical(a, b, torch.tensor([0.0, 0.5, 1.0])).flatten().tolist() == [2.0, 0.0, -2.0]


def test_many_pairs_at_once_are_the_same_as_one_at_a_time() -> None:
    generator = torch.Generator().manual_seed(0)
    a, b = torch.randn(2, 5, 3, generator=generator).unbind()
    for way in (linear, spherical):
        together = way(a, b, T)
        assert together.shape == (5, 9, 3)
        for i in range(5):
            torch.testing.assert_close(together[i], way(a[i], b[i], T))
