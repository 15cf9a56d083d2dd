"""Maximum mean discrepancies, InfoVAE and WAE against pythae's on equal codes and draws from the prior."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from latentia.conditionals import PointMassHead
from latentia.distributions import draw
from latentia.names import Kernel
from latentia.objectives import ELBO, Reconstruction, Step
from latentia.objectives.penalties import MMD, mmd
from tests.exact.mutants import killed
from tests.peers.pythae_vae import theirs
from tests.peers.small_vae import FEATURES, LATENT, PIXELS, batch, equal, moments, noise, same_gradients, small_vae

SCALES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
Z, DRAWS = 0.5 + noise(9, LATENT), noise(9, LATENT, seed=3)


def of_pythae(kernel: Kernel, width: float = 1.0, scales: tuple[float, ...] | None = None) -> Tensor:
    peer = theirs("WAE_MMD", small_vae(), kernel_choice=kernel, kernel_bandwidth=width, scales=scales and list(scales))
    x = noise(9, PIXELS)
    value: Tensor = peer.loss_function(x, x, Z, DRAWS)[2]
    return value


@pytest.mark.parametrize("width", [0.5, 1.0])
def test_both_kernels_are_pythaes_with_its_scales(width: float) -> None:
    # pythae: e^(-d2 / 2 D h2) and 2 D h2 / (2 D h2 + d2); ours: e^(-d2 / 2 s) and s / (s + d2). So at its default
    # h = 1 the rational kernel has our default scale 2 D, and the Gaussian half of it.
    scale = torch.tensor(LATENT * width**2, dtype=Z.dtype)
    equal(mmd(Z, DRAWS, scale, "rbf"), of_pythae("rbf", width))
    equal(mmd(Z, DRAWS, 2 * scale, "imq"), of_pythae("imq", width))
    with killed():
        equal(mmd(Z, DRAWS, 2 * scale, "rbf"), of_pythae("rbf", width))


def test_pythaes_default_is_a_sum_of_seven_discrepancies() -> None:
    # Its rational kernel at seven scales is added up, not averaged: the weight of the penalty counts seven times.
    each = [mmd(Z, DRAWS, torch.tensor(2.0 * LATENT * scale, dtype=Z.dtype), "imq") for scale in SCALES]
    equal(torch.stack(each).sum(), of_pythae("imq", scales=SCALES))
    with killed():
        equal(torch.stack(each).mean(), of_pythae("imq", scales=SCALES))


def prior_and_codes(model: torch.nn.Module, x: Tensor) -> tuple[Tensor, Tensor]:
    """The codes and the draws from the prior that an objective of ours makes after seed 3."""
    torch.manual_seed(3)
    trace = model.trace(x)  # type: ignore[operator] # a model
    return trace.draw.z[0][0], draw(trace.draw.p[0], trace.lead)[0]


def test_the_loss_of_infovae_is_pythaes() -> None:
    alpha, matching = 0.4, 30.0
    model, x = small_vae(), batch()
    z, draws = prior_and_codes(model, x)
    loc, scale = moments(model, x)
    peer = theirs("INFOVAE_MMD", model, alpha=alpha, lbd=matching, scales=None, reconstruction_loss="bce")
    found = peer.loss_function(peer.decoder(z).reconstruction, x, z, draws, loc, 2 * scale.log())[0]

    def loss(weight: float) -> Tensor:
        torch.manual_seed(3)
        return ELBO(beta=1 - alpha, penalties=(MMD(weight, "imq"),))(model, x, Step()).loss

    equal(loss(alpha + matching - 1), found)
    same_gradients(loss(alpha + matching - 1), found, model)
    with killed():
        equal(loss(matching), found)


def test_the_loss_of_the_wasserstein_autoencoder_is_pythaes_at_a_variance_of_one_half() -> None:
    # The squared error is not halved: -log N(x; mu, I/2) less D/2 log pi.
    weight, sigma = 20.0, math.sqrt(0.5)
    model = small_vae("gaussian", posterior=PointMassHead(FEATURES, LATENT), sigma=sigma)
    x = noise(5, PIXELS)
    z, draws = prior_and_codes(model, x)
    peer = theirs("WAE_MMD", model, reg_weight=weight, scales=None)
    found = peer.loss_function(peer.decoder(z).reconstruction, x, z, draws)[0]
    torch.manual_seed(3)
    ours = Reconstruction(penalties=(MMD(weight, "imq"),))(model, x, Step()).loss
    equal(ours - PIXELS / 2 * math.log(math.pi), found)
    same_gradients(ours, found, model)
    with killed():
        equal(ours, found)
