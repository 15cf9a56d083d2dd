"""Concrete variables: oracles 7, 8, 10 and 11, and densities that hold in float32 at low temperatures."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch import distributions as base
from torch.distributions import Distribution, kl_divergence
from torch.nn.functional import softplus

from latentia.distributions import (
    RelaxedBernoulli,
    RelaxedCategorical,
    draw,
    factor_means,
    kl,
    kl_per_dim,
    relaxed_bernoulli,
    relaxed_categorical,
    temper,
)
from latentia.distributions.gamma_family import edge_at_one
from tests.exact.mutants import killed, z_score

F64 = torch.float64
LOGITS = torch.tensor([-5.0, -0.01, 0.0, 1.3, 7.0], dtype=F64)


def of_log_odds(d: RelaxedBernoulli, y: Tensor) -> Tensor:
    """Log-density of the log-odds: a logistic distribution of location l / t and scale 1 / t."""
    t = d.logits - d.temperature * y
    return math.log(d.temperature) + t - 2 * softplus(t)


def kl_is_the_integral(divergence: Callable[[RelaxedBernoulli, RelaxedBernoulli], Tensor]) -> None:
    for temperature in (0.4, 0.3, 0.01, 3.0):
        q, p = RelaxedBernoulli(LOGITS, 0.4), RelaxedBernoulli(torch.full((5,), 0.2, dtype=F64), temperature)
        y = torch.linspace(-150, 150, 60_001, dtype=F64)[:, None]
        integrand = of_log_odds(q, y).exp() * (of_log_odds(q, y) - of_log_odds(p, y))
        exact = torch.trapezoid(integrand, y, dim=0)
        torch.testing.assert_close(divergence(q, p), exact, rtol=1e-11, atol=1e-12)


def test_7_kl_of_relaxed_coin_tosses_is_the_integral() -> None:
    kl_is_the_integral(kl_divergence)


def test_7_mutants() -> None:
    with killed():  # that of the coin tosses themselves
        kl_is_the_integral(lambda q, p: kl_divergence(base.Bernoulli(logits=q.logits), base.Bernoulli(logits=p.logits)))
    with killed():  # the prior taken at the posterior's temperature
        kl_is_the_integral(lambda q, p: kl_divergence(q, RelaxedBernoulli(p.logits, q.temperature)))


def test_7_kl_at_equal_log_odds_is_zero_with_a_zero_slope_and_a_series_around_it() -> None:
    a = torch.tensor([0.0, 1e-9, 1e-3, 0.0499, 0.0501], dtype=F64, requires_grad=True)
    value = kl_divergence(RelaxedBernoulli(a, 1.0), RelaxedBernoulli(torch.zeros(5, dtype=F64), 1.0))
    square = a.detach().square()
    torch.testing.assert_close(value.detach(), square / 6 - square**2 / 360 + square**3 / 15120, rtol=1e-11, atol=1e-16)
    (slope,) = torch.autograd.grad(value.sum(), a)
    torch.testing.assert_close(slope, a.detach() / 3 - a.detach() ** 3 / 90, rtol=1e-7, atol=1e-14)


def test_7_kl_at_far_temperatures_is_sampled_and_unbiased() -> None:
    torch.manual_seed(0)
    q, p = RelaxedBernoulli(torch.tensor(1.0, dtype=F64), 0.2), RelaxedBernoulli(torch.tensor(0.0, dtype=F64), 1.8)
    with pytest.raises(NotImplementedError):
        kl_divergence(q, p)
    y = torch.linspace(-300, 300, 60_001, dtype=F64)
    integrand = of_log_odds(q, y).exp() * (of_log_odds(q, y) - of_log_odds(p, y))
    sampled = kl(q, p, draw(q, torch.Size([50_000])))
    assert abs(z_score(sampled, float(torch.trapezoid(integrand, y)))) < 5


def test_7_kl_is_no_less_in_float32() -> None:
    for temperature in (0.4, 0.3, 2.0):
        wide = kl_divergence(RelaxedBernoulli(LOGITS, 0.4), RelaxedBernoulli(torch.zeros(5, dtype=F64), temperature))
        narrow = kl_divergence(RelaxedBernoulli(LOGITS.float(), 0.4), RelaxedBernoulli(torch.zeros(5), temperature))
        torch.testing.assert_close(narrow.double(), wide, rtol=1e-5, atol=3e-6)


def mass_is_one(log_prob: Callable[[RelaxedBernoulli, Tensor], Tensor]) -> None:
    """The density between the edges, and the masses at them."""
    edge = edge_at_one(F64)
    reach = math.log1p(-edge) - math.log(edge)
    y = torch.linspace(-reach, reach, 200_001, dtype=F64)[1:-1, None]
    z = y.sigmoid()
    for temperature in (0.05, 0.3, 0.67, 2.0):
        d = RelaxedBernoulli(LOGITS, temperature)
        inner = torch.trapezoid(log_prob(d, z).exp() * z * (-y).sigmoid(), y, dim=0)
        ends = log_prob(d, torch.tensor([[0.0], [1.0]], dtype=F64)).exp().sum(0)
        # Next to one z is known to a few per cent of its distance from there, which blurs the border of the edge.
        assert (inner + ends - 1).abs().max() < 1e-3
        if temperature >= 0.67:  # then hardly anything lies at the edges
            assert (inner - 1).abs().max() < 1e-6


def test_8_density_and_the_masses_at_the_edges_add_up_to_one() -> None:
    mass_is_one(RelaxedBernoulli.log_prob)


def test_8_mutant() -> None:
    def clamped(d: RelaxedBernoulli, z: Tensor) -> Tensor:
        edge = 2 * edge_at_one(z.dtype)
        return d.log_prob(z.clamp(edge, 1 - edge))

    with killed():  # a density at the ends
        mass_is_one(clamped)


def test_densities_are_torchs_where_those_hold() -> None:
    torch.manual_seed(0)
    z = torch.rand(50, 5, dtype=F64)
    theirs: Distribution = base.RelaxedBernoulli(torch.tensor(0.67, dtype=F64), logits=LOGITS, validate_args=False)
    torch.testing.assert_close(RelaxedBernoulli(LOGITS, 0.67).log_prob(z), theirs.log_prob(z))
    shares = z / z.sum(-1, keepdim=True)
    theirs = base.RelaxedOneHotCategorical(torch.tensor(0.67, dtype=F64), logits=LOGITS, validate_args=False)
    torch.testing.assert_close(RelaxedCategorical(LOGITS, 0.67).log_prob(shares), theirs.log_prob(shares))


def test_two_categories_are_one_coin_toss() -> None:
    logits = torch.tensor([0.7, -0.4], dtype=F64)
    coin, pair = RelaxedBernoulli(logits[0] - logits[1], 0.3), RelaxedCategorical(logits, 0.3)
    z = torch.tensor([1e-9, 0.02, 0.5, 0.999], dtype=F64)
    torch.testing.assert_close(pair.log_prob(torch.stack([z, 1 - z], -1)), coin.log_prob(z))


def test_8_a_ball_on_the_simplex_has_its_volume() -> None:
    torch.manual_seed(0)
    d, radius = RelaxedCategorical(torch.tensor([0.4, 0.0, -0.5], dtype=F64), 0.9), 0.25
    z = d.rsample(torch.Size([100_000]))
    inside = (z[:, :2] - 1 / 3).norm(dim=1) < radius
    assert abs(z_score(inside / d.log_prob(z).exp(), math.pi * radius**2)) < 5


LogProb = Callable[[Distribution, Tensor], Tensor]


def weights_average_to_one(log_prob: LogProb, q: Distribution, p: Distribution) -> None:
    torch.manual_seed(0)
    z = draw(q, torch.Size([50_000]))
    assert z.dtype == torch.float32
    ratio = (log_prob(p, z) - log_prob(q, z)).exp().double()
    # Smallest detectable error: 5 standard errors, below 6 %.
    assert float(ratio.std()) / 50_000**0.5 * 5 < 0.06
    assert abs(z_score(ratio, 1.0)) < 5


def as_torch(d: Distribution) -> Distribution:
    """torch's family: a density of values that float32 has rounded."""
    if isinstance(d, RelaxedBernoulli):
        return base.RelaxedBernoulli(torch.tensor(d.temperature), logits=d.logits, validate_args=False)
    assert isinstance(d, RelaxedCategorical)
    return base.RelaxedOneHotCategorical(torch.tensor(d.temperature), logits=d.logits, validate_args=False)


