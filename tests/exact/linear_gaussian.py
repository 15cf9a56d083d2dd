"""The linear-Gaussian model, where everything is known: p(z) = N(0, I), p(x|z) = N(Wz + mu, s2 I).

The marginal is written out densely here, as the value that everything else is held to; the posterior is the library's,
which `tests/inference/linear_gaussian` holds to the joint density.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.distributions import Distribution, MultivariateNormal

from latentia.conditionals import DiagonalNormal, GaussianHead, Likelihood, Need, StandardNormal
from latentia.conditionals.protocol import EVERYTHING
from latentia.inference.linear_gaussian import LinearGaussian as Library
from latentia.latents import LatentGroup, TopDown, Trace
from latentia.model import VAE

F64 = torch.float64


@dataclass(frozen=True)
class LinearGaussian:
    """W `[d, k]`, mu `[d]`, s2."""

    weight: Tensor
    mean: Tensor
    s2: float

    @staticmethod
    def random(d: int = 5, k: int = 2, s2: float = 0.3, *, orthogonal: bool = False, seed: int = 0) -> LinearGaussian:
        generator = torch.Generator().manual_seed(seed)
        weight = torch.randn(d, k, generator=generator, dtype=F64)
        if orthogonal:  # then the exact posterior is diagonal
            weight = torch.linalg.qr(weight).Q * torch.arange(1, k + 1, dtype=F64)
        return LinearGaussian(weight, torch.randn(d, generator=generator, dtype=F64), s2)

    @property
    def marginal(self) -> MultivariateNormal:
        eye = torch.eye(len(self.mean), dtype=F64)
        return MultivariateNormal(self.mean, self.weight @ self.weight.T + self.s2 * eye, validate_args=False)

    def posterior(self, x: Tensor) -> MultivariateNormal:
        return Library(self.weight, self.mean, self.s2).posterior(x)

    def sample(self, num: int, seed: int = 1) -> Tensor:
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            return self.marginal.sample(torch.Size([num]))

    def vae(self, posterior: nn.Module) -> VAE:
        """The library's model with this generative half and the posterior handed in; the encoder is the identity."""
        d, k = self.weight.shape
        decoder = nn.Linear(k, d).double()
        with torch.no_grad():
            decoder.weight.copy_(self.weight)
            decoder.bias.copy_(self.mean)
        head = GaussianHead((d,), scale="fixed", sigma=math.sqrt(self.s2))
        return VAE(
            nn.Identity(), TopDown([LatentGroup("z", StandardNormal(k).double(), posterior)]), Likelihood(decoder, head)
        )


class ExactPosterior(nn.Module):
    """q(z|x) = p(z|x), with its full covariance."""

    provides: frozenset[Need] = EVERYTHING
    domain = "real"

    def __init__(self, model: LinearGaussian) -> None:
        super().__init__()
        self.model = model
        self.event_shape = torch.Size([model.weight.shape[1]])

    def forward(self, given: Tensor) -> Distribution:
        return self.model.posterior(given)


def diagonal_posterior(model: LinearGaussian, *, exact: bool, seed: int = 3) -> DiagonalNormal:
    """The library's diagonal head: set to the exact posterior (orthogonal W only), or to something arbitrary."""
    d, k = model.weight.shape
    torch.manual_seed(seed)
    head = DiagonalNormal(d, k).double()
    if exact:
        q = model.posterior(model.mean[None])
        inverse_m = q.covariance_matrix[0] / model.s2
        log_scale = q.covariance_matrix[0].diagonal().log() / 2
        raw = log_scale / (1 - (log_scale / head.HIGH).square()).sqrt()  # the smooth bound, inverted
        with torch.no_grad():
            mean_map = inverse_m @ model.weight.T
            head.linear.weight.copy_(torch.cat([mean_map, torch.zeros(k, d, dtype=F64)]))
            head.linear.bias.copy_(torch.cat([-mean_map @ model.mean, raw]))
    return head


def cubature_trace(model: VAE, x: Tensor) -> Trace:
    """A trace over the 2k points mu +- sqrt(k) L e_j, whose mean is the exact expectation of any quadratic in z.

    L is the Cholesky factor of the covariance, diagonal or full.

    So `bounds.elbo` of it is the exact ELBO of a linear-Gaussian model, with the KL in closed form.
    """
    q = model.latents.groups[0].posterior(x, model.encoder(x))
    k = q.mean.shape[-1]
    factor = q.scale_tril if isinstance(q, MultivariateNormal) else torch.diag_embed(q.stddev)
    offsets = math.sqrt(k) * factor.movedim(-1, 0)
    points = q.mean + torch.cat([offsets, -offsets])
    return model.trace(x, num_samples=2 * k, given={"z": points})
