"""Memorisation: chance exactly over every split, copies found, averages and held-out rows left alone."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from latentia.data import Resident
from latentia.errors import ConfigurationError, DataError
from latentia.evaluation.generation import copying_statistic, memorisation, nearest_in, rank_statistic, share_below
from latentia.evaluation.generation.memorisation import _by_chance
from tests.evaluation.generation.splits import average, normal
from tests.exact.mutants import killed


def judged(samples: Tensor, *, train: Tensor, held_out: Tensor) -> str:
    def near(rows: Tensor) -> Tensor:
        return nearest_in(rows, Resident(train), lambda x: x, num=2).distance

    return memorisation(near(held_out), near(samples)).verdict


# --- chance ---------------------------------------------------------------------------------------------------------


def ranks_are_standardised(measure: Callable[[Tensor, Tensor], float]) -> None:
    for pool in (normal(9, 1)[:, 0], torch.tensor([0.0, 0, 0, 1, 1, 2, 3, 3, 5]).double()):
        mean, variance = average(pool, 4, measure)
        assert mean == pytest.approx(0, abs=1e-12)
        assert variance == pytest.approx(1, abs=1e-12)


def mutant_without_ties(held_out: Tensor, samples: Tensor) -> float:
    n, m = len(held_out), len(samples)
    above = (samples[:, None] > held_out).double() + 0.5 * (samples[:, None] == held_out).double()
    return (float(above.sum()) - n * m / 2) / math.sqrt(n * m * (n + m + 1) / 12)


def mutant_ties_are_losses(held_out: Tensor, samples: Tensor) -> float:
    n, m = len(held_out), len(samples)
    return (float((samples[:, None] > held_out).sum()) - n * m / 2) / math.sqrt(n * m * (n + m + 1) / 12)


def test_the_rank_statistic_is_standardised_with_ties_and_without() -> None:
    ranks_are_standardised(rank_statistic)
    for mutant in (mutant_without_ties, mutant_ties_are_losses):
        with killed():
            ranks_are_standardised(mutant)
    assert rank_statistic(torch.ones(3), torch.ones(4)) == 0
    assert rank_statistic(torch.ones(3), torch.zeros(4)) < 0


def test_the_share_below_has_the_mean_and_the_error_that_are_stated() -> None:
    for rank in (1, 3):
        mean, variance = average(normal(10, 1)[:, 0], 4, lambda a, b, rank=rank: share_below(a, b, rank))  # type: ignore[misc]
        expected, error = _by_chance(rank, 4, 6)
        assert mean == pytest.approx(expected, abs=1e-12)
        assert math.sqrt(variance) == pytest.approx(error, abs=1e-12)
        with killed():  # the plain quantile and a binomial error
            assert mean == pytest.approx(rank / 4, abs=1e-12)
        with killed():
            assert math.sqrt(variance) == pytest.approx(math.sqrt(expected * (1 - expected) / 6), abs=1e-6)


def test_cells_are_weighted_by_their_held_out_rows_and_small_ones_are_left_out() -> None:
    held_out, samples = normal(50, 1)[:, 0], normal(50, 1, seed=1)[:, 0]
    cells = torch.tensor([0] * 15 + [1] * 31 + [2] * 4)
    others = torch.tensor([0] * 20 + [1] * 20 + [2] * 10)
    z = [rank_statistic(held_out[cells == c], samples[others == c]) for c in (0, 1)]
    assert copying_statistic(held_out, samples, cells, others) == pytest.approx((15 * z[0] + 31 * z[1]) / 46)
    assert copying_statistic(held_out[:5], samples, cells[:5], others) is None


# --- verdicts -------------------------------------------------------------------------------------------------------

TRAIN, HELD_OUT, FRESH = normal(600, 6), normal(300, 6, seed=1), normal(300, 6, seed=2)


def copies_are_found(judge: Callable[..., str]) -> None:
    noise = 0.02 * normal(300, 6, seed=3)
    for samples in (TRAIN[:300], TRAIN[:300] + noise, torch.cat([TRAIN[:60] + noise[:60], FRESH[60:]])):
        assert judge(samples, train=TRAIN, held_out=HELD_OUT).startswith("Memorised")


def test_copies_are_found_whole_noisy_or_few() -> None:
    copies_are_found(judged)
    with killed():  # distances to the held-out rows themselves find nothing
        copies_are_found(lambda samples, train, held_out: judged(samples, train=held_out, held_out=train))


def test_fresh_rows_are_no_copies() -> None:
    assert judged(FRESH, train=TRAIN, held_out=HELD_OUT).startswith("No sign of memorisation: samples are as far")
    assert "farther" in judged(FRESH * 3, train=TRAIN, held_out=HELD_OUT)


def test_averages_are_near_and_no_copies() -> None:
    # Nearer to the training rows than any held-out row, but to no single one of them.
    smooth = FRESH * 0.3
    found = judged(smooth, train=TRAIN, held_out=HELD_OUT)
    assert found.startswith("No single training rows are repeated")


def test_held_out_rows_that_are_training_rows_tell_nothing() -> None:
    assert judged(FRESH, train=TRAIN, held_out=TRAIN[:300]).startswith("Cannot tell: 100%")


def test_a_copy_of_a_row_that_repeats_is_a_copy() -> None:
    twice = torch.cat([TRAIN[:300], TRAIN[:300]])
    assert judged(TRAIN[:300], train=twice, held_out=HELD_OUT).startswith("Memorised")


def test_what_is_no_distance_is_refused() -> None:
    with pytest.raises(DataError, match="distances of samples have shape"):
        memorisation(torch.ones(3, 2), torch.ones(3))
    with pytest.raises(ConfigurationError, match="quantile is 1"):
        memorisation(torch.ones(3, 2), torch.ones(3, 2), quantile=1.0)


# --- the walk over the training rows ---------------------------------------------------------------------------------


@pytest.mark.parametrize("rows", [1, 2, 7, 100])
def test_neighbours_do_not_depend_on_the_portions(rows: int) -> None:
    train, queries = normal(23, 3), torch.cat([normal(5, 3, seed=1), normal(23, 3)[20:]])
    found = nearest_in(queries, Resident(train), lambda x: 2 * x, num=3, rows=rows)
    expected = torch.cdist(queries, 2 * train).topk(3, largest=False)
    torch.testing.assert_close(found.distance, expected.values, rtol=1e-7, atol=1e-7)
    assert torch.equal(found.index, expected.indices)


def test_too_few_training_rows_are_refused() -> None:
    with pytest.raises(DataError, match="2 nearest rows are asked for, and there are 1"):
        nearest_in(normal(3, 2), Resident(normal(1, 2)), lambda x: x)
