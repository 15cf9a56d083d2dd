"""The true posterior p(z|x) of a trained VAE for given x by Markov chains, and how far q(z|x) is from it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor
from torch.distributions import constraints
from torch.distributions.constraints import Constraint

from latentia.conditionals import Need
from latentia.data_model import evaluating, seeded
from latentia.errors import CompatibilityError, ConfigurationError
from latentia.inference.mcmc import Mass, Method, diagnostics, sample
from latentia.inference.parameters import Parameter, Parameters
from latentia.latents import Trace
from latentia.latents.draw import Group
from latentia.model import VAE
from latentia.names import Domain

_SUPPORTS: dict[Domain, Constraint] = {
    "real": constraints.real,
    "positive": constraints.positive,
    "interval": constraints.unit_interval,
    "simplex": constraints.simplex,
}
_Q_DRAWS = 4000
_EDGE = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class VAEPosterior:
    """Draws of p(z|x) for each of B examples, their diagnostics, and q(z|x) beside them.

    Attributes:
        draws: `[B, C, S, d]`, in the latent space.
        rhat: R-hat of each coordinate, `[B, d]`.
        ess: Effective draws in the bulk, `[B, d]`.
        divergences: Trajectories that were lost, `[B]`.
        acceptance: Mean rate of acceptance, `[B]`.
        q_mean: Mean of q(z|x), `[B, d]`.
        q_std: Standard deviation of q(z|x), `[B, d]`.
    """

    draws: Tensor
    rhat: Tensor
    ess: Tensor
    divergences: Tensor
    acceptance: Tensor
    q_mean: Tensor
    q_std: Tensor

    @property
    def mean(self) -> Tensor:
        """Posterior means, `[B, d]`."""
        return self.draws.flatten(1, 2).mean(1)

    @property
    def std(self) -> Tensor:
        """Posterior standard deviations, `[B, d]`."""
        return self.draws.flatten(1, 2).std(1)

    @property
    def mean_shift(self) -> Tensor:
        """By how many posterior standard deviations q's mean is off, `[B, d]`."""
        return (self.q_mean - self.mean) / self.std

    @property
    def variance_ratio(self) -> Tensor:
        """Variance of q over that of the posterior, `[B, d]`; below 1, q is too sure."""
        return (self.q_std / self.std).square()

    @property
    def converged(self) -> Tensor:
        """Whether an example's chains agree in every coordinate (R-hat below 1.01, more than 400 draws), `[B]`."""
        return ((self.rhat < 1.01) & (self.ess > 400)).all(1) & (self.divergences == 0)

    @property
    def verdict(self) -> str:
        """What was found, in words."""
        count, total = int(self.converged.sum()), len(self.converged)
        shift, ratio = float(self.mean_shift.abs().mean()), float(self.variance_ratio.median())
        return (
            f"{count} of {total} posteriors have converged (R-hat at most {float(self.rhat.max()):.3f}, "
            f"{float(self.ess.min()):.0f} effective draws or more). The mean of q is off by {shift:.2f} posterior "
            f"standard deviations on average; its variance is {ratio:.2f} times the posterior's (median)."
        )


def vae_log_joint(vae: VAE, x: Tensor) -> Callable[[Tensor], Tensor]:
    """Log p(x, z) of a model with one group of latent variables, as a function of z.

    Args:
        vae: The model.
        x: `[B, *shape]`, in the units of the likelihood.

    Returns:
        A function from `[K, B, d]` (the group's event, flattened) to `[K, B]`, in nats.

    Raises:
        CompatibilityError: Several groups, or a prior without a density at any z.
    """
    group = _only_group(vae)
    event = group.event_shape

    def log_joint(z: Tensor) -> Tensor:
        drawn = vae.latents.generate(z.shape[:2], given={group.name: z.reshape(z.shape[:2] + event)})
        trace = Trace(x, drawn, vae.px(drawn.state))
        return trace.log_px + trace.log_pz.sum(0)

    return log_joint