LOW = [
    (RelaxedBernoulli(torch.tensor(1.5), 0.1), RelaxedBernoulli(torch.tensor(0.0), 0.1)),
    (RelaxedBernoulli(torch.tensor(0.5), 0.05), RelaxedBernoulli(torch.tensor(0.0), 0.08)),
    (RelaxedCategorical(torch.tensor([1.5, 0.0, -1.0]), 0.05), RelaxedCategorical(torch.zeros(3), 0.05)),
    (RelaxedCategorical(torch.tensor([1.0, 0.0, 0.0, 0.0]), 0.02), RelaxedCategorical(torch.zeros(4), 0.03)),
]


@pytest.mark.parametrize(("q", "p"), LOW)
def test_importance_weights_average_to_one_in_float32_at_low_temperatures(q: Distribution, p: Distribution) -> None:
    weights_average_to_one(lambda d, z: d.log_prob(z), q, p)
    with killed():
        weights_average_to_one(lambda d, z: as_torch(d).log_prob(z.clamp_min(torch.finfo(z.dtype).tiny)), q, p)


def test_10_the_likelier_side_is_that_of_the_coin_and_the_quantiles_are_logistic() -> None:
    torch.manual_seed(0)
    d = RelaxedBernoulli(LOGITS, 0.5)
    z = d.rsample(torch.Size([40_000]))
    for u in (0.1, 0.5, 0.9):
        # z lies below u with the chance that the noise lies below t logit(u) - l.
        chance = torch.sigmoid(d.temperature * math.log(u / (1 - u)) - LOGITS)
        share = (z < u).double().mean(0)
        assert ((share - chance).abs() < 5 * (chance * (1 - chance) / 40_000).sqrt() + 1e-4).all()


