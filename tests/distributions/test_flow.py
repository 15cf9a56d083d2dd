"""Oracles 8 and 10 for flows; the density of own draws: kept, equal to that by the inverse, refused where unknown."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

import pytest
import torch
from torch import Tensor
from torch.distributions import Distribution

from latentia.conditionals.flow_posterior import FlowPosteriorKind
from latentia.conditionals.flow_prior import FlowPriorKind
from latentia.distributions import Flow, draw, factor_means, kl, normal, temper
from latentia.errors import CompatibilityError
from tests.distributions.flows import EVALUABLE, F64, POSTERIORS, PRIORS, features, head, posterior, prior
from tests.exact.mutants import killed, z_score

all_posteriors = pytest.mark.parametrize("kind", POSTERIORS)
evaluable = pytest.mark.parametrize("kind", EVALUABLE)
all_priors = pytest.mark.parametrize("kind", PRIORS)
Density = Callable[[Tensor], Tensor]


@cache
def drawn(flow: Flow) -> Tensor:
    torch.manual_seed(4)
    with torch.no_grad():
        return flow.rsample(torch.Size([20_000]))


def around(flow: Flow, side: int) -> tuple[Tensor, float]:
    """The points of a grid that reaches eleven standard deviations from the mean of draws, and the volume of a cell."""
    middle, reach = drawn(flow).mean(0), 11 * drawn(flow).std(0)
    steps = torch.linspace(-1, 1, side, dtype=F64)
    lines = middle + reach * steps[:, None]
    cell = float((lines[1] - lines[0]).prod())
    return torch.cartesian_prod(*lines.unbind(1)).reshape(-1, len(middle)), cell


def integrates_to_one(flow: Flow, log_prob: Density, side: int, tolerance: float) -> None:
    # The density has died away at the border, where the trapezoid rule of smooth functions gains digits by the step.
    grid, cell = around(flow, side)
    with torch.no_grad():
        assert abs(float(log_prob(grid).exp().sum() * cell) - 1) < tolerance


def without_log_determinant(flow: Flow) -> Density:
    def log_prob(z: Tensor) -> Tensor:
        u = z
        for each in reversed(flow.transformations):
            u = each.pull(u)[0]  # type: ignore[attr-defined] # an evaluable flow
        return flow.base.log_prob(u)

    return log_prob


# A spline's density has kinks, so the trapezoid rule gains less there.
@pytest.mark.parametrize(
    ("flow", "side", "tolerance"),
    [
        (posterior("iaf"), 90, 1e-9),
        (posterior("maf"), 90, 1e-9),
        (posterior("spline", noise=0.4), 90, 2e-3),
        (posterior("spline", 1), 20_001, 1e-6),
        (prior("maf"), 120, 1e-8),
        (prior("coupling"), 120, 1e-8),
        (prior("spline", noise=0.4), 90, 2e-3),
        (prior("spline", 1), 20_001, 1e-6),
    ],
    ids=["iaf", "maf", "spline", "spline-1", "maf prior", "coupling prior", "spline prior", "spline prior-1"],
)
def test_8_densities_integrate_to_one(flow: Flow, side: int, tolerance: float) -> None:
    integrates_to_one(flow, flow.log_prob, side, tolerance)
    with killed():
        integrates_to_one(flow, without_log_determinant(flow), side, tolerance)


def fills_the_ball(flow: Flow, z: Tensor, log_q: Tensor) -> None:
    """E[1(z in ball)/q(z)] is the ball's volume: sampler and density agree, without a grid or an inverse."""
    dim, radius = z.shape[-1], float(z.std(0).mean())
    with torch.no_grad():
        inside = (z - flow.centre).norm(dim=-1) < radius
        estimates = torch.where(inside, (-log_q).exp(), 0.0)
    volume = math.pi ** (dim / 2) / math.gamma(dim / 2 + 1) * radius**dim
    # Smallest detectable error: five standard errors, below 15 % of the volume.
    assert 5 * float(estimates.std()) / len(z) ** 0.5 < 0.15 * volume
    assert abs(z_score(estimates, volume)) < 5


@pytest.mark.parametrize("dim", [1, 3])
@all_posteriors
def test_8_and_10_draws_weighed_by_their_density_fill_a_ball(kind: FlowPosteriorKind, dim: int) -> None:
    flow = posterior(kind, dim)
    z = drawn(flow)
    with torch.no_grad():
        fills_the_ball(flow, z, flow.log_prob(z))


