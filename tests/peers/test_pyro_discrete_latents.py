"""Discrete latent variables against Pyro: sums over all their values, and the score-function gradient."""

from __future__ import annotations

from typing import Any

import torch

from latentia.conditionals import BernoulliLatentHead, BernoulliPrior, CategoricalLatentHead, CategoricalPrior
from latentia.names import EstimatorName
from latentia.objectives import Importance, Step
from tests.exact.mutants import killed
from tests.peers.pyro_vae import HeldBernoulli, PyroVAE, dist, infer
from tests.peers.small_vae import FEATURES, LATENT, ROWS, batch, equal, small_vae

K = 4


def test_the_exact_elbo_over_categories_is_pyros_enumeration() -> None:
    prior, posterior = CategoricalPrior(1, LATENT), CategoricalLatentHead(FEATURES, 1, LATENT)
    ours, x = small_vae(prior=prior, posterior=posterior), batch()

    def guided(rows: torch.Tensor) -> Any:
        return dist.OneHotCategorical(logits=posterior.logits(ours.encoder(rows)).squeeze(-2))

    theirs = PyroVAE(ours, dist.OneHotCategorical(logits=prior.logits.squeeze(-2)), guided)
    guide = infer.config_enumerate(theirs.guide, default="parallel", expand=True)
    loss = infer.TraceEnum_ELBO(max_plate_nesting=1).loss(theirs.model, guide, x)

    every = torch.eye(LATENT, dtype=x.dtype)[:, None, None, :]
    trace = ours.trace(x, num_samples=LATENT, given={"z": every})
    elbo = (trace.log_qz.sum(0).exp() * trace.log_w).sum(0)
    equal(elbo.sum(), torch.tensor(-loss, dtype=x.dtype))
    with killed():  # every category as likely
        equal(trace.log_w.mean(0).sum(), torch.tensor(-loss, dtype=x.dtype))


def test_the_score_function_gradient_is_pyros_on_the_same_tosses() -> None:
    posterior = BernoulliLatentHead(FEATURES, LATENT)
    ours, x = small_vae(prior=BernoulliPrior(LATENT), posterior=posterior), batch()
    torch.manual_seed(3)
    tossed = ours.trace(x, num_samples=K).draw.z[0].detach()

    def guided(rows: torch.Tensor) -> Any:
        return HeldBernoulli(posterior.logits(ours.encoder(rows)), tossed).to_event(1)

    prior = dist.Bernoulli(logits=torch.zeros(LATENT, dtype=x.dtype)).to_event(1)
    bound = infer.Trace_ELBO(num_particles=K, vectorize_particles=True, max_plate_nesting=1)
    loss, theirs = PyroVAE(ours, prior, guided).gradients(bound, x)
    parameters = list(ours.parameters())
    # Pyro leaves out the derivative of -log q within log w, whose mean is zero: its signal is 1 nat higher.
    trace = ours.trace(x, num_samples=K, given={"z": tossed})
    left_out = torch.autograd.grad(trace.log_qz.mean(), parameters, materialize_grads=True)

    def agrees(estimator: EstimatorName) -> None:
        torch.manual_seed(3)
        mine = Importance(K, alpha=1.0, estimator=estimator)(ours, x, Step()).loss
        equal(mine, torch.tensor(loss / ROWS, dtype=x.dtype))
        for one, other, rest in zip(torch.autograd.grad(mine, parameters), theirs, left_out, strict=True):
            equal(one, other / ROWS + rest)

    agrees("score")
    with killed():  # another estimator has another gradient on the same tosses
        agrees("score_loo")
