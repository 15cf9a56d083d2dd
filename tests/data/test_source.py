"""The resident source: every row once an epoch, in an order that is a pure function of seed and epoch."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from latentia.data import Batch, Resident, Source
from latentia.data.source import permutation
from latentia.errors import ConfigurationError, DataError


def rows(count: int) -> Resident:
    return Resident(torch.arange(count, dtype=torch.uint8)[:, None].repeat(1, 2))


def same(a: list[Batch], b: list[Batch]) -> bool:
    return len(a) == len(b) and all(
        torch.equal(x.x, y.x) and torch.equal(x.index, y.index) for x, y in zip(a, b, strict=True)
    )


@given(
    count=st.integers(1, 40),
    batch_size=st.integers(1, 50),
    seed=st.none() | st.integers(-(2**70), 2**70),
    epoch=st.integers(0, 5),
)
def test_batches_resumed_at_any_start_equal_the_tail(count: int, batch_size: int, seed: int | None, epoch: int) -> None:
    source: Source = rows(count)
    whole = list(source.batches(batch_size, seed=seed, epoch=epoch))
    for start in range(len(whole) + 1):
        assert same(list(source.batches(batch_size, seed=seed, epoch=epoch, start=start)), whole[start:])


@given(count=st.integers(1, 40), batch_size=st.integers(1, 50), seed=st.none() | st.integers())
def test_every_row_comes_once_and_only_the_last_batch_is_short(count: int, batch_size: int, seed: int | None) -> None:
    source = rows(count)
    batches = list(source.batches(batch_size, seed=seed))
    index = torch.cat([batch.index for batch in batches])
    assert torch.equal(index.sort().values, torch.arange(count))
    assert torch.equal(torch.cat([batch.x for batch in batches]), source.x[index])
    assert all(len(batch.x) == batch_size for batch in batches[:-1])
    assert len(batches) == source.num_batches(batch_size)


def test_no_seed_is_stored_order() -> None:
    assert torch.cat([batch.index for batch in rows(7).batches(3, seed=None, epoch=4)]).tolist() == list(range(7))


def test_the_order_depends_on_seed_and_epoch_and_on_nothing_else() -> None:
    source = rows(50)

    def order(seed: int, epoch: int) -> list[int]:
        return torch.cat([batch.index for batch in source.batches(8, seed=seed, epoch=epoch)]).tolist()

    first = order(1, 2)
    torch.manual_seed(99)
    state = torch.get_rng_state()
    assert order(1, 2) == first
    assert torch.equal(torch.get_rng_state(), state)
    assert len({tuple(order(seed, epoch)) for seed in range(5) for epoch in range(5)}) == 25


def test_a_permutation_stays_what_it_is_from_release_to_release() -> None:
    # a change here would break every run that is resumed after an update
    assert permutation(10, 0, 0).tolist() == [7, 5, 1, 2, 4, 8, 3, 0, 6, 9]


def test_the_dtype_stays_and_rows_are_contiguous() -> None:
    source = Resident(torch.zeros(4, 6, dtype=torch.uint8).T)
    assert source.x.is_contiguous()
    assert {batch.x.dtype for batch in source.batches(4, seed=0)} == {torch.uint8}


def test_moving_keeps_rows_labels_and_dtype() -> None:
    source = Resident(torch.ones(3, 2, dtype=torch.uint8), torch.tensor([0, 1, 0]))
    moved = source.to("meta")
    assert moved.device.type == "meta"
    assert moved.x.dtype == torch.uint8
    assert moved.labels is not None
    assert moved.labels.device.type == "meta"
    assert "labelled" in repr(source)


@pytest.mark.parametrize(("batch_size", "start"), [(0, 0), (-1, 0), (3, 4), (3, -1)])
def test_impossible_batches_are_refused_at_once(batch_size: int, start: int) -> None:
    with pytest.raises(ConfigurationError):
        rows(7).batches(batch_size, seed=None, start=start)


def test_no_rows_no_columns_and_misfit_labels_are_refused() -> None:
    for shape in ((0, 3), (3, 0), (3,)):
        with pytest.raises(DataError, match="at least one row"):
            Resident(torch.zeros(shape))
    with pytest.raises(DataError, match="one label a row"):
        Resident(torch.zeros(3, 1), torch.zeros(2, dtype=torch.int64))