@all_posteriors
def test_10_mutants(kind: FlowPosteriorKind) -> None:
    flow = posterior(kind, 3) if kind in EVALUABLE else posterior(kind, 2, noise=1.2)  # determinants far from one
    torch.manual_seed(0)
    with torch.no_grad():
        u = flow.base.sample(torch.Size([20_000]))
        z, log_det = flow._push(u)
        fills_the_ball(flow, z, flow.base.log_prob(u) - log_det)
        for factor in (0.0, 1.0):  # the log-determinant forgotten; added, where it is subtracted
            with killed():
                fills_the_ball(flow, z, flow.base.log_prob(u) + factor * log_det)


def frequencies_match(flow: Flow, log_prob: Density) -> None:
    side = 121
    grid, cell = around(flow, side)
    with torch.no_grad():
        z, mass = drawn(flow), log_prob(grid).exp() * cell
    # A point stands for its cell, so the quadrants meet at a corner of four cells.
    middle = (grid[side * (side // 2) + side // 2] + grid[side * (side // 2 + 1) + side // 2 + 1]) / 2
    for sign in ((1, 1), (1, -1), (-1, 1)):
        quadrant = torch.tensor(sign, dtype=F64)
        expected = float(mass[((grid - middle) * quadrant > 0).all(-1)].sum())
        assert abs(z_score(((z - middle) * quadrant > 0).all(-1).double(), expected)) < 5


@evaluable
def test_10_frequencies_of_draws_are_the_integrals_of_the_density(kind: FlowPosteriorKind) -> None:
    flow = posterior(kind, noise=1.2 if kind == "maf" else 0.8)  # whose determinants are near one otherwise
    frequencies_match(flow, flow.log_prob)
    with killed():
        frequencies_match(flow, without_log_determinant(flow))


@all_priors
def test_10_frequencies_of_prior_draws_are_the_integrals_of_the_density(kind: FlowPriorKind) -> None:
    flow = prior(kind)
    frequencies_match(flow, flow.log_prob)


@evaluable
def test_the_kept_density_is_that_by_the_inverse_gradients_and_all(kind: FlowPosteriorKind) -> None:
    module = head(kind, 3)
    q = module(features(4))
    z = q.rsample(torch.Size([6]))
    kept, anew = q.log_prob(z), q.log_prob(z.clone())
    torch.testing.assert_close(kept, anew, rtol=0, atol=1e-8)
    parameters = list(module.parameters())
    weights = torch.randn(6, 4, generator=torch.Generator().manual_seed(0), dtype=F64)
    by_keeping = torch.autograd.grad((weights * kept).sum(), parameters, retain_graph=True)
    by_inverse = torch.autograd.grad((weights * anew).sum(), parameters)
    for a, b in zip(by_keeping, by_inverse, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-6, atol=1e-7)


def test_a_mutant_of_the_kept_density() -> None:
    q = posterior("iaf", 3)
    z = q.rsample(torch.Size([6]))
    q._draws = [(z, q.base.log_prob(z), True)]  # of the image, where it is of the noise that it came from
    with killed():
        torch.testing.assert_close(q.log_prob(z), q.log_prob(z.clone()), rtol=0, atol=1e-8)


@pytest.mark.parametrize("kind", ["planar", "radial", "sylvester"])
def test_a_flow_without_an_inverse_scores_its_own_draws_alone(kind: FlowPosteriorKind) -> None:
    q = posterior(kind, 2, 5)
    first, second = q.rsample(), q.rsample(torch.Size([3]))
    assert q.log_prob(first).shape == (5,)
    assert q.log_prob(second).shape == (3, 5)
    assert q.expand((3, 5)).log_prob(second) is q.log_prob(second)
    with pytest.raises(CompatibilityError, match=r"own draws.*diagonal, full, iaf"):
        q.log_prob(first.clone())


def test_a_density_without_gradient_is_not_taken_for_one_with() -> None:
    for kind in EVALUABLE:
        q = posterior(kind, 2, 5)
        z = q.sample()
        assert q.log_prob(z).requires_grad
        with torch.no_grad():
            torch.testing.assert_close(q.log_prob(z), q.log_prob(z.clone()), rtol=0, atol=1e-8)
    q = posterior("planar", 2, 5)
    z = q.sample()
    with torch.no_grad():
        assert q.log_prob(z).isfinite().all()
    with pytest.raises(CompatibilityError, match="without gradients"):
        q.log_prob(z)


@all_posteriors
def test_a_draw_for_every_entry_of_the_lead(kind: FlowPosteriorKind) -> None:
    lead = torch.Size([4, 3])
    module = head(kind)
    for batch in ((), (3,), (1, 3), (4, 3), (4, 1)):
        q = module(features(*batch))
        assert q.batch_shape == batch
        z = draw(q, lead)
        assert z.shape == (4, 3, 2)
        assert len(z.unique()) == z.numel()
        assert q.log_prob(z).expand(lead).isfinite().all()
        assert factor_means(q, lead).shape == (4, 3, 2)


@evaluable
def test_a_row_is_scored_under_its_own_parameters(kind: FlowPosteriorKind) -> None:
    module, x = head(kind), features(4)
    z = torch.randn(3, 4, 2, generator=torch.Generator().manual_seed(1), dtype=F64)
    together = module(x).log_prob(z)
    for row in range(4):
        torch.testing.assert_close(module(x[row]).log_prob(z[:, row]), together[:, row])
    # One z under every row, as a mixture of flows asks for it.
    one = module(x).log_prob(z[0, :1])
    torch.testing.assert_close(one, module(x).log_prob(z[0, :1].expand(4, 2)))


@all_posteriors
def test_the_centre_is_the_image_of_the_bases_mean(kind: FlowPosteriorKind) -> None:
    q = posterior(kind, 3, 4)
    cold = temper(q, 0.0)
    torch.testing.assert_close(cold.sample(torch.Size([2])), q.centre.expand(2, 4, 3))
    warm = temper(q, 0.5)
    assert isinstance(warm, Flow)
    torch.testing.assert_close(warm.base.stddev, 0.5 * q.base.stddev)
    assert warm.transformations == q.transformations
    assert temper(q, 1.0) is q


@all_posteriors
def test_a_flow_starts_as_the_gaussian_of_its_base(kind: FlowPosteriorKind) -> None:
    from latentia.conditionals import FlowPosterior

    q = FlowPosterior(5, 3, kind, 4).double()(features(6))
    z = q.rsample()
    loc, log_scale = q.centre, q.tempered(1.0).base.stddev.log()
    if kind == "spline":  # mean and scale come last
        log_scale = q.transformations[-1].log_scale
    torch.testing.assert_close(q.log_prob(z), normal(loc, log_scale.exp()).log_prob(z), rtol=0, atol=1e-12)


@all_priors
def test_a_flow_prior_starts_as_the_standard_normal(kind: FlowPriorKind) -> None:
    from latentia.conditionals import FlowPrior

    z = torch.randn(20, 3, dtype=F64)
    p: Distribution = FlowPrior(3, kind).double()(torch.empty(0))
    torch.testing.assert_close(p.log_prob(z), normal(torch.zeros(3), torch.ones(3)).log_prob(z), rtol=0, atol=1e-12)


@all_posteriors
def test_single_precision_is_near_double(kind: FlowPosteriorKind) -> None:
    q = head(kind, dtype=torch.float32)(features(50).float())
    z = q.rsample()
    assert z.dtype == q.log_prob(z).dtype == torch.float32
    if kind in EVALUABLE:
        torch.testing.assert_close(q.log_prob(z), q.log_prob(z.clone()), rtol=1e-3, atol=1e-3)


@evaluable
def test_half_precision_networks_leave_an_exact_density(kind: FlowPosteriorKind) -> None:
    module = head(kind, dtype=torch.float32)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        q = module(features(50).float())
        z = q.rsample()
        kept, anew = q.log_prob(z), q.log_prob(z.clone())
    assert kept.dtype == torch.float32
    torch.testing.assert_close(kept, anew, rtol=1e-3, atol=1e-3)


@evaluable
def test_the_sampled_kl_is_the_integral(kind: FlowPosteriorKind) -> None:
    q, p = posterior(kind), normal(torch.zeros(2, dtype=F64), torch.full((2,), 1.5, dtype=F64))
    grid, cell = around(q, 121)
    with torch.no_grad():
        log_q = q.log_prob(grid)
        exact = float((log_q.exp() * (log_q - p.log_prob(grid))).sum() * cell)
        sampled = kl(q, p, drawn(q))
    assert abs(z_score(sampled, exact)) < 5
