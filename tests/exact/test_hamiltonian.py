"""Hamiltonian posteriors: unbiased weights, volume, energy, and what the dynamics are on a Gaussian."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import pytest
import torch
from torch import Tensor, nn
from torch.distributions import kl_divergence

from latentia import bounds
from latentia.conditionals.hamiltonian import HamiltonianPosterior
from latentia.distributions import factor_means, normal
from latentia.distributions.hamiltonian import Hamiltonian
from latentia.errors import CompatibilityError
from latentia.latents import LatentGroup, Trace
from latentia.model import VAE
from latentia.nets.with_input import WithInput
from tests.exact.linear_gaussian import F64, LinearGaussian, diagonal_posterior
from tests.exact.mutants import killed, z_score
from tests.ledger import BINARY, SMALL, Instance

ROOT_BETA = torch.tensor(0.6, dtype=F64)


def refined(exact: LinearGaussian, steps: int, *, beta: float = -0.1, step: float = 0.4) -> VAE:
    """The exact posterior made wrong (shifted, a third too wide), then refined."""
    inner = diagonal_posterior(exact, exact=True)
    with torch.no_grad():
        inner.linear.bias[:2] += 0.2
        inner.linear.bias[2:] += 0.3
    model = exact.vae(inner)
    group = model.latents.groups[0]
    assert isinstance(group, LatentGroup)
    d = len(exact.mean)
    group.q = HamiltonianPosterior(inner, group.p, model.likelihood, features=d, shape=(d,), steps=steps, step=step)
    group.q.double()
    if steps:
        with torch.no_grad():
            cast(Tensor, group.q.raw_beta).fill_(beta)
    model.encoder = WithInput(nn.Identity())
    return model


def weights_average_to_the_evidence(log_w: Callable[[Trace], Tensor]) -> None:
    exact = LinearGaussian.random(orthogonal=True)
    x = exact.sample(4)
    torch.manual_seed(0)
    with torch.no_grad():
        trace = refined(exact, 3).trace(x, num_samples=20_000)
        ratio = (log_w(trace) - exact.marginal.log_prob(x)).exp()
    assert float(ratio.std(0).max()) < 3  # the smallest error seen at |z| = 5 is a tenth
    for row in range(len(x)):
        assert abs(z_score(ratio[:, row], 1.0)) < 5


def test_the_mean_weight_of_a_refined_posterior_is_the_evidence() -> None:
    weights_average_to_the_evidence(lambda trace: trace.log_w)


def _density_with(trace: Trace, change: Callable[[Hamiltonian], Tensor]) -> Tensor:
    q = trace.draw.q[0]
    assert isinstance(q, Hamiltonian)
    return trace.log_px + trace.log_pz[0] - (trace.log_qz[0] + change(q))


def test_mutants_of_the_weight() -> None:
    with killed():  # the log-determinant of tempering dropped: log q~ too small by -(D/2) log beta_0
        weights_average_to_the_evidence(lambda t: _density_with(t, lambda q: 2 * q.root_beta.log()))
    with killed():  # the momentum terms dropped: the density of the inner draw, as if nothing had moved
        weights_average_to_the_evidence(lambda t: _density_with(t, _without_momentum))
    with killed():  # the inner density at the end of the path instead of at its start
        weights_average_to_the_evidence(
            lambda t: t.log_px + t.log_pz[0] - cast(Hamiltonian, t.draw.q[0]).base.log_prob(t.draw.z[0])
        )


def _without_momentum(q: Hamiltonian) -> Tensor:
    """What takes the two momentum terms out again: the same noise drawn once more."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        start = q.base.rsample(torch.Size([20_000]))
        noise = torch.randn_like(start)
        _, momentum = q._moved(start, noise / q.root_beta)
    return (noise.square() - momentum.square()).sum(-1) / 2


def divergence_is_the_mean_log_ratio(divergence: Callable[[Trace], Tensor]) -> None:
    exact = LinearGaussian.random(orthogonal=True)
    x = exact.sample(4)
    torch.manual_seed(0)
    with torch.no_grad():
        trace = refined(exact, 3, beta=-0.05).trace(x, num_samples=20_000)
        sampled = trace.log_qz[0] - trace.log_pz[0]
        difference = divergence(trace) - sampled
    for row in range(len(x)):
        assert abs(z_score(difference[:, row], 0.0)) < 5


def test_the_divergence_has_the_mean_of_the_sampled_difference() -> None:
    divergence_is_the_mean_log_ratio(lambda trace: trace.kl[0])


def test_the_divergence_has_gradients_with_less_noise() -> None:
    model, _ = Instance("hvae", BINARY, SMALL).build()
    x = Instance("hvae", BINARY, SMALL).batch()

    def noise(bound: Callable[[Trace], Tensor]) -> float:
        gradients = []
        for seed in range(60):
            torch.manual_seed(seed)
            loss = bound(model.trace(x)).mean()
            weight = model.latents.groups[0].q.inner.linear.weight  # type: ignore[attr-defined] # a LatentGroup
            gradients.append(torch.autograd.grad(loss, weight)[0])
        return float(torch.stack(gradients).var(0).sum())

    assert noise(bounds.elbo) < 0.3 * noise(lambda trace: trace.log_w.mean(0))


