"""Flows in the linear-Gaussian model, where the evidence is known: E_q[w] = p(x), for flow posteriors and priors."""

from __future__ import annotations

from collections.abc import Callable
from typing import get_args

import pytest
import torch
from torch import Tensor

from latentia.conditionals import FlowPosterior, FlowPrior
from latentia.conditionals.flow_posterior import FlowPosteriorKind
from latentia.conditionals.flow_prior import FlowPriorKind
from latentia.distributions import Flow
from latentia.latents import LatentGroup, Trace
from tests.distributions.flows import disturbed
from tests.exact.linear_gaussian import F64, LinearGaussian
from tests.exact.mutants import killed, z_score

MODEL = LinearGaussian.random(4, 2, 0.6, seed=2)
X = MODEL.sample(3)
TRUTH = MODEL.marginal.log_prob(X)
K = 8_000


def flow(kind: FlowPosteriorKind) -> FlowPosterior:
    """Bent away from a Gaussian with the true posterior's mean and a little more than its spread."""
    torch.manual_seed(0)
    q = FlowPosterior(4, 2, kind, 2)
    disturbed(q, 1, 0.25)
    exact = MODEL.posterior(MODEL.mean[None])
    mean_map = exact.covariance_matrix[0] @ MODEL.weight.T / MODEL.s2
    with torch.no_grad():
        q.double().base.weight.copy_(torch.cat([mean_map, torch.zeros(2, 4, dtype=F64)]))
        q.base.bias.copy_(torch.cat([-mean_map @ MODEL.mean, exact.variance[0].log() / 2 + 0.3]))
    return q


def trace_of(kind: FlowPosteriorKind, prior: FlowPrior | None = None) -> Trace:
    vae = MODEL.vae(flow(kind))
    group = vae.latents.groups[0]
    assert isinstance(group, LatentGroup)
    if prior is not None:
        group.p = prior
    torch.manual_seed(3)
    with torch.no_grad():
        trace = vae.trace(X, num_samples=K)
        assert trace.log_w.isfinite().all()
        return trace


def averages_to(log_w: Tensor, log_evidence: Tensor) -> None:
    ratio = (log_w - log_evidence).exp()
    # Smallest detectable error: five standard errors, below 10 % of p(x) for every row.
    assert (5 * ratio.std(0) / K**0.5 < 0.1).all()
    assert all(abs(z_score(ratio[:, row], 1.0)) < 5 for row in range(len(X)))


@pytest.mark.parametrize("kind", get_args(FlowPosteriorKind))
def test_15_the_mean_weight_under_a_flow_is_the_evidence(kind: FlowPosteriorKind) -> None:
    trace = trace_of(kind)
    averages_to(trace.log_w, TRUTH)
    q, z = trace.draw.q[0], trace.draw.z[0]
    assert isinstance(q, Flow)
    mutants: list[Callable[[Tensor], Tensor]] = [
        q.base.log_prob,  # the base's density, at the image
        lambda z: q.log_prob(z) - 0.2,  # a log-determinant that is off by a constant
    ]
    for mutant in mutants:
        with killed():
            averages_to(trace.log_px + trace.log_pz[0] - mutant(z), TRUTH)


def test_the_gap_of_a_flow_is_its_sampled_kl_to_the_true_posterior() -> None:
    trace = trace_of("iaf")
    z = trace.draw.z[0]
    gap = TRUTH - trace.log_w
    torch.testing.assert_close(gap, trace.log_qz[0] - MODEL.posterior(X).log_prob(z), rtol=0, atol=1e-10)
    assert (gap.mean(0) > 5 * gap.std(0) / K**0.5).all()


@pytest.mark.parametrize("kind", get_args(FlowPriorKind))
def test_15_the_mean_weight_under_a_flow_prior_is_the_evidence(kind: FlowPriorKind) -> None:
    torch.manual_seed(1)
    prior = FlowPrior(2, kind, 2)
    disturbed(prior, 2, 0.3)
    trace = trace_of("planar", prior.double())
    # p(x) by quadrature over z, as nobody knows it in closed form.
    line = torch.linspace(-6, 6, 151, dtype=F64)
    grid = torch.cartesian_prod(line, line)
    with torch.no_grad():
        log_pz = trace.draw.p[0].log_prob(grid)
        residual = X[:, None] - grid @ MODEL.weight.T - MODEL.mean
    log_px = -(residual.square().sum(-1) / MODEL.s2 + 4 * torch.tensor(2 * torch.pi * MODEL.s2, dtype=F64).log()) / 2
    truth = (log_px + log_pz).logsumexp(1) + 2 * (line[1] - line[0]).log()
    averages_to(trace.log_w, truth)
    with killed():  # the standard normal in its place
        averages_to(trace.log_w, TRUTH)
