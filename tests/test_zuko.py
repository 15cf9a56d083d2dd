"""zuko's flows speak our vocabulary: one serves as a prior with nothing but a name and a shape added."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor, nn
from torch.distributions import Distribution

from latentia import bounds
from latentia.conditionals import DiagonalNormal, Likelihood, Need
from latentia.conditionals.likelihoods import GaussianHead
from latentia.latents import LatentGroup, TopDown
from latentia.model import VAE
from latentia.nets import MLP


class FlowPrior(nn.Module):
    """p(z) as a neural spline flow."""

    provides = frozenset({Need.REPARAMETERISED, Need.DENSITY})
    event_shape = torch.Size([2])

    def __init__(self) -> None:
        super().__init__()
        from zuko.flows import NSF

        self.flow = NSF(features=2, transforms=2, hidden_features=(16,))

    def forward(self, given: Tensor) -> Distribution:
        """p(z); what is given is ignored."""
        density: Distribution = self.flow()
        return density


@pytest.fixture(autouse=True)
def _torch_as_before() -> Iterator[None]:
    """zuko switches the validation of distributions off for the whole process when it is imported."""
    before = Distribution._validate_args
    yield
    Distribution.set_default_validate_args(before)


@pytest.fixture
def model() -> VAE:
    torch.manual_seed(0)
    likelihood = Likelihood(MLP((2,), (3,), (8,)), GaussianHead((3,), scale="shared", sigma=1.0))
    return VAE(nn.Identity(), TopDown([LatentGroup("z", FlowPrior(), DiagonalNormal(3, 2))]), likelihood)


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
    assert generated.draw.z[0].shape == (1, 5, 2)
    assert generated.px.mean.shape == (1, 5, 3)
    assert torch.equal(
        generated.draw.p[0].log_prob(generated.draw.z[0]), generated.draw.q[0].log_prob(generated.draw.z[0])
    )
