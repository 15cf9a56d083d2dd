"""Missing elements: log p(x_obs) is that of the marginal, with finite gradients, whatever the family."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.distributions import Distribution, Independent, Laplace, Normal, Poisson

from latentia.distributions import (
    ColourLogisticMixture,
    ContinuousBernoulli,
    DiscretizedLogistic,
    LevelCategorical,
    OptimalNormal,
    StudentT,
    bernoulli,
    mixture_of_logistics,
    normal,
    observed,
)
from latentia.distributions.counts import NegativeBinomial, ZeroInflated
from latentia.errors import CompatibilityError
from tests.exact.mutants import killed
from tests.exact.quadrature import F64

ROWS, DIMS = 5, 6
GENERATOR = torch.Generator().manual_seed(0)
RAW = 2 * torch.randn(ROWS, DIMS, 5, generator=GENERATOR, dtype=F64)
LEVELS = torch.randint(0, 5, (ROWS, DIMS), generator=GENERATOR).double() / 4
REAL = 3 * torch.randn(ROWS, DIMS, generator=GENERATOR, dtype=F64)
GONE = torch.rand(ROWS, DIMS, generator=GENERATOR) < 0.4
GONE[0], GONE[1] = True, False
"""The first row is missing altogether, the second is whole."""

FAMILIES: dict[str, tuple[Callable[[Tensor], Distribution], Tensor]] = {
    "bernoulli": (lambda p: bernoulli(p[..., 0], 0), LEVELS.round()),
    "continuous_bernoulli": (lambda p: ContinuousBernoulli(p[..., 0]), LEVELS),
    "normal": (lambda p: Normal(p[..., 0], p[..., 1].exp(), validate_args=False), REAL),
    "laplace": (lambda p: Laplace(p[..., 0], p[..., 1].exp(), validate_args=False), REAL),
    "student_t": (lambda p: StudentT(2 + p[..., 2].exp(), p[..., 0], p[..., 1].exp()), REAL),
    "discretized_logistic": (lambda p: DiscretizedLogistic(p[..., 0], p[..., 1], 5), LEVELS),
    "logistic_mixture": (lambda p: mixture_of_logistics(p, p.flip(-1), p.roll(1, -1), 5), LEVELS),
    "categorical": (LevelCategorical, LEVELS),
    "poisson": (lambda p: Poisson(p[..., 0].exp(), validate_args=False), (4 * LEVELS).round()),
    "negative_binomial": (lambda p: NegativeBinomial(p[..., 0], p[..., 1]), (4 * LEVELS).round()),
    "zero_inflated": (
        lambda p: ZeroInflated(NegativeBinomial(p[..., 0], p[..., 1]), p[..., 2]),
        (4 * LEVELS).round(),
    ),
}
families = pytest.mark.parametrize(("family", "x"), FAMILIES.values(), ids=FAMILIES)


def marginal_is_scored(family: Callable[[Tensor], Distribution], x: Tensor, filler: float | None = None) -> None:
    px = observed(Independent(family(RAW), 1, validate_args=False))
    holed = torch.where(GONE, torch.nan, x)
    score = px.log_prob(holed) if filler is None else px.log_prob(torch.where(GONE, filler, x))
    for row in range(ROWS):
        kept = ~GONE[row]
        # The distribution that never had the other dimensions.
        marginal = family(RAW[row][kept]).log_prob(x[row][kept]).sum()
        torch.testing.assert_close(score[row], marginal, rtol=1e-12, atol=1e-12)


@families
def test_log_prob_is_that_of_the_marginal(family: Callable[[Tensor], Distribution], x: Tensor) -> None:
    marginal_is_scored(family, x)
    with killed():  # gaps filled with a plausible value, and counted
        marginal_is_scored(family, x, filler=1.0)


@families
def test_gradients_are_finite_and_those_of_missing_elements_zero(
    family: Callable[[Tensor], Distribution], x: Tensor
) -> None:
    raw = RAW.clone().requires_grad_()
    px = observed(Independent(family(raw), 1, validate_args=False))
    (gradient,) = torch.autograd.grad(px.log_prob(torch.where(GONE, torch.nan, x)).sum(), raw, retain_graph=True)
    assert gradient.isfinite().all()
    assert (gradient[GONE] == 0).all()
    (whole,) = torch.autograd.grad(px.log_prob(x).sum(), raw)
    torch.testing.assert_close(gradient[~GONE], whole[~GONE], rtol=0, atol=0)


@families
def test_nothing_else_changes(family: Callable[[Tensor], Distribution], x: Tensor) -> None:
    plain = Independent(family(RAW), 1, validate_args=False)
    px = observed(plain)
    assert torch.equal(px.log_prob(x), plain.log_prob(x))
    assert torch.equal(px.mean, plain.mean)
    torch.manual_seed(0)
    drawn = px.sample((2,))
    torch.manual_seed(0)
    assert torch.equal(drawn, plain.sample((2,)))
    assert px.expand((3, ROWS)).log_prob(torch.where(GONE, torch.nan, x)).shape == (3, ROWS)
    # Without the wrapper NaN reaches the loss, where training names it.
    assert plain.log_prob(torch.full_like(x, torch.nan)).isnan().all()


def test_an_optimal_sigma_is_that_of_what_was_observed() -> None:
    seen: list[Tensor] = []
    loc = RAW[..., 0]
    px = observed(Independent(OptimalNormal(loc, torch.ones_like(loc), seen.append), 1, validate_args=False))
    score = px.log_prob(torch.where(GONE, torch.nan, REAL))
    variance = (REAL - loc)[~GONE].square().mean()
    torch.testing.assert_close(seen[0], variance)
    expected = torch.where(GONE, 0.0, Normal(loc, variance.sqrt()).log_prob(REAL)).sum(1)
    torch.testing.assert_close(score, expected)
    # With K samples of z for the same rows.
    px.expand((7, ROWS)).log_prob(torch.where(GONE, torch.nan, REAL))
    torch.testing.assert_close(seen[1], variance)


def test_dimensions_that_depend_on_one_another_are_refused() -> None:
    colours = ColourLogisticMixture(
        torch.zeros(2, 1, 1), torch.zeros(2, 3, 1, 1), torch.zeros(2, 3, 1, 1), torch.zeros(2, 3, 1, 1), 256
    )
    with pytest.raises(CompatibilityError, match=r"ColourLogisticMixture.*independent dimensions"):
        observed(colours)
    with pytest.raises(CompatibilityError, match="fill the gaps"):
        observed(Independent(normal(torch.zeros(2, 3), torch.ones(3)), 1))


def test_a_family_may_know_its_own_marginals() -> None:
    class Table(Distribution):
        arg_constraints = {}  # noqa: RUF012 -- torch's own protocol

        def observed(self) -> Distribution:
            return normal(torch.zeros(1), torch.ones(1))

    assert isinstance(observed(Table(validate_args=False)), Independent)
