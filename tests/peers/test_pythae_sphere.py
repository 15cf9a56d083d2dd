"""Codes on the sphere against pythae's SVAE: divergence, density, loss, and the gradient of its sampler."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.functional import normalize

from latentia import bounds
from latentia.conditionals import UniformSpherePrior, VonMisesFisherHead
from latentia.distributions import VonMisesFisher
from latentia.model import VAE
from tests.distributions.flows import F64
from tests.exact.mutants import killed, z_score
from tests.peers.pythae_vae import ModelOutput, losses, networks, theirs
from tests.peers.small_vae import FEATURES, LATENT, batch, equal, noise, same_gradients, small_vae

FLOAT32 = 1e-5
"""pythae has its constants in float32 whatever the precision of the data."""


class Encoder(networks.BaseEncoder):  # type: ignore[misc] # pythae is untyped
    """Our directions and concentrations; pythae takes softplus and adds 1."""

    def __init__(self, ours: VAE) -> None:
        super().__init__()
        self.ours = ours

    def forward(self, x: Tensor) -> Any:
        q: Any = self.ours.latents.groups[0].posterior(x, self.ours.encoder(x))
        raw = torch.log(torch.expm1(q.concentration - 1))
        return ModelOutput(embedding=q.loc, log_concentration=raw[:, None])


def prepared() -> tuple[VAE, Tensor, Any]:
    posterior = VonMisesFisherHead(FEATURES, LATENT)
    model = small_vae(prior=UniformSpherePrior(LATENT), posterior=posterior)
    with torch.no_grad():
        posterior.linear.bias[-1] += 2.0  # pythae's concentrations are above 1
    return model, batch(), theirs("SVAE", model, encoder=Encoder(model), reconstruction_loss="bce")


@pytest.mark.parametrize("dim", [2, 3, 20, 200])
def test_the_divergence_from_uniform_is_pythaes(dim: int) -> None:
    # Its KL is kappa A + log C + log |S|, from exponentially scaled Bessel functions.
    kappa = torch.tensor([1.0, 2.0, 10.0, 100.0, 1000.0], dtype=F64)
    found = prepared()[2]._compute_kl(dim, kappa[:, None])
    ours = VonMisesFisher(torch.eye(dim, dtype=F64)[0], kappa)
    equal(ours.kl_to_uniform(), found, dim * 1e-6)
    with killed():
        equal(ours.kl_to_uniform() - ours.entropy(), found, dim * 1e-6)


def test_pythaes_divergence_is_not_a_number_in_float32_where_the_bessel_function_underflows() -> None:
    # I_39(1) is about 1e-58; from 80 dimensions on a zero is divided by a zero at its own least concentration.
    found = prepared()[2]._compute_kl(80, torch.ones(1, 1))
    assert found.isnan().all()
    ours = VonMisesFisher(torch.eye(80)[0], torch.ones(()))
    exact = VonMisesFisher(torch.eye(80, dtype=F64)[0], torch.ones((), dtype=F64)).kl_to_uniform()
    equal(ours.kl_to_uniform().double(), exact, 1e-8)


def test_the_loss_is_pythaes_on_the_same_draws() -> None:
    model, x, peer = prepared()
    z = normalize(noise(len(x), LATENT), dim=-1)
    peer._sample_von_mises = lambda loc, concentration: z
    found = losses(peer, x)
    trace = model.trace(x, given={"z": z})
    equal(-bounds.elbo(trace).mean(), found.loss, FLOAT32)
    same_gradients(-bounds.elbo(trace).mean(), found.loss, model, FLOAT32)
    with killed():  # the divergence from the samples
        equal(-trace.log_w.mean(), found.loss, FLOAT32)


def test_pythae_evaluates_another_posterior_than_it_trained_with_a_concentration_lower_by_one() -> None:
    # `forward` has softplus + 1 and `get_nll` softplus alone. The estimate is right for that proposal.
    model, x, peer = prepared()
    z = normalize(noise(100, len(x), LATENT), dim=-1)
    seen: list[Tensor] = []

    def held(loc: Tensor, concentration: Tensor) -> Tensor:
        seen.append(concentration[0, 0])
        return z[:, len(seen) - 1]

    peer._sample_von_mises = held
    found = torch.tensor(peer.get_nll(x, n_samples=100), dtype=F64)
    trace = model.trace(x, num_samples=100, given={"z": z})
    q: Any = trace.draw.q[0]
    equal(torch.stack(seen), q.concentration - 1)

    def log_likelihood(proposal: Any) -> Tensor:
        log_w = trace.log_px + trace.log_pz[0] - proposal.log_prob(trace.draw.z[0])
        estimate: Tensor = log_w.logsumexp(0) - math.log(100)
        return estimate.mean()

    equal(log_likelihood(VonMisesFisher(q.loc, q.concentration - 1)), found, FLOAT32)
    with killed():
        equal(log_likelihood(q), found, FLOAT32)


@pytest.mark.filterwarnings("ignore:To copy construct from a tensor:UserWarning")
def test_pythaes_draws_differentiate_the_proposal_and_not_the_draw_that_was_accepted() -> None:
    # The acceptance depends on kappa too; without it the slope is 30% too small at kappa = 3.
    # d E[mu.z] / d kappa = 1 - A^2 - (m - 1) A / kappa, A = coth kappa - 1 / kappa on the ordinary sphere.
    kappa, num = 3.0, 20_000
    a = 1 / torch.tanh(torch.tensor(kappa, dtype=F64)) - 1 / kappa
    exact = float(1 - a.square() - 2 * a / kappa)

    def slopes(cosines: Tensor, at: Tensor) -> Tensor:
        (slope,) = torch.autograd.grad(cosines.sum(), at)
        return slope.detach().flatten()

    torch.manual_seed(0)
    at = torch.full((num, 1), kappa, requires_grad=True)
    biased = z_score(slopes(prepared()[2]._acc_rej_steps(m=3, k=at), at), exact)
    at = torch.full((num,), kappa, dtype=F64, requires_grad=True)
    ours = slopes(VonMisesFisher(torch.eye(3, dtype=F64)[0], at).rsample()[:, 0], at)
    assert abs(z_score(ours, exact)) < 5
    assert abs(biased) > 20
