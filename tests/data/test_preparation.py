"""Preparation: exact inverses, the log-determinant against autograd and differences, and what it refuses."""

from __future__ import annotations

import copy
import math
from typing import Any, get_args

import numpy as np
import pytest
import torch
from torch import Tensor

from latentia.data import DataSpec, Preparation, load_data
from latentia.errors import ConfigurationError, DataError
from latentia.names import Space
from tests.data.specs import make_spec, pixels

BINARY = pixels(support="binary", levels=2, unit=255.0)
UNIT = make_spec(support="unit", mean=(0.5,) * 3, std=(0.2,) * 3)


@pytest.mark.parametrize("levels", [2, 17, 256])
@pytest.mark.parametrize("space", ["levels", "real"])
def test_restore_inverts_every_level_exactly(levels: int, space: Space) -> None:
    spec = pixels(shape=(1, 1, levels), levels=levels, unit=float(levels - 1))
    preparation = Preparation.build(spec, space)
    raw = torch.arange(levels, dtype=torch.uint8).view(1, 1, 1, levels)
    x = preparation(raw)
    assert x.dtype == torch.float32
    assert (x.min().item(), x.max().item()) == (0.0, 1.0)
    assert torch.equal(preparation.restore(x), raw.float())


@pytest.mark.parametrize("unit", [1.0, 255.0, 3.7])
@pytest.mark.parametrize("space", sorted({*get_args(Space)} - {"mixed"}))
def test_binary_data_become_zeros_and_ones_and_come_back(unit: float, space: Space) -> None:
    spec = make_spec(support="binary", levels=2, unit=unit, dtype="float64")
    preparation = Preparation.build(spec, space)
    raw = torch.tensor([[0.0, unit, 0.0], [unit, unit, 0.0]], dtype=torch.float64)
    x = preparation(raw)
    assert torch.equal(x, (raw > 0).float())
    assert torch.equal(preparation.restore(x), raw)


def test_dynamic_binarisation_draws_anew_with_the_right_mean() -> None:
    preparation = Preparation.build(pixels(), "binary")
    assert preparation.binarises
    raw = torch.tensor([0, 51, 204, 255], dtype=torch.uint8).view(1, 1, 2, 2).expand(20_000, 1, 2, 2)
    torch.manual_seed(0)
    x = preparation(raw)
    assert set(x.unique().tolist()) == {0.0, 1.0}
    mean = x.mean(0).flatten()
    assert (mean[0].item(), mean[3].item()) == (0.0, 1.0)
    for found, p in ((mean[1].item(), 0.2), (mean[2].item(), 0.8)):
        assert abs(found - p) / math.sqrt(p * (1 - p) / len(raw)) < 5
    assert not torch.equal(preparation(raw), x)
    torch.manual_seed(0)
    assert torch.equal(preparation(raw), x)


def test_expected_is_the_mean_of_what_is_drawn() -> None:
    raw = torch.tensor([0, 51, 204, 255], dtype=torch.uint8).view(1, 1, 2, 2)
    assert torch.equal(Preparation.build(pixels(), "binary").expected(raw), raw.float() / 255)
    for space in ("levels", "real"):
        preparation = Preparation.build(pixels(), space)
        assert torch.equal(preparation.expected(raw), preparation(raw))


def test_reals_in_the_unit_interval_pass_as_they_are() -> None:
    raw = torch.tensor([[0.0, 0.25, 1.0]])
    preparation = Preparation.build(UNIT, "real")
    assert torch.equal(preparation(raw), raw)
    assert torch.equal(preparation.restore(raw), raw)
    assert preparation.log_scale == 0.0
    assert Preparation.build(UNIT, "binary").binarises


def test_real_data_are_standardised_and_come_back() -> None:
    raw = np.random.default_rng(0).normal([3.0, -50.0], [0.1, 20.0], (500, 2))
    data = load_data(raw, seed=1)
    preparation = Preparation.build(data.spec, "real")
    x = preparation(data.train.x)
    assert x.dtype == torch.float32
    assert torch.allclose(x.double().mean(0), torch.zeros(2, dtype=torch.float64), atol=1e-6)
    assert torch.allclose(x.double().std(0, correction=0), torch.ones(2, dtype=torch.float64), rtol=1e-6)
    restored = preparation.restore(x)
    assert restored.dtype == torch.float64
    assert torch.allclose(restored, data.train.x, rtol=1e-6, atol=1e-5)


