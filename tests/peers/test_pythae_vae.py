"""VAE and beta-VAE against pythae's on equal weights and noise, and its estimate of log p(x)."""

from __future__ import annotations

import math

import pytest
import torch

from latentia import bounds
from latentia.distributions import bernoulli
from latentia.objectives import ELBO, Step
from tests.exact.mutants import killed
from tests.peers.pythae_vae import losses, theirs
from tests.peers.small_vae import (
    LATENT,
    PIXELS,
    batch,
    drawn_noise,
    equal,
    noise,
    same_gradients,
    small_vae,
    traced,
)

HALF_LOG_TWO_PI = 0.5 * math.log(2 * math.pi)


@pytest.mark.parametrize("beta", [1.0, 4.0])
def test_the_loss_is_pythaes_on_binary_data(beta: float) -> None:
    model, x = small_vae(), batch()
    eps = drawn_noise(model, x)[0]
    found = losses(theirs("BetaVAE", model, eps, beta=beta, reconstruction_loss="bce"), x)
    torch.manual_seed(3)
    loss = ELBO(beta=beta)(model, x, Step())
    equal(loss.loss, found.loss)
    equal(-loss.terms["reconstruction"].mean(), found.recon_loss)
    equal(loss.terms["kl"].mean(), found.reg_loss)
    same_gradients(loss.loss, found.loss, model)
    with killed():
        torch.manual_seed(3)
        equal(ELBO(beta=beta + 0.01)(model, x, Step()).loss, found.loss)


def test_pythaes_squared_error_lacks_the_gaussians_constant_in_training() -> None:
    # Half the squared error is -log N(x; mu, I) less D/2 log 2 pi: no bound until that is added.
    model, x = small_vae("gaussian"), noise(5, PIXELS)
    eps = drawn_noise(model, x)[0]
    found = losses(theirs("VAE", model, eps, reconstruction_loss="mse"), x)
    torch.manual_seed(3)
    loss = ELBO()(model, x, Step()).loss
    equal(loss - PIXELS * HALF_LOG_TWO_PI, found.loss)
    same_gradients(loss, found.loss, model)
    with killed():
        equal(loss, found.loss)


def test_pythaes_loss_on_probabilities_stops_at_100_nats_a_pixel_and_ours_on_log_odds_does_not() -> None:
    logits, x = torch.full((1, PIXELS), 200.0), torch.zeros(1, PIXELS)
    zero = torch.zeros(1, LATENT)

    def of_pythae(logits: torch.Tensor) -> torch.Tensor:
        model = theirs("VAE", small_vae(), reconstruction_loss="bce")
        cost: torch.Tensor = model.loss_function(torch.sigmoid(logits), x, zero, zero, zero)[1]
        return cost

    assert of_pythae(logits) == 100 * PIXELS
    equal(-bernoulli(logits).log_prob(x), torch.tensor([200.0 * PIXELS]))
    # In float32 the probability is 1 from log-odds of about 17 on, and 20 nats become 100.
    assert of_pythae(logits / 10) == 100 * PIXELS
    equal(-bernoulli(logits / 10).log_prob(x), torch.tensor([20.0 * PIXELS]), 1e-4)


@pytest.mark.parametrize("family", ["bernoulli", "gaussian"])
def test_pythaes_nll_is_the_log_likelihood_itself_from_a_hundred_draws_where_one_is_asked_for(family: str) -> None:
    # The sign is not turned, the batch is drawn whole, and the constant that training dropped is back.
    gaussian = family == "gaussian"
    model, x = (small_vae("gaussian"), noise(3, PIXELS)) if gaussian else (small_vae(), batch(3))
    eps = noise(100, len(x), LATENT)
    model_of_theirs = theirs("VAE", model, reconstruction_loss="mse" if gaussian else "bce")
    rows = iter(range(len(x)))

    def held(loc: torch.Tensor, scale: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        row = next(rows)
        return loc + scale * eps[:, row], eps[:, row]

    model_of_theirs._sample_gauss = held
    found = torch.tensor(model_of_theirs.get_nll(x, n_samples=1), dtype=x.dtype)
    ours = bounds.iwae(traced(model, x, eps)).mean()
    equal(ours, found)
    assert ours < 0
    with killed():
        equal(-ours, found)
