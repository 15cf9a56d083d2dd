"""Autoregressive flows and splines against Pyro's: our masked network as theirs, and splines through equal knots."""

from __future__ import annotations

import importlib
import math
from typing import Any

import torch
from torch import Tensor, nn

from latentia.conditionals.flow_steps import BINS, AutoregressiveStep
from latentia.distributions.zuko_import import zuko
from tests.distributions.flows import F64, disturbed
from tests.exact.mutants import killed
from tests.peers.pyro_vae import transforms
from tests.peers.small_vae import equal, noise

D = 4
X = noise(30, D)
# What all of its splines call, the public classes with parameters of their own.
SPLINE: Any = importlib.import_module("pyro.distributions.transforms.spline")._monotonic_rational_spline


class MeanAndLogScale(nn.Module):
    """Our masked network as Pyro wants one: x to mean and log-scale, which zuko keeps within log 1e-3 and -log 1e-3."""

    def __init__(self, step: AutoregressiveStep, *, reverse: bool = False) -> None:
        super().__init__()
        self.step = step
        self.permutation = torch.arange(D).flip(0) if reverse else torch.arange(D)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        hyper: Any = self.step.masked.hyper
        # Pyro's inverse begins with zeros in torch's default precision.
        shift, raw = hyper(x.to(F64)).unflatten(-1, (D, 2)).unbind(-1)
        return shift, raw / (1 + (raw / math.log(1e-3)).abs())


def step(*, reverse: bool = False, inverted: bool = False) -> AutoregressiveStep:
    torch.manual_seed(0)
    made = AutoregressiveStep(D, "affine", reverse=reverse, inverted=inverted)
    disturbed(made, 0)
    return made.double()


def test_the_inverse_autoregressive_flow_is_pyros_in_both_directions() -> None:
    for reverse in (False, True):
        theirs = transforms.AffineAutoregressive(MeanAndLogScale(step(reverse=reverse), reverse=reverse))
        ours = step(reverse=reverse)()
        y, log_det = ours.push(X)
        equal(y, theirs(X))
        equal(log_det, theirs.log_abs_det_jacobian(X, theirs(X)))
        back, of_inverse = ours.pull(X)
        theirs.clear_cache()
        equal(back, theirs.inv(X))
        equal(of_inverse, -theirs.log_abs_det_jacobian(theirs.inv(X), X))
        with killed():  # the other order of the dimensions
            equal(step(reverse=not reverse)().push(X)[0], theirs(X))


def test_the_masked_autoregressive_flow_is_the_inverse_of_pyros() -> None:
    theirs = transforms.AffineAutoregressive(MeanAndLogScale(step()))
    ours = step(inverted=True)()
    equal(ours.push(X)[0], theirs.inv(X))
    equal(ours.pull(X)[0], theirs(X))
    with killed():
        equal(ours.push(X)[0], theirs(X))


def spline() -> Any:
    """The spline of our steps, of zuko's making: one curve for all."""
    package: Any = zuko()
    widths, heights, slopes = 2 * noise(BINS), 2 * noise(BINS, seed=3), noise(BINS - 1, seed=4)
    return package.transforms.MonotonicRQSTransform(widths, heights, slopes)


LEAST = 1e-3
"""Pyro's smallest width and height of a bin, relative to the whole, and its smallest slope."""


def spline_of_pyro(ours: Any, x: Tensor, *, inverse: bool = False) -> tuple[Tensor, Tensor]:
    """Pyro's spline through our knots, with our slopes at them."""
    lengths = [(knots[1:] - knots[:-1]) / 10 for knots in (ours.horizontal, ours.vertical)]
    widths, heights = (((length - LEAST) / (1 - LEAST * BINS)).expand(*x.shape, BINS) for length in lengths)
    slopes = (ours.derivatives[1:-1] - LEAST).expand(*x.shape, BINS - 1)
    y, log_slope = SPLINE(x, widths, heights, slopes, bound=5.0, inverse=inverse)
    return y, log_slope


def test_a_spline_is_pyros_through_equal_knots_between_the_first_and_the_last() -> None:
    ours = spline()
    inner = (ours.horizontal[1] + 1e-5, ours.horizontal[-2] - 1e-5)
    x = torch.linspace(0.0, 1.0, 200, dtype=F64)[:, None] * (inner[1] - inner[0]) + inner[0]
    y, log_slope = ours.call_and_ladj(x)
    equal(y, spline_of_pyro(ours, x)[0])
    equal(log_slope, spline_of_pyro(ours, x)[1])
    equal(ours.inv(y), spline_of_pyro(ours, y, inverse=True)[0])
    outside = torch.tensor([[-7.0], [5.5]], dtype=F64)
    equal(ours(outside), spline_of_pyro(ours, outside)[0])
    with killed():
        equal(y, spline_of_pyro(ours, x + 1e-3)[0])


def test_pyros_slope_at_the_ends_is_short_of_one_by_a_thousandth_and_ours_is_one() -> None:
    # Outside the spline is the identity. Pyro pads the slopes with 1 - 1e-3 after having added 1e-3 to all others.
    ours = spline()
    edge = torch.tensor([[-5.0 + 2e-6], [5.0 - 1e-6]], dtype=F64)  # Pyro's bins begin 1e-6 late
    equal(ours.call_and_ladj(edge)[1].exp(), torch.ones(2, 1, dtype=F64), 1e-4)
    equal(spline_of_pyro(ours, edge)[1].exp(), torch.full((2, 1), 1 - LEAST, dtype=F64), 1e-4)