def refine_posterior(
    vae: VAE,
    x: Tensor,
    *,
    method: Method = "nuts",
    chains: int = 4,
    num_samples: int = 500,
    warmup: int = 300,
    mass: Mass = "diagonal",
    target_accept: float = 0.8,
    max_tree_depth: int = 8,
    num_steps: int = 16,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> VAEPosterior:
    r"""Draws of \(p(z|x) \propto p(x|z)\, p(z)\) for each x, by chains that start at draws of q(z|x).

    All chains of all examples are moved in one pass, in float64 on a copy of the model; step size and mass are learned
    for each example. Where z is positive, in the unit interval or on the simplex, the chains run on the real line with
    the log-determinant of the bijection.

    Args:
        vae: A model with one group of latent variables and densities, in whatever mode; it is not changed.
        x: `[B, *shape]`, in the units of the likelihood.
        method: `nuts` or `hmc`.
        chains: C, for each example.
        num_samples: S, draws of each chain.
        warmup: Draws before them.
        mass: What is learned of the scale.
        target_accept: The rate of acceptance to aim at.
        max_tree_depth: Of NUTS.
        num_steps: The most steps of a draw of HMC.
        seed: Of all noise.
        progress: Called after each draw with (draws made, draws in all).

    Returns:
        Draws, diagnostics, and q beside them.

    Raises:
        CompatibilityError: Several groups, discrete or spherical latent variables, or a model without densities.
        ConfigurationError: An option out of its range.

    References:
        Cremer, Li, Duvenaud, Inference suboptimality in variational autoencoders, 2018, arXiv:1801.03558.
    """
    group = _only_group(vae)
    if Need.DENSITY not in vae.provides:
        raise CompatibilityError(
            "q(z|x) or p(z) of this model has no density, so there is no posterior to hold q against; take a recipe "
            "with both, such as vae, or give the codes a prior"
        )
    if chains < 2:
        raise ConfigurationError(f"chains is {chains}; expected 2 or more, so that they can be held against each other")
    exact = copy.deepcopy(vae).double().requires_grad_(False)
    rows = x.double() if x.is_floating_point() else x
    where = Parameters({"z": Parameter(tuple(group.event_shape), _support(group.name, _domain(vae)))})
    batch, dims = len(rows), group.event_shape.numel()
    with evaluating(exact):
        with torch.no_grad(), seeded(seed, rows.device):
            evidence = exact.encoder(rows)
            q = exact.latents.infer(evidence, num_samples=_Q_DRAWS).z[0].reshape(_Q_DRAWS, batch, dims)
            start = exact.latents.infer(evidence, num_samples=chains).z[0]
        joint = vae_log_joint(exact, rows)

        def log_prob(theta: Tensor) -> Tensor:
            values, log_det = where.constrain(theta)
            z = values["z"].reshape(batch, chains, dims).transpose(0, 1)
            return joint(z).T.flatten() + log_det

        # Chains of an example are consecutive: a group that shares step size and mass.
        begin = where.unconstrain({"z": _inside(start, _domain(vae)).transpose(0, 1).flatten(0, 1)})
        drawn = sample(
            log_prob,
            begin,
            method=method,
            num_samples=num_samples,
            warmup=warmup,
            target_accept=target_accept,
            max_tree_depth=max_tree_depth,
            num_steps=num_steps,
            mass=mass,
            groups=batch,
            seed=seed,
            progress=progress,
        )
    z = where.constrain(drawn.draws)[0]["z"].reshape(batch, chains, num_samples, dims)
    by_chain = z.permute(1, 2, 0, 3)
    return VAEPosterior(
        draws=z,
        rhat=diagnostics.rhat(by_chain),
        ess=diagnostics.ess_bulk(by_chain),
        divergences=drawn.divergent.reshape(batch, -1).sum(1),
        acceptance=drawn.acceptance.reshape(batch, -1).mean(1),
        q_mean=q.mean(0),
        q_std=q.std(0),
    )


def _only_group(vae: VAE) -> Group:
    groups = vae.latents.groups
    if len(groups) != 1:
        raise CompatibilityError(
            f"this model has {len(groups)} groups of latent variables ({', '.join(g.name for g in groups)}); the "
            "posterior is sampled for models with one, such as vae"
        )
    return groups[0]


def _domain(vae: VAE) -> Domain:
    return cast(Domain, getattr(vae.latents.groups[0], "domain", "real"))


def _support(name: str, domain: Domain) -> Constraint:
    if domain in _SUPPORTS:
        return _SUPPORTS[domain]
    if domain == "sphere":
        raise CompatibilityError(
            f"latent group {name!r} lives on the unit sphere, which has no bijection from the real line; take a model "
            "with real, positive, interval or simplex latent variables, such as vae"
        )
    raise CompatibilityError(
        f"latent group {name!r} is discrete ({domain}): Hamiltonian dynamics needs gradients in z; take a model with "
        "continuous latent variables, such as relaxed_bernoulli or relaxed_categorical ones"
    )


def _inside(z: Tensor, domain: Domain) -> Tensor:
    """Draws moved off the edge of their domain, where a bijection would send them to infinity."""
    match domain:
        case "positive":
            return z.clamp_min(_EDGE)
        case "interval":
            return z.clamp(_EDGE, 1 - _EDGE)
        case "simplex":
            return (z + _EDGE) / (z + _EDGE).sum(-1, keepdim=True)
        case _:
            return z
