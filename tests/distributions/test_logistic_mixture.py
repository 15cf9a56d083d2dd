"""Oracle 9 for mixtures: the levels of every colour, given those before it, sum to one, in the far tails too."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import pytest
import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from latentia.distributions import ColourLogisticMixture, DiscretizedLogistic, mixture_of_logistics
from latentia.distributions.logistic_mixture import pairs_of
from tests.exact.mutants import killed, z_score
from tests.exact.quadrature import F64

Score = Callable[[DiscretizedLogistic, Tensor], Tensor]


def clamped(d: DiscretizedLogistic, value: Tensor) -> Tensor:
    """The usual implementation: a difference of sigmoids with a clamp at 1e-12."""
    half, scale = d.bin_width / 2, d.log_scale.exp()
    upper, lower = torch.sigmoid((value - d.loc + half) / scale), torch.sigmoid((value - d.loc - half) / scale)
    upper, lower = torch.where(value > 1 - half, 1.0, upper), torch.where(value < half, 0.0, lower)
    return (upper - lower).clamp_min(1e-12).log()


def open_ended(d: DiscretizedLogistic, value: Tensor) -> Tensor:
    """Stable, but the outer levels do not take the tails."""
    half, inverse = d.bin_width / 2, torch.exp(-d.log_scale)
    a, b = (value - d.loc + half) * inverse, (value - d.loc - half) * inverse
    return logsigmoid(a) + logsigmoid(-b) + torch.log(-torch.expm1(b - a))


mutants = pytest.mark.parametrize("mutant", [clamped, open_ended])


def parameters(batch: tuple[int, ...], logistics: int, *, seed: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    """Weights, locations far beyond both ends, and scales from a thousandth of a level to the whole range."""
    generator = torch.Generator().manual_seed(seed)
    shape = (*batch, logistics)
    logits = 4 * torch.randn(shape, generator=generator, dtype=F64)
    loc = 0.5 + 10 * torch.randn(shape, generator=generator, dtype=F64) ** 3
    log_scale = -9 + 12 * torch.rand(shape, generator=generator, dtype=F64)
    return logits, loc, log_scale


def leak(levels: int, dtype: torch.dtype) -> float:
    logits, loc, log_scale = (each.to(dtype) for each in parameters((300,), 5))
    d = mixture_of_logistics(logits, loc, log_scale, levels)
    grid = torch.arange(levels, dtype=dtype)[:, None] / (levels - 1)
    return float(d.log_prob(grid).logsumexp(0).abs().max())


def mixtures_sum_to_one() -> None:
    assert leak(256, F64) < 1e-13
    assert leak(17, F64) < 1e-13
    assert leak(256, torch.float32) < 1e-6


def test_9_the_levels_of_a_mixture_sum_to_one() -> None:
    mixtures_sum_to_one()


@mutants
def test_9_mutants(mutant: Score, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DiscretizedLogistic, "log_prob", mutant)
    with killed():
        mixtures_sum_to_one()


def pixels(
    channels: int, levels: int, *, dtype: torch.dtype = F64, wild: bool = True, num: int = 40
) -> ColourLogisticMixture:
    """Pixels, one a row: a batch `[N]` of pictures of 1 x 1."""
    logits, loc, log_scale = parameters((num, channels), 4, seed=channels)
    coefficients = torch.tanh(torch.randn(num, 4, len(pairs_of(channels)), 1, 1, dtype=F64))
    if not wild:
        loc, log_scale = 0.5 + 0.2 * loc.sign() * loc.abs().clamp_max(1), log_scale.clamp(-3, -1.5)
    loc, log_scale = (each.movedim(1, 2)[..., None, None].to(dtype) for each in (loc, log_scale))
    return ColourLogisticMixture(logits[:, 0, :, None, None].to(dtype), loc, log_scale, coefficients.to(dtype), levels)


def first(d: ColourLogisticMixture, channels: int) -> ColourLogisticMixture:
    """The marginal of the first colours."""
    pairs = len(pairs_of(channels))
    parts = d.loc[:, :, :channels], d.log_scale[:, :, :channels], d.coefficients[:, :, :pairs]
    return ColourLogisticMixture(d.logits, *parts, d.levels)


def colours_sum_to_one(levels: int, dtype: torch.dtype, tolerance: float) -> None:
    torch.manual_seed(0)
    d = pixels(3, levels, dtype=dtype)
    x = torch.randint(0, levels, (40, 3, 1, 1)).to(dtype) / (levels - 1)
    grid = torch.arange(levels, dtype=dtype) / (levels - 1)
    for channels in (1, 2, 3):
        # All values of the last colour beside the given ones of those before it: `[levels, N, channels, 1, 1]`.
        before = x[:, : channels - 1].expand(levels, 40, channels - 1, 1, 1)
        last = grid.view(-1, 1, 1, 1, 1).expand(levels, 40, 1, 1, 1)
        total = first(d, channels).log_prob(torch.cat([before, last], 2)).logsumexp(0)
        given = first(d, channels - 1).log_prob(before[0]) if channels > 1 else torch.zeros(40, dtype=dtype)
        # A difference of logarithms of the size of `given` has its digits.
        assert ((total - given).abs() <= tolerance * (1 + given.abs())).all()


def test_9_every_colour_sums_to_one_given_those_before_it() -> None:
    colours_sum_to_one(256, F64, 1e-13)
    colours_sum_to_one(256, torch.float32, 1e-6)


@mutants
def test_9_mutants_of_colours(mutant: Score, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DiscretizedLogistic, "log_prob", mutant)
    with killed():
        colours_sum_to_one(256, F64, 1e-13)


def enumerated(d: ColourLogisticMixture) -> tuple[Tensor, Tensor]:
    """All pixels `[levels^C, C]` and their probabilities `[levels^C, N]`."""
    channels = d.event_shape[0]
    grid = [level / (d.levels - 1) for level in range(d.levels)]
    every = torch.tensor(list(product(grid, repeat=channels)), dtype=F64)
    return every, d.log_prob(every.view(-1, 1, channels, 1, 1)).exp()


def test_9_the_joint_of_three_colours_sums_to_one() -> None:
    _, mass = enumerated(pixels(3, 9))
    torch.testing.assert_close(mass.sum(0), torch.ones(40, dtype=F64), rtol=0, atol=1e-12)


def test_green_and_blue_are_shifted_by_the_colours_before_them() -> None:
    d = pixels(3, 17, wild=False)
    x = torch.randint(0, 17, (40, 3, 1, 1)).double() / 16
    red, green, blue = x.unbind(1)
    a, b, c = d.coefficients.unbind(2)
    r, g, e = d.loc.unbind(2)
    shifted = (r, g + a * (red[:, None] - 0.5), e + b * (red[:, None] - 0.5) + c * (green[:, None] - 0.5))
    total = d.logits.log_softmax(1)
    for loc, log_scale, value in zip(shifted, d.log_scale.unbind(2), (red, green, blue), strict=True):
        total = total + DiscretizedLogistic(loc, log_scale, 17).log_prob(value[:, None])
    torch.testing.assert_close(d.log_prob(x), total.logsumexp(1).sum((-1, -2)))


def test_one_channel_is_a_plain_mixture() -> None:
    d = pixels(1, 256)
    plain = mixture_of_logistics(
        d.logits.movedim(1, -1), d.loc[:, :, 0].movedim(1, -1), d.log_scale[:, :, 0].movedim(1, -1), 256
    )
    x = torch.randint(0, 256, (40, 1, 1, 1)).double() / 255
    torch.testing.assert_close(d.log_prob(x), plain.log_prob(x[:, 0])[:, 0, 0], rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(d.mean[:, 0], plain.mean)


def test_moments_are_those_of_the_levels() -> None:
    d = mixture_of_logistics(*parameters((50,), 4), 17)
    grid = torch.arange(17, dtype=F64)[:, None] / 16
    mass = d.log_prob(grid).exp()
    torch.testing.assert_close(d.mean, (mass * grid).sum(0), rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(d.variance, (mass * (grid - d.mean).square()).sum(0), rtol=1e-6, atol=1e-10)


def test_the_mean_of_a_pixel_is_exact_for_red_and_near_for_the_others() -> None:
    d = pixels(3, 17, wild=False)
    every, mass = enumerated(d)
    exact = (mass[:, :, None] * every[:, None]).sum(0)
    torch.testing.assert_close(d.mean[:, 0, 0, 0], exact[:, 0], rtol=1e-10, atol=1e-12)
    error = (d.mean[..., 0, 0] - exact).abs()
    # The scales are up to a quarter of the range, so the ends hold back much: a lattice does for it, one point not.
    assert error.max() < 0.01
    assert error[:, 1:].mean() < 0.002


def test_10_samples_follow_the_joint_distribution() -> None:
    torch.manual_seed(0)
    d = pixels(3, 4, wild=False, num=3)
    mass = enumerated(d)[1]
    n = 40_000
    drawn = (d.sample((n,)) * 3).round()[..., 0, 0]
    weights = torch.tensor([16.0, 4.0, 1.0], dtype=F64)
    number = (drawn * weights).sum(-1)
    counts = torch.stack([(number == k).sum(0) for k in range(64)])
    expected = n * mass
    kept = expected > 5
    chi_squared = torch.where(kept, (counts - expected).square() / expected, torch.zeros_like(expected)).sum(0)
    degrees = kept.sum(0).double()
    assert (chi_squared < degrees + 5 * (2 * degrees).sqrt()).all()


def test_10_samples_of_single_values() -> None:
    torch.manual_seed(0)
    d = mixture_of_logistics(torch.tensor([[0.0, 1.0]]), torch.tensor([[0.2, 1.1]]), torch.tensor([[-3.0, -1.5]]), 9)
    x = d.sample((40_000,))
    assert abs(z_score(x[:, 0], float(d.mean))) < 5
    for k in range(9):
        share = float(d.log_prob(torch.tensor(k / 8)).exp())
        assert abs(z_score(((x[:, 0] * 8).round() == k).double(), share)) < 5


def test_shapes_over_pictures() -> None:
    lead = (2, 3)
    d = ColourLogisticMixture(
        torch.zeros(*lead, 5, 4, 6), torch.zeros(*lead, 5, 3, 4, 6), torch.zeros(*lead, 5, 3, 4, 6),
        torch.zeros(*lead, 5, 3, 4, 6), 256,
    )  # fmt: skip
    assert d.batch_shape == lead
    assert d.event_shape == d.mean.shape[2:] == (3, 4, 6)
    assert d.sample().shape == (2, 3, 3, 4, 6)
    assert d.sample((7,)).shape == (7, 2, 3, 3, 4, 6)
    assert d.log_prob(torch.zeros(3, 3, 4, 6)).shape == lead
    grown = d.expand((8, 2, 3))
    assert grown.log_prob(torch.zeros(3, 4, 6)).shape == (8, 2, 3)
    assert d.support.check(torch.zeros(3, 3, 4, 6)).all()
