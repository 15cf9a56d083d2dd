"""zuko's flows: imported without a trace in torch, equal to zuko's own on equal weights, at home in a model."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.distributions import Distribution

from latentia import bounds
from latentia.conditionals import DiagonalNormal, FlowPosterior, FlowPrior, Likelihood
from latentia.conditionals.flow_posterior import FlowPosteriorKind
from latentia.conditionals.flow_prior import FlowPriorKind
from latentia.conditionals.likelihoods import GaussianHead
from latentia.distributions.zuko_import import zuko
from latentia.latents import LatentGroup, TopDown
from latentia.model import VAE
from latentia.nets import MLP
from tests.distributions.flows import F64, disturbed
from tests.exact.mutants import killed

STATE = """
import warnings
from torch.distributions import Distribution, transforms
def state():
    validates, inverse = Distribution._validate_args, transforms._InverseTransform.__name__
    return validates, vars(Distribution)["arg_constraints"], inverse
before = state()
{statement}
assert state() == before, (before, state())
"""


def leaves_torch_alone(statement: str) -> None:
    program = [sys.executable, "-c", STATE.format(statement=statement)]
    found = subprocess.run(program, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr


FIRST_FLOWS = """
import sys
from latentia.conditionals import FlowPosterior
FlowPosterior(4, 2, "planar", 1)
assert "zuko" not in sys.modules
FlowPosterior(4, 2, "iaf", 1)
assert "zuko" in sys.modules
"""


def test_zuko_is_imported_by_the_first_flow_that_needs_it_and_changes_nothing_of_torch() -> None:
    leaves_torch_alone(FIRST_FLOWS)


def test_a_mutant_that_imports_zuko_plainly_changes_torch() -> None:
    with killed():
        leaves_torch_alone("import zuko")


@contextmanager
def unvalidated() -> Iterator[None]:
    """zuko's own distributions have no `arg_constraints`, which torch warns of where it validates."""
    before: bool = Distribution._validate_args
    Distribution.set_default_validate_args(False)
    try:
        yield
    finally:
        Distribution.set_default_validate_args(before)


def their_flow(steps: nn.ModuleList, dim: int, context: int, spline: bool) -> Any:
    """zuko's flow with the weights of our steps; it takes them in the order of scoring, ours is that of drawing."""
    package: Any = zuko()
    family = package.flows.NSF if spline else package.flows.MAF
    options = {"transforms": len(steps), "hidden_features": (64, 64), "activation": nn.SiLU}
    flow = family(dim, context, **options).double()
    for theirs, ours in zip(flow.transform.transforms, reversed(steps), strict=True):
        theirs.load_state_dict(ours.masked.state_dict())  # type: ignore[union-attr] # a module
    return flow


@pytest.mark.parametrize("kind", ["maf", "spline"])
def test_a_flow_prior_is_zukos_flow(kind: FlowPriorKind) -> None:
    ours = FlowPrior(3, kind, 3).double()
    disturbed(ours, 0)
    z = 1.5 * torch.randn(40, 3, generator=torch.Generator().manual_seed(0), dtype=F64)
    with unvalidated():
        theirs = their_flow(ours.steps, 3, 0, kind == "spline")()
        expected = theirs.log_prob(z)
        torch.manual_seed(5)
        drawn = theirs.rsample((20,))
    p = ours(torch.empty(0))
    torch.testing.assert_close(p.log_prob(z), expected, rtol=0, atol=1e-11)
    torch.manual_seed(5)
    torch.testing.assert_close(p.rsample(torch.Size([20])), drawn, rtol=0, atol=1e-11)
    with killed():  # the steps in the other order
        with unvalidated():
            reordered = their_flow(nn.ModuleList(reversed(ours.steps)), 3, 0, kind == "spline")()
        torch.testing.assert_close(p.log_prob(z), reordered.log_prob(z), rtol=0, atol=1e-11)


@pytest.mark.parametrize("kind", ["maf", "iaf"])
def test_a_flow_posterior_is_zukos_conditional_flow(kind: FlowPosteriorKind) -> None:
    ours = FlowPosterior(4, 3, kind, 3).double()
    disturbed(ours, 0)
    with torch.no_grad():  # zuko's base is the standard normal
        ours.base.weight.zero_()
        ours.base.bias.zero_()
    given = torch.randn(6, 4, dtype=F64)
    z = torch.randn(5, 6, 3, dtype=F64)
    package: Any = zuko()
    with unvalidated():
        theirs = their_flow(ours.steps, 3, 4, spline=False)
        if kind == "iaf":
            theirs = package.lazy.Flow([each.inv for each in theirs.transform.transforms], theirs.base)
        expected = theirs(given).log_prob(z)
    torch.testing.assert_close(ours(given).log_prob(z), expected, rtol=0, atol=1e-11)


@pytest.fixture
def model() -> VAE:
    torch.manual_seed(0)
    likelihood = Likelihood(MLP((2,), (3,), (8,)), GaussianHead((3,), scale="shared", sigma=1.0))
    prior = FlowPrior(2, "spline", 2)
    disturbed(prior, 3)
    return VAE(nn.Identity(), TopDown([LatentGroup("z", prior, DiagonalNormal(3, 2))]), likelihood)


def test_the_bounds_are_ordered_and_every_parameter_has_a_gradient(model: VAE) -> None:
    x = torch.randn(64, 3)
    trace = model.trace(x, num_samples=16)
    assert trace.kl.shape == trace.log_pz.shape == (1, 16, 64)
    # One trace, so the ordering is Jensen's inequality and exact up to rounding.
    sampled_elbo = trace.log_w.mean(0)
    assert (bounds.iwae(trace) >= sampled_elbo - 1e-4).all()
    bounds.iwae(trace).mean().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name


def test_generation_draws_from_the_flow(model: VAE) -> None:
    generated = model.generate(5)
    z: Tensor = generated.draw.z[0]
    assert z.shape == (1, 5, 2)
    assert generated.px.mean.shape == (1, 5, 3)
    assert torch.equal(generated.draw.p[0].log_prob(z), generated.draw.q[0].log_prob(z))
    torch.testing.assert_close(generated.draw.p[0].log_prob(z), generated.draw.p[0].log_prob(z.clone()))
