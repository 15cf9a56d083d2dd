"""Regularised autoencoders against pythae's on equal weights: equal norms of codes, another gradient penalty."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from latentia.conditionals import GaussianHead, Likelihood, PointMassHead, StandardNormal
from latentia.latents import LatentGroup, TopDown
from latentia.model import VAE
from latentia.objectives import Reconstruction, Step
from latentia.objectives.penalties import CodeNorm, DecoderGradient
from tests.exact.mutants import killed
from tests.peers.pythae_vae import losses, theirs
from tests.peers.small_vae import FEATURES, LATENT, PIXELS, ROWS, equal, noise, same_gradients, small_vae

SIGMA = math.sqrt(0.5)
CONSTANT = PIXELS / 2 * math.log(math.pi)
"""-log N(x; mu, I/2) is the squared error, as pythae has it, and this."""


def certain() -> tuple[VAE, Tensor]:
    model = small_vae("gaussian", posterior=PointMassHead(FEATURES, LATENT), sigma=SIGMA)
    return model, noise(ROWS, PIXELS)


def test_codes_near_the_origin_cost_what_they_cost_in_pythae() -> None:
    # pythae leaves the decoder's weights to the optimiser's decay; nothing of them is in its loss.
    model, x = certain()
    found = losses(theirs("RAE_L2", model, embedding_weight=0.3), x)
    ours = Reconstruction(penalties=(CodeNorm(0.3),))(model, x, Step()).loss
    equal(ours - CONSTANT, found.loss)
    same_gradients(ours, found.loss, model)
    with killed():
        equal(Reconstruction(penalties=(CodeNorm(0.6),))(model, x, Step()).loss - CONSTANT, found.loss)


def jacobian(function: torch.nn.Module, at: Tensor) -> Tensor:
    return torch.stack([torch.autograd.functional.jacobian(function, row) for row in at])


def test_pythaes_gradient_penalty_is_of_the_sum_of_outputs_and_reaches_through_the_encoder() -> None:
    # pythae: |1^T J_D J_E|^2, the gradient of the sum of all outputs in x. The paper, and ours: |J_D|_F^2 / 2.
    model, x = certain()
    peer = theirs("RAE_GP", model)
    found = losses(peer, x.clone())
    z = model.trace(x).draw.z[0][0].detach()
    of_decoder = jacobian(lambda row: peer.decoder(row[None]).reconstruction[0], z)  # type: ignore[arg-type]
    of_encoder = jacobian(lambda row: peer.encoder(row[None]).embedding[0], x)  # type: ignore[arg-type]
    summed = torch.einsum("bij,bjk->bk", of_decoder, of_encoder)
    equal(summed.square().sum(1).mean(), found.gen_reg_loss.detach())
    ours = DecoderGradient(1.0, probes=0)(model, model.trace(x), Step()).detach()
    equal(ours, of_decoder.square().sum((1, 2)).mean() / 2)
    with killed():
        equal(2 * ours, found.gen_reg_loss.detach())


def test_opposite_slopes_cost_nothing_in_pythae() -> None:
    # Half of the pixels brighten while the others darken: the sum of the outputs stands still.
    decoder = torch.nn.Linear(LATENT, PIXELS).double()
    half = noise(PIXELS // 2, LATENT)
    with torch.no_grad():
        decoder.weight.copy_(torch.cat([half, -half]))
    likelihood = Likelihood(decoder, GaussianHead((PIXELS,), scale="fixed", sigma=SIGMA))
    group = LatentGroup("z", StandardNormal(LATENT), PointMassHead(PIXELS, LATENT))
    model = VAE(torch.nn.Identity(), TopDown([group]), likelihood).double()
    x = noise(ROWS, PIXELS)
    found = losses(theirs("RAE_GP", model), x.clone()).gen_reg_loss
    equal(found.detach(), torch.zeros((), dtype=x.dtype))
    ours = DecoderGradient(1.0, probes=0)(model, model.trace(x), Step())
    equal(ours.detach(), half.square().sum())
