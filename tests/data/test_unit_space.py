"""The unit interval as the space of a density: levels and reals in [0, 1], and what does not fit."""

from __future__ import annotations

import math

import pytest
import torch

from latentia.data import Preparation
from latentia.distributions import ContinuousBernoulli
from latentia.errors import ConfigurationError
from tests.data.specs import make_spec, pixels
from tests.exact.quadrature import F64, unit_interval

UNIT = make_spec(support="unit", mean=(0.5,) * 3, std=(0.2,) * 3)


def test_grey_values_are_scaled_and_not_drawn() -> None:
    preparation = Preparation.build(pixels(), "unit")
    raw = torch.arange(4, dtype=torch.uint8).view(1, 1, 2, 2) * 85
    assert not preparation.binarises
    assert preparation.scores_density
    assert torch.equal(preparation(raw), raw.float() / 255)
    assert torch.equal(preparation(raw), preparation.expected(raw))
    assert torch.equal(preparation.restore(preparation(raw)), raw.float())


def test_reals_in_the_unit_interval_pass_as_they_are() -> None:
    preparation = Preparation.build(UNIT, "unit")
    raw = torch.rand(2, 3)
    assert torch.equal(preparation(raw), raw)
    assert preparation.log_scale == 0.0


def test_the_density_is_one_of_the_data() -> None:
    spec = pixels(shape=(1, 1, 1))
    preparation = Preparation.build(spec, "unit")
    assert preparation.log_scale == pytest.approx(-math.log(255))
    x, weights = unit_interval()
    density = (ContinuousBernoulli(torch.tensor(3.0, dtype=F64)).log_prob(x) + preparation.log_scale).exp()
    assert float((density * 255 * weights).sum()) == pytest.approx(1.0, abs=1e-12)
    assert Preparation.build(pixels(), "unit").log_scale == Preparation.build(pixels(), "real").log_scale


def test_spaces_say_whether_they_score_a_density() -> None:
    assert Preparation.build(pixels(), "real").scores_density
    assert not Preparation.build(pixels(), "binary").scores_density
    assert not Preparation.build(pixels(), "levels").scores_density


def test_reals_beyond_the_unit_interval_are_refused_with_the_range() -> None:
    message = r"continuous Bernoulli likelihood scores data within \[0, 1\], but 'points' has real values from -3.5 to"
    with pytest.raises(ConfigurationError, match=message):
        Preparation.build(make_spec(), "unit")
