"""Statistics against exact values, and the detection of what values are."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from latentia.data import choose_likelihood
from latentia.data.describe import Values, detect_values, moments, notes_on
from tests.data.specs import make_spec, pixels


@settings(max_examples=60)
@given(hnp.arrays(np.float64, hnp.array_shapes(min_dims=2, max_dims=2, max_side=12), elements=st.floats(-1e6, 1e6)))
def test_moments_equal_exact_rational_arithmetic(x: Any) -> None:
    found = moments(x)
    for column in range(x.shape[1]):
        exact: list[Fraction] = [Fraction(value) for value in x[:, column].tolist()]
        scale = max(abs(value) for value in exact)
        mean = sum(exact, Fraction(0)) / len(exact)
        variance = sum(((value - mean) ** 2 for value in exact), Fraction(0)) / len(exact)
        assert abs(Fraction(found.mean[column]) - mean) <= scale * Fraction(1, 10**14)
        if found.std[column] > 0:
            assert abs(Fraction(found.std[column]) ** 2 - variance) <= variance * Fraction(1, 10**6)
        else:
            assert variance <= Fraction(101, 10**15) * min(Fraction(1), scale) ** 2 + (scale * Fraction(1, 2**51)) ** 2


def test_blocks_are_merged() -> None:
    x = np.random.default_rng(0).normal(3.0, 2.0, (1000, 1, 40, 40)).astype(np.float32)  # 1.6 million numbers: 7 blocks
    found = moments(x)
    assert found.mean[0] == pytest.approx(x.astype(np.float64).mean(), rel=1e-13)
    assert found.std[0] == pytest.approx(x.astype(np.float64).std(), rel=1e-13)


def test_channels_of_bytes_are_exact() -> None:
    x = np.random.default_rng(0).integers(0, 256, (50, 3, 5, 4), dtype=np.uint8)
    found = moments(x)
    for channel in range(3):
        plane = x[:, channel].astype(np.float64)
        assert found.mean[channel] == pytest.approx(plane.mean(), rel=1e-14)
        assert found.std[channel] == pytest.approx(plane.std(), rel=1e-14)


def test_a_billion_plus_noise_keeps_its_noise() -> None:
    noise = np.random.default_rng(0).normal(size=(5000, 1))
    found = moments(1e9 + noise)
    assert found.std[0] == pytest.approx(noise.std(), rel=1e-6)
    assert found.mean[0] - 1e9 == pytest.approx(noise.mean(), abs=1e-6)


@pytest.mark.parametrize(("scale", "dtype"), [(1e38, "f4"), (1e-42, "f4"), (1e307, "f8"), (1e-310, "f8")])
def test_extreme_scales_survive(scale: float, dtype: str) -> None:
    x = (np.array([[-1.0], [1.0], [3.0], [1.0]]) * scale).astype(dtype)
    with np.errstate(all="raise", under="ignore"):
        found = moments(x)
    step = 2.0**-149 if dtype == "f4" else 5e-324
    assert found.mean[0] == pytest.approx(scale, rel=1e-6, abs=2 * step)
    assert found.std[0] == pytest.approx(math.sqrt(2) * scale, rel=1e-6, abs=4 * step)


@pytest.mark.parametrize("value", [0.0, 0.1, -7.3, 1e9 + 0.1, 1e300, 5e-324])
def test_the_mean_of_a_constant_column_is_that_constant(value: float) -> None:
    found = moments(np.full((1001, 1), value))
    assert (found.mean[0], found.std[0]) == (value, 0.0)


@pytest.mark.parametrize(
    ("centre", "spread", "constant"),
    [
        (1.0, 3e-7, True),  # a variance of 1e-13 counts as constant
        (1.0, 1e-6, False),
        (1e-5, 1e-12, True),  # the same, relative to a small magnitude
        (0.0, 1e-12, False),
        (1e9, 1e-6, False),
        (1e16, 1.0, True),  # below what float64 resolves there
    ],
)
def test_what_counts_as_constant(centre: float, spread: float, constant: bool) -> None:
    x = np.where(np.arange(1000) % 2 == 0, centre - spread, centre + spread)[:, None]
    assert bool(moments(x).std[0] == 0.0) is constant


def test_float32_that_varies_by_rounding_alone_is_constant() -> None:
    x = np.full((100, 1), 1e6, np.float32)
    x[::2] = np.nextafter(x[::2], np.float32(np.inf))
    assert moments(x).std[0] == 0.0


def test_constant_columns_are_noted_by_name_or_number() -> None:
    found = moments(np.array([[1.0, 2.0, 3.0], [1.0, 5.0, 3.0]]))
    assert notes_on(None, found, "real", "vector") == (
        "2 columns of 3 count as constant (0, 2): kept, and restored exactly",
    )
    assert "(age, height)" in notes_on(("age", "weight", "height"), found, "real", "vector")[0]
    assert notes_on(None, moments(np.array([[1.0], [2.0]])), "real", "vector") == ()


@pytest.mark.parametrize(
    ("x", "expected"),
    [
        (np.array([[0, 1]], np.uint8), Values("binary", 2, 1.0)),
        (np.array([[0, 255]], np.uint8), Values("binary", 2, 255.0)),
        (np.array([[0, 7]], np.uint8), Values("binary", 2, 7.0)),
        (np.array([[0, 0]], np.uint8), Values("binary", 2, 1.0)),
        (np.array([[1, 1]], np.uint8), Values("binary", 2, 1.0)),
        (np.array([[0, 3, 7]], np.uint8), Values("levels", 256, 255.0)),
        (np.array([[5, 5]], np.uint8), Values("levels", 256, 255.0)),
        (np.array([[0.0, 1.0]]), Values("binary", 2, 1.0)),
        (np.array([[0.0, 0.5, 1.0]]), Values("unit", None, 1.0)),
        (np.array([[0.25, 0.5]]), Values("unit", None, 1.0)),
        (np.array([[0.0, 2.0, 1.0]]), Values("real", None, 1.0)),
        (np.array([[-1.0, 0.0]]), Values("real", None, 1.0)),
    ],
)
def test_values_are_told_apart(x: Any, expected: Values) -> None:
    assert detect_values([x]) == expected


def test_every_split_counts_for_what_values_are() -> None:
    binary, grey = np.array([[0.0, 1.0]]), np.array([[0.5, 1.0]])
    assert detect_values([binary, binary, grey]).support == "unit"
    assert detect_values([grey, grey, grey + 1]).support == "real"


def test_declared_levels_win() -> None:
    assert detect_values([np.array([[0, 16]], np.uint8)], levels=17) == Values("levels", 17, 16.0)


def test_the_choice_of_likelihood_and_its_reason() -> None:
    binary = pixels(support="binary", levels=2, unit=255.0)
    assert choose_likelihood(binary).name == "bernoulli"
    assert choose_likelihood(binary).reason == "every value is 0 or 255 (binary)"
    assert choose_likelihood(pixels()).name == "discretized_logistic"
    assert choose_likelihood(pixels()).reason == "every value is a whole number from 0 to 255 (8-bit values)"
    assert (
        choose_likelihood(pixels(levels=17, unit=16.0)).reason
        == "every value is a whole number from 0 to 16 (17 levels)"
    )
    assert choose_likelihood(make_spec(support="unit")).reason == "the values are real numbers in [0, 1]"
    assert choose_likelihood(make_spec()).name == "gaussian"
    assert choose_likelihood(make_spec()).reason == "the values are real numbers from -3.5 to 8.25"
