"""Oracle 28: the brachistochrone is a cycloid, maximum entropy is Gaussian, and the optimal q is the posterior."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import sympy
import torch
from numpy.typing import NDArray
from scipy import optimize, stats
from sympy.calculus.euler import euler_equations
from torch import Tensor

from tests.exact.linear_gaussian import F64, LinearGaussian
from tests.exact.mutants import killed

Array = NDArray[np.float64]

# --- the Euler-Lagrange equation of the travel time -----------------------------------------------------------------

_X, _THETA = sympy.symbols("x theta", positive=True)
_Y = sympy.Function("y", positive=True)
Lagrangian = Callable[[sympy.Expr, sympy.Expr], sympy.Expr]


def travel_time(y: sympy.Expr, slope: sympy.Expr) -> sympy.Expr:
    """Length over speed; from rest, y below the start, with 2 g = 1."""
    return sympy.sqrt((1 + slope**2) / y)


def cycloid_satisfies(lagrangian: Lagrangian) -> None:
    """The residual of the Euler-Lagrange equation along x = theta - sin theta, y = 1 - cos theta."""
    (equation,) = euler_equations(lagrangian(_Y(_X), _Y(_X).diff(_X)), _Y(_X), _X)
    residual = equation.lhs - equation.rhs
    x, y = _THETA - sympy.sin(_THETA), 1 - sympy.cos(_THETA)
    slope = y.diff(_THETA) / x.diff(_THETA)
    curvature = slope.diff(_THETA) / x.diff(_THETA)
    along = residual.doit().subs(_Y(_X).diff(_X, 2), curvature).subs(_Y(_X).diff(_X), slope).subs(_Y(_X), y)
    for theta in (sympy.Rational(3, 10), sympy.Integer(1), sympy.Integer(2), sympy.Integer(3)):
        assert abs(complex(along.evalf(30, subs={_THETA: theta}))) < 1e-20


def test_28_the_euler_lagrange_equation_of_the_travel_time_holds_on_the_cycloid() -> None:
    cycloid_satisfies(travel_time)


def test_28_mutants_of_the_functional() -> None:
    with killed():  # length alone: the shortest way is straight
        cycloid_satisfies(lambda y, slope: sympy.sqrt(1 + slope**2))
    with killed():  # a speed that grows with the depth itself, not with its root
        cycloid_satisfies(lambda y, slope: sympy.sqrt(1 + slope**2) / y)


# --- the same minimum found without the equation --------------------------------------------------------------------


def fastest(power: float, knots: int = 80) -> tuple[Array, Array, float]:
    """The polygon from (0, 0) to (pi, 2) of least travel time, where the speed is depth ** power; and that time.

    On a straight piece between depths a and b, the mean of 1 / speed is (b^(1-p) - a^(1-p)) / ((1 - p) (b - a)).
    """
    x = torch.from_numpy(math.pi * np.linspace(0, 1, knots + 1) ** 3)  # the curve is vertical at the start
    ends = torch.zeros(1, dtype=F64), torch.full((1,), 2.0, dtype=F64)

    def time(free: Tensor) -> Tensor:
        y = torch.cat([ends[0], free.exp(), ends[1]])
        drop, run = y.diff(), x.diff()
        above = torch.cat([ends[0], free.exp() ** (1 - power)])
        slow = (y[1:] ** (1 - power) - above) / ((1 - power) * drop)
        return ((drop.square() + run.square()).sqrt() * slow).sum()

    slope = torch.func.grad(time)
    curvature = torch.func.jacrev(slope)
    found = optimize.minimize(
        lambda free: float(time(torch.from_numpy(free))),
        np.log(2 * (x[1:-1].numpy() / math.pi) ** 0.7),
        jac=lambda free: slope(torch.from_numpy(free)).numpy(),
        hess=lambda free: curvature(torch.from_numpy(free)).numpy(),
        method="trust-exact",
        options={"gtol": 1e-10},
    )
    return x.numpy(), np.concatenate([[0.0], np.exp(found.x), [2.0]]), float(found.fun)


def polygon_is_the_cycloid(power: float) -> None:
    x, y, time = fastest(power)
    # From (0, 0) the cycloid of radius 1 reaches (pi, 2) at theta = pi, in a time of pi sqrt(2) at 2 g = 1.
    assert abs(time - math.pi * math.sqrt(2)) < 1e-4
    theta = np.array([optimize.brentq(lambda t, at=at: t - math.sin(t) - at, 0, math.pi) for at in x])
    assert np.abs(y - (1 - np.cos(theta))).max() < 2e-4


def test_28_the_fastest_polygon_lies_on_the_cycloid() -> None:
    polygon_is_the_cycloid(0.5)


def test_28_mutant_of_the_speed() -> None:
    with killed():
        polygon_is_the_cycloid(0.4)


# --- functionals of a density on a grid -----------------------------------------------------------------------------


def minimiser(energy: Array, width: float, features: Array, targets: Array) -> tuple[Array, float]:
    r"""Minimise \(\int q (\log q - e)\) subject to \(\int q f_j = t_j\) by Newton's method on the values of q.

    Nothing is assumed of the form of q: each of its values on the grid is a number of its own, kept positive by the
    length of the step.
    """
    q = np.full(len(energy), targets[0] / (width * len(energy)))
    for _ in range(1000):
        gradient = np.log(q) + 1 - energy
        scaled = features * q * width
        multipliers = np.linalg.solve(scaled @ features.T, features @ (q * width) - targets - scaled @ gradient)
        relative = -(gradient + features.T @ multipliers)
        step = min(1.0, 0.9 / max(1e-300, float(-relative.min())))
        q = q * (1 + step * relative)
        if np.abs(relative).max() < 1e-13:
            break
    return q, float((q * (np.log(q) - energy)).sum() * width)


GRID = np.linspace(-8, 8, 3201)
WIDTH = float(GRID[1] - GRID[0])


def maximum_entropy_is_gaussian(spread: Callable[[Array], Array], target: float) -> None:
    features = np.stack([np.ones_like(GRID), GRID, spread(GRID)])
    q, minus_entropy = minimiser(np.zeros_like(GRID), WIDTH, features, np.array([1.0, 0.0, target]))
    assert np.abs(q - stats.norm.pdf(GRID)).max() < 1e-8
    assert abs(-minus_entropy - math.log(2 * math.pi * math.e) / 2) < 1e-8


def test_28_maximum_entropy_under_a_variance_is_gaussian() -> None:
    maximum_entropy_is_gaussian(np.square, 1.0)


def test_28_mutant_of_the_constraint() -> None:
    with killed():  # the mean absolute value held, at what it is for the Gaussian: that is Laplace's distribution
        maximum_entropy_is_gaussian(np.abs, math.sqrt(2 / math.pi))


def log_joint(z: Array) -> Array:
    """A prior N(0, 1), and three observations of z through Student-t noise: no conjugate pair."""
    return np.asarray(stats.norm.logpdf(z) + sum(stats.t.logpdf(x, 3, loc=z) for x in (0.5, 1.7, -0.4)))


def free_energy_yields_the_posterior(energy: Callable[[Array], Array]) -> None:
    evidence = float(np.exp(log_joint(GRID)).sum() * WIDTH)
    q, least = minimiser(energy(GRID), WIDTH, np.ones((1, len(GRID))), np.ones(1))
    assert abs(least + math.log(evidence)) < 1e-8
    assert np.abs(q - np.exp(log_joint(GRID)) / evidence).max() < 1e-8


def test_28_the_least_free_energy_is_at_the_posterior() -> None:
    free_energy_yields_the_posterior(log_joint)


def test_28_mutants_of_the_free_energy() -> None:
    with killed():  # the prior forgotten
        free_energy_yields_the_posterior(lambda z: log_joint(z) - np.asarray(stats.norm.logpdf(z)))
    with killed():  # a temperature: the entropy at half its weight
        free_energy_yields_the_posterior(lambda z: 2 * log_joint(z))


def test_28_the_least_free_energy_of_the_linear_gaussian_model_is_exact() -> None:
    model = LinearGaussian.random(d=4, k=1, s2=0.5)
    x = model.sample(1)
    z = torch.from_numpy(GRID)[:, None]
    noise = torch.distributions.Normal(z @ model.weight.T + model.mean, math.sqrt(model.s2), validate_args=False)
    energy = noise.log_prob(x).sum(1).numpy() + stats.norm.logpdf(GRID)
    q, least = minimiser(energy, WIDTH, np.ones((1, len(GRID))), np.ones(1))
    assert least == pytest.approx(-float(model.marginal.log_prob(x)), abs=1e-8)
    posterior = model.posterior(x)
    assert np.abs(q - posterior.log_prob(z).exp().numpy().ravel()).max() < 1e-8
