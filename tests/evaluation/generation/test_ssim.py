"""Structural similarity by its definition: equal, shifted, swapped and noisy pictures, and how many scales fit."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from latentia.errors import ConfigurationError, DataError
from latentia.evaluation.generation import ms_ssim, pair_similarity, scales_that_fit
from latentia.evaluation.generation.ssim import WEIGHTS
from tests.exact.mutants import killed

C1, C2 = 0.01**2, 0.03**2


def pictures(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def slow(x: Tensor, y: Tensor, scales: int, *, luminance_everywhere: bool = False) -> float:
    """The definition in loops over places, for one grey picture of values in [0, 1]."""
    places = torch.arange(11, dtype=torch.float64) - 5
    line = torch.exp(-places.square() / (2 * 1.5**2))
    window = line[:, None] * line
    window = window / window.sum()
    weights = torch.tensor(WEIGHTS[:scales], dtype=torch.float64)
    weights = weights / weights.sum()
    result = 1.0
    for scale in range(scales):
        ls, css = [], []
        for i in range(x.shape[0] - 10):
            for j in range(x.shape[1] - 10):
                a, b = x[i : i + 11, j : j + 11], y[i : i + 11, j : j + 11]
                ma, mb = (window * a).sum(), (window * b).sum()
                va, vb = (window * (a - ma).square()).sum(), (window * (b - mb).square()).sum()
                shared = (window * (a - ma) * (b - mb)).sum()
                ls.append((2 * ma * mb + C1) / (ma**2 + mb**2 + C1))
                css.append((2 * shared + C2) / (va + vb + C2))
        light, structure = torch.stack(ls), torch.stack(css)
        whole = luminance_everywhere or scale == scales - 1
        result *= float((light * structure if whole else structure).mean()) ** float(weights[scale])
        x, y = avg_pool2d(x[None], 2)[0], avg_pool2d(y[None], 2)[0]
    return result


def the_definition(reference: Callable[[Tensor, Tensor, int], float]) -> None:
    x = pictures(23, 26)
    y = 0.7 * x + 0.3 * pictures(23, 26, seed=1)
    for scales in (1, 2):
        found = float(ms_ssim(x[None, None], y[None, None], span=1.0, scales=scales))
        assert found == pytest.approx(reference(x, y, scales), abs=1e-12)


def test_the_definition() -> None:
    the_definition(slow)
    with killed():
        the_definition(lambda x, y, scales: slow(x, y, scales, luminance_everywhere=True))


def luminance_of_constant_pictures(measure: Callable[..., Tensor]) -> None:
    # Without contrast cs = C2 / C2 = 1, and what is left is the luminance of the coarsest scale to its weight.
    a, b = torch.full((1, 2, 44, 50), 60.0), torch.full((1, 2, 44, 50), 120.0)
    x, y = 60 / 255, 120 / 255
    light = (2 * x * y + C1) / (x**2 + y**2 + C1)
    assert float(measure(a, b, span=255.0, scales=1)) == pytest.approx(light, abs=1e-10)
    share = WEIGHTS[2] / sum(WEIGHTS[:3])
    assert float(measure(a, b, span=255.0)) == pytest.approx(light**share, abs=1e-10)


def test_constant_pictures() -> None:
    luminance_of_constant_pictures(ms_ssim)
    with killed():  # a span forgotten
        luminance_of_constant_pictures(lambda a, b, span, scales=None: ms_ssim(a, b, span=1.0, scales=scales))
    with killed():  # the mean over scales in place of the weighted product
        luminance_of_constant_pictures(lambda a, b, span, scales=None: ms_ssim(a, b, span=span, scales=1))


def test_a_shift_leaves_contrast_and_structure_alone() -> None:
    x = pictures(1, 1, 30, 30) * 0.5
    shifted = ms_ssim(x, x + 0.25, span=1.0, scales=1)
    # With all places of equal mean this is the luminance; here it is bounded by the luminances of the extremes.
    low, high = float(x.min()), float(x.max())
    bounds = [(2 * m * (m + 0.25) + C1) / (m**2 + (m + 0.25) ** 2 + C1) for m in (low, high)]
    assert min(bounds) < float(shifted) < max(bounds)


def test_laws() -> None:
    x, y = pictures(3, 2, 48, 45), pictures(3, 2, 48, 45, seed=1)
    one = torch.ones(3, dtype=torch.float64)
    torch.testing.assert_close(ms_ssim(x, x, span=1.0), one)
    torch.testing.assert_close(ms_ssim(x, y, span=1.0), ms_ssim(y, x, span=1.0))
    torch.testing.assert_close(ms_ssim(255 * x, 255 * y, span=255.0), ms_ssim(x, y, span=1.0))
    square = x[..., :40], y[:, :, 4:44, :40]  # of sides that halve evenly, or the last row would be left out
    mirrored = ms_ssim(square[0][:, :, :40].flip(3).mT, square[1].flip(3).mT, span=1.0)
    torch.testing.assert_close(mirrored, ms_ssim(square[0][:, :, :40], square[1], span=1.0))
    channels = torch.stack([ms_ssim(x[:, i : i + 1], y[:, i : i + 1], span=1.0) for i in range(2)]).mean(0)
    torch.testing.assert_close(ms_ssim(x, y, span=1.0), channels)
    noise = pictures(3, 2, 48, 45, seed=2) - 0.5
    values = [float(ms_ssim(x, x + level * noise, span=1.0).mean()) for level in (0.0, 0.1, 0.3, 1.0, 3.0)]
    assert values == sorted(values, reverse=True)
    assert len(set(values)) == 5
    assert float(ms_ssim(x, 1 - x, span=1.0).max()) == 0  # opposite structure


def test_scales_that_fit() -> None:
    assert [scales_that_fit(side, 500).number for side in (8, 11, 21, 22, 44, 87, 88, 175, 176, 1000)] == [
        *(1, 1, 1, 2, 3, 3, 4, 4, 5, 5)
    ]
    assert [scales_that_fit(side, side).window for side in (3, 4, 8, 10, 11, 64)] == [3, 3, 7, 9, 11, 11]
    with pytest.raises(DataError, match="2 x 9 pixels have no structure"):
        scales_that_fit(2, 9)
    small = pictures(1, 1, 28, 28)
    with pytest.raises(DataError, match="too small for 5 scales, which need 176 a side; at most 2 fit"):
        ms_ssim(small, small, span=1.0, scales=5)
    big = pictures(1, 1, 176, 176)
    assert float(ms_ssim(big, big * 0.9, span=1.0, scales=5)) == float(ms_ssim(big, big * 0.9, span=1.0))


def test_what_are_no_two_pictures_is_refused() -> None:
    x = pictures(1, 1, 28, 28)
    with pytest.raises(DataError, match="give two of one"):
        ms_ssim(x, x[..., 1:], span=1.0)
    with pytest.raises(ConfigurationError, match="above 0"):
        ms_ssim(x, x, span=0.0)
    with pytest.raises(ConfigurationError, match="scales is 6"):
        ms_ssim(x, x, span=1.0, scales=6)


def test_pairs_share_no_row() -> None:
    x = pictures(9, 1, 12, 12)
    found = pair_similarity(x, span=1.0)
    assert found.pairs == 4
    assert found.standard_error is not None
    assert found == pair_similarity(x, span=1.0)
    assert pair_similarity(x[:1].expand(6, -1, -1, -1), span=1.0).mean == pytest.approx(1)
    every = [float(ms_ssim(x[i : i + 1], x[j : j + 1], span=1.0)) for i in range(9) for j in range(i)]
    assert min(every) <= found.mean <= max(every)
    assert math.isclose(sum(every) / len(every), found.mean, abs_tol=5 * found.standard_error)
    with pytest.raises(DataError, match="make no pair"):
        pair_similarity(x[:1], span=1.0)
