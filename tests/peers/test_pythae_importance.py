"""Importance-weighted bounds against pythae's on equal weights and noise: equal gradients, other numbers.

pythae reports the sum of normalised weights times log w, the surrogate of the gradient. It exceeds the bound by log K
less the entropy of the normalised weights, so its 'loss' looks better by up to log K.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from latentia import bounds
from latentia.objectives import IWAE, PIWAE, Importance, Step
from latentia.objectives.weighting import Weighting
from tests.exact.mutants import killed
from tests.peers.pythae_vae import losses, theirs
from tests.peers.small_vae import LATENT, ROWS, batch, drawn_noise, equal, same_gradients, small_vae, traced

M, K = 2, 6
BINARY = {"reconstruction_loss": "bce"}


def surrogate(log_w: Tensor) -> Tensor:
    """What pythae reports with its sign turned, over the first dimension."""
    return (log_w.softmax(0).detach() * log_w).sum(0)


def sampled(log_w: Tensor, groups: int = 1, elbo_share: float = 0.0) -> Tensor:
    """Our bound of each row from log-weights `[K, B]` alone."""
    log_r = torch.full_like(log_w, -math.log(len(log_w)))
    return Weighting(groups, elbo_share=elbo_share)(log_w, log_r)


def test_pythaes_iwae_reports_more_than_the_bound_with_the_gradient_of_the_bound() -> None:
    model, x = small_vae(), batch()
    eps = drawn_noise(model, x, K)
    trace = traced(model, x, eps)
    found = losses(theirs("IWAE", model, eps.transpose(0, 1), number_samples=K, **BINARY), x)
    equal(-surrogate(trace.log_w).mean(), found.loss)
    torch.manual_seed(3)
    ours = IWAE(K)(model, x, Step())
    same_gradients(ours.loss, found.loss, model)

    excess = ours.loss - found.loss
    entropy = torch.distributions.Categorical(logits=trace.log_w.mT, validate_args=False).entropy()
    equal(excess, math.log(K) - entropy.mean())
    assert 0.3 < excess < math.log(K)
    with killed():  # what it reports is not the bound
        equal(-bounds.iwae(trace).mean(), found.loss)


def test_pythaes_ciwae_mixes_the_elbo_with_that_surrogate() -> None:
    model, x, beta = small_vae(), batch(), 0.3
    eps = drawn_noise(model, x, K)
    log_w = traced(model, x, eps).log_w
    found = losses(theirs("CIWAE", model, eps.transpose(0, 1), number_samples=K, beta=beta, **BINARY), x)
    equal(-(beta * log_w.mean(0) + (1 - beta) * surrogate(log_w)).mean(), found.loss)
    # Our objective has the KL of the ELBO's share in closed form; from the samples alone it is the same gradient.
    same_gradients(-sampled(log_w, elbo_share=beta).mean(), found.loss, model)
    with killed():
        same_gradients(-sampled(log_w, elbo_share=1 - beta).mean(), found.loss, model)


def test_pythaes_miwae_averages_over_what_it_calls_samples_and_weighs_what_it_calls_estimates() -> None:
    # Its log-weights are [B, M, K], and the weights are normalised over dimension 1, which is M: asked for M estimates
    # of K samples each it trains on K estimates of M.
    model, x = small_vae(), batch()
    eps = drawn_noise(model, x, M * K)
    log_w = traced(model, x, eps).log_w  # ours: M groups of K consecutive samples
    by_group = eps.unflatten(0, (M, K)).permute(2, 0, 1, 3)
    config = {"number_gradient_estimates": M, "number_samples": K, **BINARY}
    found = losses(theirs("MIWAE", model, by_group, **config), x)
    equal(-surrogate(log_w.unflatten(0, (M, K))).mean(), found.loss)

    exchanged = log_w.unflatten(0, (M, K)).transpose(0, 1).flatten(0, 1)
    same_gradients(-sampled(exchanged, groups=K).mean(), found.loss, model)
    with killed():
        same_gradients(-sampled(log_w, groups=M).mean(), found.loss, model)
    torch.manual_seed(3)
    ours = Importance(M * K, groups=M)(model, x, Step()).loss
    equal(ours, -log_w.unflatten(0, (M, K)).logsumexp(1).sub(math.log(K)).mean())
    assert by_group.shape == (ROWS, M, K, LATENT)


def test_pythaes_piwae_has_the_right_decoder_and_its_encoder_with_the_groups_exchanged() -> None:
    model, x = small_vae(), batch()
    eps = drawn_noise(model, x, M * K)
    log_w = traced(model, x, eps).log_w
    config = {"number_gradient_estimates": M, "number_samples": K, **BINARY}
    found = losses(theirs("PIWAE", model, eps.unflatten(0, (M, K)).permute(2, 0, 1, 3), **config), x)
    torch.manual_seed(3)
    ours = PIWAE(M, M * K)(model, x, Step())
    same_gradients(ours.loss, found.decoder_loss, model.likelihood)
    exchanged = log_w.unflatten(0, (M, K)).transpose(0, 1).flatten(0, 1)
    same_gradients(-sampled(exchanged, groups=K).mean(), found.encoder_loss, model.encoder)
    for encoder in (model.encoder, model.walk):
        same_gradients(ours.loss, -sampled(log_w, groups=M).mean(), encoder)
        with killed():
            same_gradients(ours.loss, found.encoder_loss, encoder)
    equal(found.loss, found.encoder_loss + found.decoder_loss)  # two bounds added: it reports about twice the bound
    assert found.loss > 1.5 * ours.loss