def test_a_billion_plus_noise_is_centred_in_float64() -> None:
    noise = np.random.default_rng(0).normal(size=(300, 1))
    data = load_data(1e9 + noise)
    preparation = Preparation.build(data.spec, "real")
    x = preparation(data.train.x)
    assert x.std().item() == pytest.approx(1.0, rel=0.01)
    assert torch.allclose(preparation.restore(x), data.train.x, rtol=0, atol=1e-5)
    # the mutant that centres in float32 loses the noise
    mutant = (data.train.x.float() - data.spec.mean[0]) / data.spec.std[0]
    assert (mutant - x).abs().max() > 1


@pytest.mark.parametrize("move", ["double", "half", "bfloat16", "cpu"])
def test_casting_the_model_does_not_round_the_statistics(move: str) -> None:
    preparation = Preparation.build(make_spec(dtype="float64"), "real")
    raw = torch.tensor([[0.1, -2.5, 1e9 + 0.5]], dtype=torch.float64)
    before = preparation(raw)
    moved = getattr(torch.nn.Sequential(preparation), move)()[0]
    assert torch.equal(moved(raw), before)
    assert torch.equal(moved.restore(before), preparation.restore(before))


def test_the_statistics_move_with_the_model() -> None:
    moved = torch.nn.Sequential(Preparation.build(make_spec(), "real")).to("meta")[0]
    assert isinstance(moved, Preparation)
    x = moved(torch.zeros(2, 3, device="meta"))
    assert x.device.type == moved.restore(x).device.type == "meta"
    assert {value.device.type for value in vars(moved).values() if isinstance(value, Tensor)} == {"meta"}


def test_constant_columns_are_restored_exactly_whatever_the_model_says() -> None:
    data = load_data(np.stack([np.full(50, 1e9 + 0.1), np.arange(50.0)], 1))
    preparation = Preparation.build(data.spec, "real")
    assert (preparation(data.train.x)[:, 0] == 0).all()
    noisy = torch.randn(7, 2)
    assert (preparation.restore(noisy)[:, 0] == 1e9 + 0.1).all()


def test_a_deviation_from_a_constant_column_is_seen() -> None:
    preparation = Preparation.build(make_spec(), "real")
    assert preparation(torch.tensor([[0.0, 0.0, 1e9 + 64]]))[0, 2].item() == 64.0


@pytest.mark.parametrize(("scale", "dtype"), [(1e38, np.float32), (1e-42, np.float32), (1e-310, np.float64)])
def test_extreme_scales_are_prepared(scale: float, dtype: Any) -> None:
    raw = (np.linspace(-3, 3, 200)[:, None] * scale).astype(dtype)
    data = load_data(raw)
    preparation = Preparation.build(data.spec, "real")
    x = preparation(data.train.x)
    assert torch.isfinite(x).all()
    assert x.std().item() == pytest.approx(1.0, rel=0.05)
    assert math.isfinite(preparation.log_scale)
    assert torch.allclose(preparation.restore(x), data.train.x, rtol=1e-5, atol=scale * 0.01)


def jacobian_log_det(preparation: Preparation, raw: Tensor) -> float:
    matrix = torch.autograd.functional.jacobian(
        lambda flat: preparation(flat.view(1, *preparation.shape)).flatten(), raw
    )
    return float(torch.linalg.slogdet(matrix.double()).logabsdet)


