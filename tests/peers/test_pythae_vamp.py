"""The mixture of posteriors as a prior against pythae's VAMP on equal pseudo-inputs."""

from __future__ import annotations

import math
from typing import cast

import torch
from torch import Tensor

from latentia.conditionals import DiagonalNormal, PseudoInputs, StandardNormal, VampPrior
from latentia.latents import LatentGroup, TopDown
from latentia.model import VAE
from latentia.objectives import ELBO, Step
from tests.exact.mutants import killed
from tests.peers.pythae_vae import losses, theirs
from tests.peers.small_vae import LATENT, PIXELS, batch, drawn_noise, equal, noise, same_gradients, small_vae

COMPONENTS = 4
FLOAT32 = 1e-6
"""pythae has the logarithm of the number of components in float32."""


def with_vamp() -> tuple[VAE, PseudoInputs]:
    plain = small_vae()
    posterior = cast(LatentGroup, plain.latents.groups[0]).q
    pseudo = PseudoInputs(COMPONENTS, torch.tensor(0.5), torch.tensor(0.3), (PIXELS,), domain="interval").double()
    group = LatentGroup("z", VampPrior(plain.encoder, posterior, pseudo), posterior)
    return VAE(plain.encoder, TopDown([group]), plain.likelihood), pseudo


def of_pythae(model: VAE, inputs: Tensor, eps: Tensor | None = None) -> object:
    """pythae's pseudo-inputs are a linear layer of one-hot vectors, clamped to the unit interval."""
    peer = theirs("VAMP", model, eps, number_components=COMPONENTS, reconstruction_loss="bce")
    peer.idle_input = peer.idle_input.double()
    with torch.no_grad():
        peer.pseudo_inputs[0].weight.copy_(inputs.T)
        peer.pseudo_inputs[0].bias.zero_()
    return peer


def test_the_density_is_pythaes_but_for_the_gaussians_constant() -> None:
    # It leaves log 2 pi out of prior and posterior alike, so that the KL is right.
    model, pseudo = with_vamp()
    z = 2 * noise(30, LATENT)
    peer = of_pythae(model, pseudo())
    ours = model.latents.groups[0].prior(torch.empty(1, 0))[0].log_prob(z)
    found = peer._log_p_z(z)  # type: ignore[attr-defined] # pythae is untyped
    equal(ours, found - LATENT / 2 * math.log(2 * math.pi), FLOAT32)
    with killed():
        standard = StandardNormal(LATENT).double()(torch.empty(0))
        equal(standard.log_prob(z), found - LATENT / 2 * math.log(2 * math.pi), FLOAT32)


def test_the_loss_is_pythaes_with_the_same_pull_of_encoder_and_decoder() -> None:
    model, pseudo = with_vamp()
    x = batch()
    eps = drawn_noise(model, x)[0]
    found = losses(of_pythae(model, pseudo(), eps), x)
    torch.manual_seed(3)
    ours = ELBO()(model, x, Step()).loss
    equal(ours, found.loss, FLOAT32)
    for part in (model.encoder, model.likelihood, *[m for m in model.walk.modules() if isinstance(m, DiagonalNormal)]):
        same_gradients(ours, found.loss, part, FLOAT32)
    with killed():
        torch.manual_seed(4)
        equal(ELBO()(model, x, Step()).loss, found.loss, FLOAT32)