def test_10_the_largest_share_is_at_the_category_of_its_probability() -> None:
    torch.manual_seed(0)
    z = RelaxedCategorical(LOGITS, 0.5).rsample(torch.Size([40_000]))
    torch.testing.assert_close(z.sum(-1), torch.ones(40_000, dtype=F64))
    counts = torch.bincount(z.argmax(-1), minlength=5)
    expected = 40_000 * LOGITS.softmax(0)
    # 4 degrees of freedom: mean 4, standard deviation 2.8; five of them.
    assert float(((counts - expected).square() / expected.clamp_min(1)).sum()) < 4 + 5 * 2.8


def test_10_mutant() -> None:
    torch.manual_seed(0)
    z = RelaxedBernoulli(2 * LOGITS, 0.5).rsample(torch.Size([40_000]))
    with killed():
        assert ((z < 0.5).double().mean(0) - torch.sigmoid(-LOGITS)).abs().max() < 0.02


def test_11_the_path_gives_the_gradient_of_the_mean() -> None:
    torch.manual_seed(0)
    temperature, y = 0.67, torch.linspace(-150, 150, 60_001, dtype=F64)

    def mean(logit: float) -> float:
        d = RelaxedBernoulli(torch.tensor(logit, dtype=F64), temperature)
        return float(torch.trapezoid(of_log_odds(d, y).exp() * y.sigmoid(), y))

    logits = torch.full((50_000,), 0.8, dtype=F64, requires_grad=True)
    (slope,) = torch.autograd.grad(RelaxedBernoulli(logits, temperature).rsample().sum(), logits)
    assert abs(z_score(slope, (mean(0.801) - mean(0.799)) / 0.002)) < 5


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_nothing_is_infinite_at_the_edges(dtype: torch.dtype) -> None:
    logits = torch.tensor([-8.0, 0.0, 8.0], dtype=dtype, requires_grad=True)
    for temperature in (0.01, 0.67, 5.0):
        for value in (0.0, 1e-30, edge_at_one(dtype), 0.5, 1 - edge_at_one(dtype), 1.0):
            z = torch.full((3,), value, dtype=dtype, requires_grad=True)
            density = RelaxedBernoulli(logits, temperature).log_prob(z)
            shares = torch.stack([z[0], 1 - z[0], torch.zeros_like(z[0])])
            density = density.sum() + RelaxedCategorical(logits, temperature).log_prob(shares)
            assert density.isfinite()
            assert all(g.isfinite().all() for g in torch.autograd.grad(density, (z, logits)))


def test_gradients_through_draws_are_finite_at_extreme_temperatures() -> None:
    torch.manual_seed(0)
    logits = torch.tensor([-8.0, 0.0, 8.0]).expand(2000, 3).clone().requires_grad_()
    for temperature in (0.01, 0.1, 5.0):
        for d in (relaxed_bernoulli(logits, temperature), relaxed_categorical(logits, temperature)):
            z = d.rsample()
            (gradient,) = torch.autograd.grad(d.log_prob(z).sum() + z.sum(), logits)
            assert gradient.isfinite().all()


def test_kl_splits_over_coin_tosses_of_one_temperature() -> None:
    q, p = relaxed_bernoulli(torch.randn(4, 3), 0.5), relaxed_bernoulli(torch.zeros(3), 0.5)
    per_dim = kl_per_dim(q, p)
    assert per_dim is not None
    torch.testing.assert_close(per_dim.sum(-1), kl(q, p, q.sample()))
    assert kl_per_dim(q, relaxed_bernoulli(torch.zeros(3), 0.4)) is not None
    assert kl_per_dim(q, relaxed_bernoulli(torch.zeros(3), 5.0)) is None
    several = relaxed_categorical(torch.randn(4, 3, 5), 0.5, 2)
    assert several.event_shape == (3, 5)
    assert kl_per_dim(several, relaxed_categorical(torch.zeros(3, 5), 0.5, 2)) is None


def test_cooling_narrows_the_noise_and_ends_at_the_centre() -> None:
    torch.manual_seed(0)
    for d in (relaxed_bernoulli(torch.tensor([1.0]), 0.5), relaxed_categorical(torch.tensor([1.0, 0.0]), 0.5)):
        lead = torch.Size([2, 3])
        torch.testing.assert_close(draw(temper(d, 0.0), lead), factor_means(d, lead))
        warm, cool = (each.sample(torch.Size([2000])).std(0) for each in (d, temper(d, 0.3)))
        assert (cool < 0.6 * warm).all()
    median = relaxed_bernoulli(torch.tensor([1.0]), 0.5)
    share = (median.sample(torch.Size([40_000])) < factor_means(median, torch.Size([1]))).double()
    assert abs(z_score(share.flatten(), 0.5)) < 5
