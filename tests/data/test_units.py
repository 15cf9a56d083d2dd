"""Counts, mixed tables and gaps prepared: exact inverses, exact changes of variables, and what is refused."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, get_args

import numpy as np
import pytest
import torch
from torch import Tensor

from latentia.columns import KINDS
from latentia.data import DataSpec, Preparation, load_data
from latentia.errors import ConfigurationError, DataError
from latentia.names import Space
from tests.data.specs import make_spec, pixels
from tests.data.test_columns import EVERY, gappy, mixed, table
from tests.exact.mutants import killed

F64 = torch.float64
COUNTS = make_spec(support="counts", low=0.0, high=9.0, mean=(2.0, 3.0, 4.0), std=(1.0, 2.0, 0.5))


def test_counts_are_scored_as_they_are() -> None:
    raw = torch.tensor([[0.0, 3.0, 900.0]])
    for spec in (COUNTS, pixels(kind="vector", shape=(3,), mean=(9.0,) * 3, std=(1.0,) * 3)):
        preparation = Preparation.build(spec, "counts")
        assert torch.equal(preparation(raw), raw)
        assert torch.equal(preparation.restore(raw), raw)
        assert preparation.log_scale == 0.0
        assert not preparation.scores_density


def test_counts_may_be_standardised_for_a_density() -> None:
    preparation = Preparation.build(COUNTS, "real")
    raw = torch.tensor([[2.0, 7.0, 4.5]])
    assert preparation(raw).tolist() == [[0.0, 2.0, 1.0]]
    assert torch.equal(preparation.restore(preparation(raw)), raw)
    assert preparation.log_scale == pytest.approx(-math.log(2.0) - math.log(0.5))


def test_every_column_has_units_of_its_own_and_comes_back() -> None:
    x = table(200)
    x[:, 0] = x[:, 0] * 40 + 1e6
    x[:, 1] *= 1e-5
    data = load_data(x, columns=KINDS, validation=x, test=x)
    preparation = Preparation.build(data.spec, "mixed")
    prepared = preparation(data.train.x)
    assert prepared.dtype == torch.float32
    assert prepared[:, 0].double().std(correction=0).item() == pytest.approx(1.0, rel=1e-6)
    assert prepared[:, 1].log().double().mean().item() == pytest.approx(0.0, abs=1e-6)
    assert torch.equal(prepared[:, 2:].double(), torch.from_numpy(x[:, 2:]))
    assert torch.allclose(preparation.restore(prepared), data.train.x, rtol=1e-6, atol=1e-4)
    assert torch.equal(preparation.restore(prepared)[:, 2:], data.train.x[:, 2:])


def test_a_constant_real_column_is_restored_exactly() -> None:
    x = table()
    x[:, 0] = 1e9 + 0.1
    x[:, 1] = 0.7
    preparation = Preparation.build(load_data(x, columns=KINDS).spec, "mixed")
    restored = preparation.restore(torch.randn(5, 6).abs())
    assert (restored[:, 0] == 1e9 + 0.1).all()
    assert (restored[:, 1] == 0.7).all()


def test_gaps_stay_gaps() -> None:
    x = gappy()
    for columns in (KINDS, None):
        data = load_data(x, columns=columns, missing=True, validation=x, test=x)
        preparation = Preparation.build(data.spec, "mixed" if columns else "real")
        prepared = preparation(data.train.x)
        assert torch.equal(prepared.isnan(), torch.from_numpy(np.isnan(x)))
        assert torch.equal(preparation.restore(prepared).isnan(), prepared.isnan())


def test_binarisation_leaves_gaps_alone() -> None:
    preparation = Preparation.build(pixels(missing=0.5, dtype="float32"), "binary")
    raw = torch.tensor([torch.nan, 255.0, 0.0, 128.0]).view(1, 1, 2, 2)
    torch.manual_seed(0)
    drawn = preparation(raw.expand(4000, 1, 2, 2)).flatten(1)
    assert drawn[:, 0].isnan().all()
    assert (drawn[:, 1] == 1).all()
    assert (drawn[:, 2] == 0).all()
    assert drawn[:, 3].mean().item() == pytest.approx(128 / 255, abs=0.05)


def change_of_variables(log_scale: Any) -> None:
    """The offset of each row is the log-determinant over its observed cells, by differences."""
    x = gappy(80)
    data = load_data(x, columns=KINDS, missing=True, validation=x, test=x)
    preparation = Preparation.build(data.spec, "mixed")
    raw = data.train.x
    assert data.spec.columns is not None
    densities = torch.tensor([column.kind in ("real", "positive") for column in data.spec.columns])
    step = 0.5
    slope = (preparation(raw + step).double() - preparation(raw).double()) / step
    expected = torch.where(slope.isnan() | ~densities, 0.0, slope.log()).sum(1)
    torch.testing.assert_close(log_scale(preparation, raw), expected, rtol=1e-4, atol=1e-4)


def test_the_change_of_variables_of_a_row_is_that_of_what_was_observed() -> None:
    change_of_variables(lambda preparation, raw: preparation.log_scale_of(raw))


def test_mutants_of_the_change_of_variables() -> None:
    with killed():  # one constant for all rows, whatever is missing
        change_of_variables(lambda preparation, raw: torch.full((len(raw),), preparation.log_scale, dtype=F64))
    with killed():  # none at all
        change_of_variables(lambda preparation, raw: torch.zeros(len(raw), dtype=F64))


@pytest.mark.parametrize(
    ("spec", "space"),
    [(make_spec(), "real"), (pixels(), "real"), (pixels(), "levels"), (COUNTS, "counts"), (mixed(), "mixed")],
)
def test_complete_rows_have_the_whole_of_it(spec: DataSpec, space: Space) -> None:
    preparation = Preparation.build(spec, space)
    found = preparation.log_scale_of(torch.ones(2, *spec.shape))
    assert found.tolist() == pytest.approx([preparation.log_scale] * 2)


def test_a_density_of_a_positive_column_integrates_to_one_in_the_datas_units() -> None:
    x = np.exp(np.random.default_rng(0).normal(3.0, 0.4, (200, 1)))
    data = load_data(x, columns=["positive"])
    preparation = Preparation.build(data.spec, "mixed")
    from latentia.conditionals.table import TableHead

    assert data.spec.columns is not None
    px = TableHead(data.spec.columns)(torch.tensor([0.3]))
    grid = torch.linspace(0.01, 400, 200_001, dtype=F64)[:, None]
    density = (px.log_prob(preparation(grid)).detach().double() + preparation.log_scale).exp()
    assert torch.trapezoid(density, grid[:, 0]).item() == pytest.approx(1.0, abs=1e-4)


def test_standard_deviations_come_back_without_the_mean() -> None:
    spread = torch.ones(1, 6)
    spec = mixed(mean=(5.0,) * 6, std=(2.0,) * 6)
    assert Preparation.build(spec, "mixed").restore_spread(spread).tolist() == [
        pytest.approx([2.0, math.exp(1.5), 1.0, 1.0, 1.0, 1.0])
    ]
    assert (Preparation.build(pixels(), "levels").restore_spread(torch.ones(1, 1, 2, 2)) == 255).all()


@pytest.mark.parametrize("space", sorted({*get_args(Space)} - {"mixed"}))
def test_a_mixed_table_takes_no_other_likelihood(space: Space) -> None:
    with pytest.raises(ConfigurationError, match="columns of different kinds; use likelihood table"):
        Preparation.build(mixed(), space)


@pytest.mark.parametrize(
    ("spec", "space", "message"),
    [
        (make_spec(), "mixed", "nothing is said of the columns of 'points': load the data with columns"),
        (make_spec(), "counts", "give them as whole numbers"),
        (make_spec(support="unit"), "counts", "whole numbers from 0"),
        (COUNTS, "levels", "has counts from 0 to 9; use likelihood negative_binomial"),
        (COUNTS, "binary", "use likelihood negative_binomial"),
        (COUNTS, "unit", "use likelihood negative_binomial"),
        (COUNTS, "elsewhere", "unknown space 'elsewhere'"),
    ],
)
def test_likelihoods_that_do_not_fit_are_refused(spec: DataSpec, space: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        Preparation.build(spec, space)


def test_check_passes_rows_of_the_kind_and_names_what_is_not() -> None:
    preparation = Preparation.build(replace(mixed(), columns=EVERY, missing=0.1), "mixed")
    good = torch.tensor([[0.5, 2.0, 3.0, 1.0, 1.0, 3.0], [torch.nan] * 6])
    assert torch.equal(preparation.check(good).isnan(), good.isnan())

    def refused(column: int, value: float) -> str:
        bad: Tensor = good.clone()
        bad[0, column] = value
        with pytest.raises(DataError) as caught:
            preparation.check(bad)
        return str(caught.value)

    assert "column 'price' (positive), row 0" in refused(1, -1.0)
    assert "the code of no category: there are 0..1 (red, green)" in refused(4, 2.0)
    assert "is inf" in refused(0, math.inf)
