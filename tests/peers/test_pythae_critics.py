"""FactorVAE, the adversarial autoencoder and VAE-GAN against pythae's with equal critics on equal codes."""

from __future__ import annotations

import torch
from torch import nn

from latentia.conditionals import PointMassHead
from latentia.nets import MLP
from latentia.nets import Critic as OurCritic
from latentia.objectives import ELBO, Reconstruction, Step
from latentia.objectives.penalties import AdversarialPrior, CriticTotalCorrelation, FeatureGAN
from latentia.objectives.penalties.contest import cross_entropy
from tests.distributions.flows import disturbed
from tests.exact.mutants import killed
from tests.peers.pythae_vae import Critic, losses, theirs
from tests.peers.small_vae import (
    FEATURES,
    LATENT,
    PIXELS,
    batch,
    drawn_noise,
    equal,
    moments,
    noise,
    same_gradients,
    small_vae,
    traced,
)

FLOAT32 = 1e-5
"""pythae's labels are float32, and so are the critic's scores beside them."""


def critic_of_ours(size: int, seed: int = 0) -> OurCritic:
    torch.manual_seed(seed)
    critic = OurCritic(MLP((size,), (FEATURES,), (FEATURES,), final=True), FEATURES).double()
    disturbed(critic, seed)
    return critic


def same_critic(discriminator: nn.Module) -> OurCritic:
    """pythae's has an output for codes and one for permuted codes; our log-odds are their difference."""
    *features, last = discriminator.layers  # type: ignore[misc] # a Sequential
    critic = OurCritic(nn.Sequential(*features), last.in_features).double()
    with torch.no_grad():
        critic.odds.weight.copy_(last.weight[:1] - last.weight[1:])
        critic.odds.bias.copy_(last.bias[:1] - last.bias[1:])
    return critic


def test_the_total_correlation_and_the_critics_loss_are_pythaes() -> None:
    model, x, gamma = small_vae(), batch(), 7.0
    eps = drawn_noise(model, x)[0]
    peer = theirs("FactorVAE", model, eps, gamma=gamma, reconstruction_loss="bce")
    disturbed(peer.discriminator, 0)
    critic = same_critic(peer.discriminator)
    loc, scale = moments(model, x)
    z, shuffled = loc + scale * eps, noise(5, LATENT, seed=9)
    _, of_model, of_critic = peer.loss_function(peer.decoder(z).reconstruction, x, loc, 2 * scale.log(), z, shuffled)

    torch.manual_seed(3)
    ours = ELBO(penalties=(CriticTotalCorrelation(gamma, critic),))(model, x, Step()).loss
    equal(ours, of_model)
    same_gradients(ours, of_model, model)
    equal(cross_entropy(critic(z), critic(shuffled)), of_critic)
    with killed():
        equal(cross_entropy(critic(shuffled), critic(z)), of_critic)


def test_pythaes_critic_moves_the_encoder_and_half_of_each_batch_is_not_reconstructed() -> None:
    # Its codes are not detached, and its trainer adds the critic's gradient to the encoder's before either steps: the
    # encoder learns to be recognised, against the total correlation.
    model, x = small_vae(), batch(6)
    peer = theirs("FactorVAE", model, gamma=1.0, reconstruction_loss="bce")
    found = losses(peer, x)
    assert len(found.recon_x) == 3
    encoder = list(model.encoder.parameters())
    assert any(grad.abs().max() > 0 for grad in torch.autograd.grad(found.discriminator_loss, encoder))

    objective = ELBO(penalties=(CriticTotalCorrelation(1.0, critic_of_ours(LATENT)),))
    of_critic = objective(model, x, Step(), 1).loss
    assert all(grad is None for grad in torch.autograd.grad(of_critic, encoder, allow_unused=True))
    assert len(objective(model, x, Step()).terms["reconstruction"]) == 6


def test_the_adversarial_autoencoder_is_pythaes_whose_critic_has_twice_the_loss() -> None:
    # pythae adds the two cross-entropies, ours is their mean: log 2 for a critic that knows nothing.
    weight = 0.3
    model, x = small_vae(posterior=PointMassHead(FEATURES, LATENT)), batch()
    critic = critic_of_ours(LATENT)
    peer = theirs("Adversarial_AE", model, adversarial_loss_scale=weight, reconstruction_loss="bce")
    peer.set_discriminator(Critic(critic))
    torch.manual_seed(3)
    trace = model.trace(x)
    z, drawn = trace.draw.z[0][0], noise(5, LATENT)
    recon = model.px(trace.draw.state).mean[0]
    _, of_model, of_critic = peer.loss_function(recon, x, z, drawn)
    loss = Reconstruction(penalties=(AdversarialPrior(weight, critic),))(model, x, Step()).loss
    equal(loss, of_model, FLOAT32)
    same_gradients(loss, of_model, model, FLOAT32)
    equal(2 * cross_entropy(critic(drawn), critic(z)).float(), of_critic, FLOAT32)
    with killed():
        equal(cross_entropy(critic(drawn), critic(z)).float(), of_critic, FLOAT32)


def test_the_feature_loss_of_vae_gan_is_pythaes() -> None:
    # The rest differs by design: pythae's critic never sees reconstructions (the line is commented out), and its
    # decoder maximises the critic's loss, which saturates.
    model, x = small_vae(), batch()
    eps = drawn_noise(model, x)
    critic = critic_of_ours(PIXELS)
    peer = theirs("VAEGAN", model, eps[0], reconstruction_loss="bce")
    peer.set_discriminator(Critic(critic))
    peer.reconstruction_layer = 1
    found = losses(peer, x)
    trace = traced(model, x, eps)
    mismatch = FeatureGAN(critic, features=1.0, adversarial=0.0)(model, trace, Step())
    equal(mismatch, found.recon_loss)
    same_gradients(mismatch, found.recon_loss, model)
    equal(mismatch + trace.kl.mean(), found.encoder_loss)
    with killed():
        equal(FeatureGAN(critic_of_ours(PIXELS, 1), adversarial=0.0)(model, trace, Step()), found.recon_loss)