def test_mutants_of_the_divergence() -> None:
    with killed():  # the inner posterior's divergence, as if nothing had moved
        divergence_is_the_mean_log_ratio(lambda t: kl_divergence(cast(Hamiltonian, t.draw.q[0]).base, t.draw.p[0]))
    with killed():  # a control variate whose mean is not put back
        divergence_is_the_mean_log_ratio(
            lambda t: t.kl[0] - kl_divergence(cast(Hamiltonian, t.draw.q[0]).base, t.draw.p[0])
        )


def test_no_steps_leave_the_inner_posterior() -> None:
    exact = LinearGaussian.random(orthogonal=True)
    x = exact.sample(5)
    model, plain = refined(exact, 0), refined(exact, 0)
    inner = cast(HamiltonianPosterior, cast(LatentGroup, plain.latents.groups[0]).q).inner
    cast(LatentGroup, plain.latents.groups[0]).q = inner
    plain.encoder = nn.Identity()
    torch.manual_seed(1)
    a = model.trace(x, num_samples=3)
    torch.manual_seed(1)
    b = plain.trace(x, num_samples=3)
    torch.testing.assert_close(a.log_w, b.log_w, rtol=0, atol=0)
    # ... and the distribution itself, whose momentum has nowhere to go
    q = Hamiltonian(
        normal(torch.zeros(2), torch.ones(2)), lambda z: z.sum(-1), step=ROOT_BETA, root_beta=ROOT_BETA, steps=0
    )
    z = q.rsample((3,))
    torch.testing.assert_close(q.log_prob(z), q.base.log_prob(z), rtol=0, atol=0)


def test_gradients_do_not_change_the_draw_and_agree_with_finite_differences() -> None:
    exact = LinearGaussian.random(orthogonal=True)
    x = exact.sample(3)
    model = refined(exact, 3)

    def bound() -> Tensor:
        torch.manual_seed(4)
        return bounds.elbo(model.trace(x, num_samples=2)).mean()

    value = bound()
    value.backward()
    h = 1e-5
    with torch.no_grad():
        torch.testing.assert_close(bound(), value, rtol=0, atol=1e-12)
        for name, parameter in model.named_parameters():
            flat, at = parameter.view(-1), parameter.numel() // 2
            kept = flat[at].clone()
            flat[at] = kept + h
            above = bound()
            flat[at] = kept - h
            slope = (above - bound()) / (2 * h)
            flat[at] = kept
            assert parameter.grad is not None, name
            torch.testing.assert_close(parameter.grad.view(-1)[at], slope, rtol=1e-5, atol=1e-7, msg=name)


def test_learned_dynamics_close_a_part_of_the_gap() -> None:
    exact = LinearGaussian.random(orthogonal=True)
    x = exact.sample(30)
    model = refined(exact, 5, step=0.1)
    posterior = cast(HamiltonianPosterior, cast(LatentGroup, model.latents.groups[0]).q)
    inner = bounds.elbo(exact.vae(posterior.inner).trace(x, num_samples=200)).mean().detach()
    optimiser = torch.optim.Adam([posterior.raw_log_step, posterior.raw_beta], lr=0.02)
    torch.manual_seed(0)
    for _ in range(60):
        optimiser.zero_grad()
        loss = -bounds.elbo(model.trace(x, num_samples=20)).mean()
        loss.backward()
        optimiser.step()
    with torch.no_grad():
        reached = bounds.elbo(model.trace(x, num_samples=2000)).mean()
    truth = exact.marginal.log_prob(x).mean()
    assert float(inner) < float(truth)
    assert float(truth - reached) < 0.75 * float(truth - inner)
    assert float(reached) < float(truth) + 1e-2


def test_the_centre_is_the_refined_centre_without_noise() -> None:
    exact = LinearGaussian.random(orthogonal=True)
    x = exact.sample(5)
    model = refined(exact, 3, beta=0.0)
    q = model.latents.groups[0].posterior(x, model.encoder(x))
    assert isinstance(q, Hamiltonian)
    centre = factor_means(q, torch.Size([2, 5]))
    torch.testing.assert_close(centre[0], centre[1], rtol=0, atol=0)
    assert (q.log_target(centre[0]) > q.log_target(q.base.mean)).all()


def test_only_its_own_draws_can_be_scored() -> None:
    exact = LinearGaussian.random(orthogonal=True)
    x = exact.sample(2)
    model = refined(exact, 2)
    trace = model.trace(x)
    assert trace.log_qz.isfinite().all()
    with pytest.raises(CompatibilityError, match="own draws"):
        trace.draw.q[0].log_prob(trace.draw.z[0].clone())
    with pytest.raises(CompatibilityError, match="leapfrog 0"):
        bounds.iwae(model.trace(x, given={"z": torch.zeros(2, dtype=F64)}))
    wider = trace.draw.q[0].expand(torch.Size([4, 2]))
    z = wider.rsample()
    assert z.shape == (4, 2, 2)
    torch.testing.assert_close(wider.log_prob(z), trace.draw.q[0].log_prob(z))
