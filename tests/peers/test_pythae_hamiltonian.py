"""The Hamiltonian VAE against pythae's at equal noise and momenta: each way in which its dynamics and bound differ."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.functional import softplus

from latentia.distributions.hamiltonian import force_of, leapfrog
from tests.exact.mutants import killed
from tests.peers.pythae_vae import losses, theirs
from tests.peers.small_vae import LATENT, PIXELS, ROWS, equal, moments, noise, small_vae

MODEL, X = small_vae("gaussian"), noise(ROWS, PIXELS)
EPS, MOMENTUM = noise(ROWS, LATENT, seed=5), noise(ROWS, LATENT, seed=6)
STEP = 0.3


def log_target(z: Tensor) -> Tensor:
    prior = MODEL.latents.groups[0].prior(z)[0]
    return MODEL.px(z).log_prob(X) + prior.log_prob(z)


def force(z: Tensor) -> Tensor:
    return force_of(log_target, z.unsqueeze(0)).squeeze(0)


class Dynamics:
    """pythae's model with its noise and its momenta held."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.patch = patch

    def __call__(self, steps: int, beta: float = 1.0, start: Tensor | None = None, momentum: Tensor = MOMENTUM) -> Any:
        peer = theirs("HVAE", MODEL, n_lf=steps, eps_lf=STEP, beta_zero=beta, reconstruction_loss="mse")
        peer.eps_lf.data.fill_(STEP)  # made in float32
        peer.beta_zero_sqrt.data.fill_(beta**0.5)
        peer._sample_gauss = lambda loc, scale: (loc + scale * EPS if start is None else start, EPS)
        self.patch.setattr(torch, "randn_like", lambda *_args, **_options: momentum)
        return losses(peer, X)


@pytest.fixture
def dynamics(monkeypatch: pytest.MonkeyPatch) -> Dynamics:
    return Dynamics(monkeypatch)


def test_pythaes_position_moves_with_the_momentum_from_before_the_half_step(dynamics: Dynamics) -> None:
    # z + eps rho in place of z + eps (rho + eps / 2 f): short of the leapfrog's position by eps^2 / 2 times the force.
    found = dynamics(1)
    start = found.z0
    z, _ = leapfrog(force, start, MOMENTUM, torch.tensor(STEP), [torch.tensor(1.0)])
    equal(z - STEP**2 / 2 * force(start), found.z, 1e-6)  # steps of float32 precision
    with killed():
        equal(z, found.z, 1e-6)


def log_volume(move: Any) -> Tensor:
    """log|det| of the map of position and momentum of each row, by central differences."""
    both, h = torch.cat([moments(MODEL, X)[0].detach(), MOMENTUM], dim=1), 1e-5
    columns = []
    for j in range(2 * LATENT):
        ahead, behind = both.clone(), both.clone()
        ahead[:, j] += h
        behind[:, j] -= h
        columns.append((move(ahead) - move(behind)) / (2 * h))
    log_det: Tensor = torch.linalg.slogdet(torch.stack(columns, dim=2)).logabsdet
    return log_det


def test_so_pythaes_step_changes_the_volume_and_its_bound_is_none(dynamics: Dynamics) -> None:
    def of_pythae(both: Tensor) -> Tensor:
        found = dynamics(1, start=both[:, :LATENT].requires_grad_(), momentum=both[:, LATENT:])
        return torch.cat([found.z, found.rho], dim=1).detach()

    def of_ours(both: Tensor) -> Tensor:
        start, momentum = both[:, :LATENT], both[:, LATENT:]
        return torch.cat(leapfrog(force, start, momentum, torch.tensor(STEP), [torch.tensor(1.0)]), dim=1).detach()

    equal(log_volume(of_ours), torch.zeros(ROWS, dtype=X.dtype), 1e-7)
    assert log_volume(of_pythae).abs().mean() > 0.1


def test_pythaes_tempering_never_cools(dynamics: Dynamics) -> None:
    # The cooled momentum is overwritten by the uncooled one in the loop's last line, so the temperature only scales
    # the momentum at the start.
    cooled, plain = dynamics(3, beta=0.25), dynamics(3, momentum=2 * MOMENTUM)
    equal(cooled.z, plain.z)
    equal(cooled.rho, plain.rho)
    equal(cooled.loss, plain.loss)


def test_pythae_draws_with_one_scale_and_scores_with_another(dynamics: Dynamics) -> None:
    # Drawn: softplus(v). Scored: e^(v/2), as in all its other models. The bound that it reports gains the difference
    # of the logarithms, 0.217 nats a dimension at least, and lacks the noise's and the momentum's own densities, D nats
    # on average.
    found = dynamics(0)
    loc, scale = moments(MODEL, X)
    drawn = softplus(2 * scale.log())
    equal(found.z0, loc + drawn * EPS)

    log_q = torch.distributions.Normal(loc, drawn).log_prob(found.z0).sum(-1)
    bound = log_target(found.z0.unsqueeze(0))[0] - log_q
    constant = PIXELS / 2 * torch.log(torch.tensor(2 * torch.pi, dtype=X.dtype))
    gained = (scale.log() - drawn.log()).sum(-1)
    assert (gained > 0.217 * LATENT).all()
    lacked = 0.5 * (EPS.square() + MOMENTUM.square()).sum(-1)
    equal(-(bound + constant + gained - lacked).mean(), found.loss)
    with killed():
        equal(-(bound + constant - lacked).mean(), found.loss)


def test_pythaes_force_is_a_constant_to_the_decoder_and_ours_is_differentiated() -> None:
    # Its gradient of log p(x|z) is taken without a graph: of what the steps do, the loss sees the prior's pull alone.
    peer = theirs("HVAE", MODEL, n_lf=1, reconstruction_loss="mse")
    z = moments(MODEL, X)[0].detach().requires_grad_()
    decoder = list(MODEL.likelihood.parameters())
    assert all(
        grad is None for grad in torch.autograd.grad(peer._dU_dz(z, X).square().sum(), decoder, allow_unused=True)
    )
    assert any(
        grad.abs().max() > 0.1
        for grad in torch.autograd.grad(force(z).square().sum(), decoder, allow_unused=True)
        if grad is not None
    )
