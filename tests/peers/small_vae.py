"""Small models of ours in float64, with arbitrary weights, for another library to be given the same functions."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from latentia.conditionals import DiagonalNormal, GaussianHead, Likelihood, StandardNormal
from latentia.conditionals.likelihoods import BernoulliHead
from latentia.latents import LatentGroup, TopDown, Trace
from latentia.model import VAE
from latentia.nets import MLP
from tests.distributions.flows import F64, disturbed

ROWS, PIXELS, LATENT, FEATURES = 5, 6, 3, 8
Family = Literal["bernoulli", "gaussian"]


def small_vae(
    family: Family = "bernoulli",
    *,
    prior: nn.Module | None = None,
    posterior: nn.Module | None = None,
    sigma: float = 1.0,
    spread: float = 1.0,
) -> VAE:
    """A flat VAE; its decoder gives log-odds, or the location of a Gaussian of scale `sigma`."""
    torch.manual_seed(0)
    posterior = DiagonalNormal(FEATURES, LATENT) if posterior is None else posterior
    group = LatentGroup("z", StandardNormal(LATENT) if prior is None else prior, posterior)
    head = BernoulliHead((PIXELS,)) if family == "bernoulli" else GaussianHead((PIXELS,), scale="fixed", sigma=sigma)
    likelihood = Likelihood(MLP((LATENT,), (PIXELS,), (FEATURES,)), head)
    model = VAE(MLP((PIXELS,), (FEATURES,), (FEATURES,), final=True), TopDown([group]), likelihood).double()
    disturbed(model, 0, spread)
    return model


def batch(rows: int = ROWS, seed: int = 1) -> Tensor:
    """Binary rows, `[rows, PIXELS]`."""
    return (torch.rand(rows, PIXELS, generator=torch.Generator().manual_seed(seed), dtype=F64) < 0.5).to(F64)


def noise(*shape: int, seed: int = 2) -> Tensor:
    """What a standard normal was seen to be."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=F64)


def moments(model: VAE, x: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of q(z|x), `[B, LATENT]`."""
    q = model.latents.groups[0].posterior(x, model.encoder(x))
    return q.mean, q.stddev


def traced(model: VAE, x: Tensor, eps: Tensor) -> Trace:
    """Our trace with the noise eps `[K, B, LATENT]` of a diagonal Gaussian posterior."""
    loc, scale = moments(model, x)
    return model.trace(x, num_samples=len(eps), given={"z": loc + scale * eps})


def drawn_noise(model: VAE, x: Tensor, num_samples: int = 1, seed: int = 3) -> Tensor:
    """The noise `[K, B, LATENT]` of the first draw after this seed: what an objective of ours will use."""
    torch.manual_seed(seed)
    loc, scale = moments(model, x)
    return ((model.trace(x, num_samples=num_samples).draw.z[0] - loc) / scale).detach()


def same_gradients(ours: Tensor, theirs: Tensor, of: nn.Module, atol: float = 1e-10) -> None:
    """Two scalars have the same derivatives in all parameters of a module."""
    parameters = list(of.parameters())
    of_ours = torch.autograd.grad(ours, parameters, retain_graph=True, materialize_grads=True)
    of_theirs = torch.autograd.grad(theirs, parameters, retain_graph=True, materialize_grads=True)
    for one, other in zip(of_ours, of_theirs, strict=True):
        equal(one, other, atol)


def equal(ours: Tensor, theirs: Tensor, atol: float = 1e-10) -> None:
    """The same numbers, up to rounding in float64 unless the tolerance says otherwise."""
    torch.testing.assert_close(ours, theirs, rtol=0, atol=atol)
