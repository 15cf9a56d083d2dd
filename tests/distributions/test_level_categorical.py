"""Free probabilities over levels: against torch's categorical, by enumeration and by goodness of fit."""

from __future__ import annotations

import torch
from torch.distributions import Categorical

from latentia.distributions import LevelCategorical
from tests.exact.mutants import killed, z_score
from tests.exact.quadrature import F64

LOGITS = 6 * torch.randn(50, 17, generator=torch.Generator().manual_seed(0), dtype=F64)
GRID = torch.arange(17, dtype=F64)[:, None] / 16


def sums_to_one(shift: float) -> None:
    for dtype, tolerance in ((F64, 1e-13), (torch.float32, 1e-6)):
        d = LevelCategorical(LOGITS.to(dtype))
        total = (d.log_prob(GRID.to(dtype)) + shift).logsumexp(0)
        assert total.abs().max() < tolerance


def test_9_the_levels_sum_to_one() -> None:
    sums_to_one(0.0)
    with killed():
        sums_to_one(1e-5)


def test_it_is_the_softmax_without_a_normalised_copy() -> None:
    expected = Categorical(logits=LOGITS).log_prob(torch.arange(17)[:, None])
    torch.testing.assert_close(LevelCategorical(LOGITS).log_prob(GRID), expected)
    # Levels of 8-bit pixels as they are prepared, in float32.
    wide = torch.randn(3, 256)
    pixels = torch.arange(256, dtype=torch.uint8).float()[:, None] / 255
    torch.testing.assert_close(LevelCategorical(wide).log_prob(pixels), wide.log_softmax(-1).T)


def test_a_strided_view_of_the_decoder_gives_the_same() -> None:
    view = LOGITS.T.contiguous().movedim(0, -1)
    d, x = LevelCategorical(view), GRID[:, 0][torch.arange(50) % 17]
    torch.testing.assert_close(d.log_prob(x), LevelCategorical(LOGITS).log_prob(x))
    torch.testing.assert_close(d.mean, LevelCategorical(LOGITS).mean)


def test_moments_are_those_of_the_levels() -> None:
    d = LevelCategorical(LOGITS)
    mass = d.log_prob(GRID).exp()
    torch.testing.assert_close(d.mean, (mass * GRID).sum(0))
    torch.testing.assert_close(d.variance, (mass * (GRID - d.mean).square()).sum(0))


def test_10_samples_follow_the_levels() -> None:
    torch.manual_seed(0)
    d = LevelCategorical(LOGITS[:3] / 4)
    x = d.sample((40_000,))
    assert torch.equal(x, (x * 16).round() / 16)
    for level in range(17):
        share = d.log_prob(GRID[level]).exp()
        for row in range(3):
            if share[row] * 40_000 > 10:
                assert abs(z_score((x[:, row] == level / 16).double(), float(share[row]))) < 5


def test_what_is_not_on_the_grid_has_no_probability_and_nan_stays_nan() -> None:
    d = LevelCategorical(torch.zeros(4))
    scores = d.log_prob(torch.tensor([-1.0, 0.0, 2.0, torch.nan]))
    assert scores[0] == scores[2] == -torch.inf
    assert scores[3].isnan()
    assert LevelCategorical(torch.tensor([0.0, torch.nan])).log_prob(torch.zeros(())).isnan()


def test_gradients_are_those_of_the_softmax_and_shapes_expand() -> None:
    logits = LOGITS.clone().requires_grad_()
    d = LevelCategorical(logits).expand((2, 50))
    x = GRID[:, 0][torch.arange(50) % 17]
    assert d.log_prob(x).shape == (2, 50)
    assert d.sample((3,)).shape == (3, 2, 50)
    (gradient,) = torch.autograd.grad(LevelCategorical(logits).log_prob(x).sum(), logits)
    one_hot = torch.nn.functional.one_hot(torch.arange(50) % 17, 17).double()
    torch.testing.assert_close(gradient, one_hot - LOGITS.softmax(-1))
    assert d.support.check(torch.tensor(1.0))
