"""Counts against Pyro's: zero-inflated Poisson and negative binomial, and molecules in a cell as scVI has them."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.distributions import Poisson

from latentia.conditionals.counts import LibraryHead
from latentia.distributions import smooth_bound
from latentia.distributions.counts import NegativeBinomial, ZeroInflated
from tests.distributions.flows import F64
from tests.exact.mutants import killed
from tests.peers.pyro_vae import dist
from tests.peers.small_vae import equal, noise

X = torch.cat([torch.arange(30, dtype=F64), torch.tensor([100.0, 1000.0], dtype=F64)])[:, None]
LOG_MEAN, LOG_R, GATE = noise(8), 2 * noise(8, seed=3), 3 * noise(8, seed=4)


def of_pyro(log_mean: Tensor, log_r: Tensor, gate: Tensor) -> dist.ZeroInflatedNegativeBinomial:
    """r failures, and log-odds of mean over dispersion."""
    return dist.ZeroInflatedNegativeBinomial(log_r.exp(), logits=log_mean - log_r, gate_logits=gate)


def test_the_zero_inflated_poisson_is_pyros() -> None:
    ours = ZeroInflated(Poisson(LOG_MEAN.exp(), validate_args=False), GATE)
    theirs = dist.ZeroInflatedPoisson(LOG_MEAN.exp(), gate_logits=GATE)
    equal(ours.log_prob(X), theirs.log_prob(X))
    equal(ours.mean, theirs.mean)
    equal(ours.variance, theirs.variance)
    with killed():
        equal(ZeroInflated(Poisson(LOG_MEAN.exp(), validate_args=False), -GATE).log_prob(X), theirs.log_prob(X))


def test_the_zero_inflated_negative_binomial_is_pyros() -> None:
    ours, theirs = ZeroInflated(NegativeBinomial(LOG_MEAN, LOG_R), GATE), of_pyro(LOG_MEAN, LOG_R, GATE)
    # The factorials' logarithms are as large as 5,900 at a count of 1,000.
    equal(ours.log_prob(X), theirs.log_prob(X), 1e-9)
    equal(ours.mean, theirs.mean)
    torch.testing.assert_close(ours.variance, theirs.variance, rtol=1e-12, atol=0)
    with killed():  # mean and dispersion exchanged
        equal(ZeroInflated(NegativeBinomial(LOG_R, LOG_MEAN), GATE).log_prob(X), theirs.log_prob(X), 1e-9)


def test_at_a_large_dispersion_ours_is_almost_poisson_where_the_failures_cancel_in_float32() -> None:
    # log Gamma(r + x) - log Gamma(r) at r = 1e8 is a difference of two numbers near 1.7e9.
    log_mean, log_r = torch.tensor([1.0]), torch.tensor([1e8]).log()
    x = torch.arange(5.0)
    limit = Poisson(log_mean.double().exp()).log_prob(x.double())
    equal(NegativeBinomial(log_mean, log_r).log_prob(x).double(), limit, 1e-5)
    theirs = dist.NegativeBinomial(log_r.exp(), logits=log_mean - log_r).log_prob(x).double()
    assert (theirs - limit).abs().max() > 1


def test_molecules_in_a_cell_are_counted_as_scvi_does_in_pyro() -> None:
    # l(x) softmax(f(z)) is the mean, theta the dispersion of each gene, and the gate comes from the decoder.
    genes = 8
    head = LibraryHead((genes,), rate=[1.0] * genes, zero_inflated=True).double()
    with torch.no_grad():
        for parameter in head.parameters():
            parameter.copy_(noise(genes) / 10)
    features = noise(4, 2, genes, seed=5)
    x = torch.poisson(3 * torch.ones(4, genes, dtype=F64), generator=torch.Generator().manual_seed(0))
    px = head(features).observe(x)

    def agrees(library: Tensor) -> None:
        log_mean = library.log() + torch.log_softmax(smooth_bound(features[:, 0], head.LOW, head.HIGH), -1)
        theirs = of_pyro(log_mean, head.log_dispersion, features[:, 1])
        equal(px.log_prob(x), theirs.to_event(1).log_prob(x))
        equal(px.mean, theirs.mean)

    agrees(x.sum(-1, keepdim=True))
    with killed():  # the average library for all
        agrees(x.sum(-1, keepdim=True).mean(0))