@pytest.mark.parametrize(
    "spec",
    [
        make_spec(dtype="float64", mean=(0.1, -2.0, 9.0), std=(1.0, 0.5, 40.0)),
        pixels(dtype="float64", support="real", levels=None, unit=1.0, std=(50.0,)),
        pixels(shape=(3, 2, 2), support="real", levels=None, unit=1.0, mean=(1.0, 2.0, 3.0), std=(0.1, 5.0, 7.0)),
        UNIT,
        pixels(),
        BINARY,
    ],
)
def test_log_scale_is_the_log_determinant_of_the_real_space(spec: DataSpec) -> None:
    preparation = Preparation.build(spec, "real")
    raw = torch.rand(spec.num_dims, dtype=torch.float64)
    assert preparation.log_scale == pytest.approx(jacobian_log_det(preparation, raw), rel=1e-6, abs=1e-6)
    step = 0.25
    moved = preparation((raw + step).view(1, *spec.shape)) - preparation(raw.view(1, *spec.shape))
    assert preparation.log_scale == pytest.approx((moved.double() / step).log().sum().item(), rel=1e-3, abs=1e-3)


def test_log_scale_turns_a_density_of_x_into_one_of_the_data() -> None:
    spec = make_spec(shape=(1,), mean=(3.0,), std=(7.0,))
    preparation = Preparation.build(spec, "real")
    grid = torch.linspace(-120, 126, 40_001, dtype=torch.float64)
    log_px = torch.distributions.Normal(0.0, 1.0).log_prob(preparation(grid[:, None])[:, 0].double())
    assert torch.trapezoid((log_px + preparation.log_scale).exp(), grid).item() == pytest.approx(1.0, abs=1e-6)


def test_probabilities_have_no_scale() -> None:
    assert Preparation.build(pixels(), "levels").log_scale == 0.0
    assert Preparation.build(pixels(), "binary").log_scale == 0.0


def test_a_constant_column_has_no_part_in_the_scale() -> None:
    assert Preparation.build(make_spec(std=(1.0, 0.5, 0.0)), "real").log_scale == pytest.approx(math.log(2.0))


def test_a_bernoulli_likelihood_outside_the_unit_interval_is_refused_with_the_range() -> None:
    message = r"Bernoulli likelihood scores data within \[0, 1\], but 'points' has real values from -3.5 to 8.25; use"
    with pytest.raises(ConfigurationError, match=message):
        Preparation.build(make_spec(), "binary")


@pytest.mark.parametrize("spec", [make_spec(), UNIT])
def test_levels_are_not_made_of_reals(spec: DataSpec) -> None:
    with pytest.raises(ConfigurationError, match="whole numbers on a scale of levels"):
        Preparation.build(spec, "levels")


def test_there_is_nothing_to_train_or_to_save() -> None:
    preparation = Preparation.build(make_spec(), "real")
    assert list(preparation.parameters()) == []
    assert preparation.state_dict() == {}
    assert preparation.shape == (3,)
    raw = torch.randn(4, 3)
    assert torch.equal(copy.deepcopy(preparation)(raw), preparation(raw))
    assert "real -> real" in repr(preparation)


def test_check_passes_data_of_the_kind_and_refuses_others() -> None:
    levels = Preparation.build(pixels(), "levels")
    good = torch.tensor([[[[0.0, 255.0], [3.0, 4.0]]]])
    assert levels.check(good).dtype == torch.uint8
    for bad in (good / 255, good * 2, good - 1, good[:, :, :1], good * float("nan")):
        with pytest.raises(DataError):
            levels.check(bad)
    with pytest.raises(DataError, match="0 and 255 alone"):
        Preparation.build(BINARY, "binary").check(good)
    with pytest.raises(DataError, match=r"numbers in \[0, 1\]"):
        Preparation.build(UNIT, "real").check(torch.tensor([[0.0, 2.0, 0.0]]))
    with pytest.raises(DataError, match=r"row 1, position \(2,\).* is inf"):
        Preparation.build(make_spec(), "real").check(torch.tensor([[0.0, 0.0, 0.0], [0.0, 0.0, torch.inf]]))
    with pytest.raises(DataError, match="complex"):
        Preparation.build(make_spec(), "real").check(torch.zeros(1, 3, dtype=torch.complex64))


@pytest.mark.parametrize("dtype", [torch.bool, torch.uint16, torch.int64, torch.float16])
def test_check_takes_any_dtype_of_the_right_values(dtype: torch.dtype) -> None:
    preparation = Preparation.build(pixels(support="binary", levels=2, unit=1.0), "binary")
    assert preparation.check(torch.ones(1, 1, 2, 2).to(dtype)).dtype == torch.uint8
