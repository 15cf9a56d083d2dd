"""The linear-Gaussian model and everything that follows from it in closed form."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor
from torch.distributions import Distribution, MultivariateNormal

from latentia.distributions import full_normal, normal
from latentia.errors import ConfigurationError
from latentia.inference.linear_gaussian.composition import composed
from latentia.inference.matrix import real_matrix, real_vector
from latentia.model import VAE


class LinearGaussian:
    r"""Probabilistic PCA, \(p(z) = N(0, I)\), \(p(x|z) = N(Wz + \mu, \sigma^2 I)\).

    With \(M = W^\top W + \sigma^2 I\) the marginal is \(N(\mu, W W^\top + \sigma^2 I)\) and the posterior
    \(N(M^{-1} W^\top (x - \mu), \sigma^2 M^{-1})\). Everything is computed in float64, from the d x d matrix M.

    Args:
        weights: W, `[D, d]` with 1 <= d <= D.
        mean: mu, `[D]`.
        variance: sigma^2, positive, in squared units of x.

    Raises:
        DataError: Entries that are not finite, or lengths that do not agree.
        ConfigurationError: A variance that is none, or more latent than observed dimensions.

    References:
        Tipping, Bishop, Probabilistic principal component analysis, 1999, doi:10.1111/1467-9868.00196; Bishop, Pattern
        recognition and machine learning, 2006, section 12.2.

    >>> model = LinearGaussian([[1.0], [1.0]], mean=[0.0, 0.0], variance=1.0)
    >>> model.posterior([[1.5, 1.5]]).mean
    tensor([[1.]], dtype=torch.float64)
    >>> model.log_prob([[0.0, 0.0]])  # -log(2 pi) - log(3) / 2
    tensor([-2.3872], dtype=torch.float64)
    """

    def __init__(self, weights: Any, mean: Any, variance: float) -> None:
        self.weights = real_matrix(weights, "weights")
        check_dim(self.weights.shape[1], self.weights.shape[0])
        self.mean = real_vector(mean, "mean", self.weights.shape[0])
        self.variance = float(variance)
        if not (self.variance > 0 and math.isfinite(self.variance)):
            raise ConfigurationError(f"variance is {self.variance:g}; the noise has a finite variance above zero")
        eye = torch.eye(self.dim, dtype=self.weights.dtype, device=self.weights.device)
        self._factor = torch.linalg.cholesky(self.weights.mT @ self.weights + self.variance * eye)
        # sigma^2 M^-1 = (sigma L^-1)' (sigma L^-1), and the distribution wants a lower factor.
        covariance = self.variance * torch.cholesky_inverse(self._factor)
        self._posterior_factor = torch.linalg.cholesky(covariance)

    def __repr__(self) -> str:
        """Sizes and the noise."""
        return f"LinearGaussian({self.weights.shape[0]} observed, {self.dim} latent, variance={self.variance:g})"

    @property
    def dim(self) -> int:
        """d, how many latent dimensions."""
        return self.weights.shape[1]

    @property
    def prior(self) -> Distribution:
        """p(z), over vectors `[d]`."""
        zero = self.weights.new_zeros(self.dim)
        return normal(zero, torch.ones_like(zero))

    @property
    def marginal(self) -> MultivariateNormal:
        r"""p(x), the dense \(N(\mu, W W^\top + \sigma^2 I)\) over vectors `[D]`."""
        eye = torch.eye(self.dim, dtype=self.weights.dtype, device=self.weights.device)
        return full_normal(self.mean, self._observed_factor(eye))

    def conditional(self, z: Tensor) -> Distribution:
        """p(x|z).

        Args:
            z: `[*batch, d]`.

        Returns:
            Batch `[*batch]` over vectors `[D]`.
        """
        loc = z.to(self.weights.dtype) @ self.weights.mT + self.mean
        return normal(loc, torch.full_like(loc, math.sqrt(self.variance)))

    def posterior(self, x: Any) -> MultivariateNormal:
        """p(z|x), whose covariance is the same for every x.

        Args:
            x: `[N, D]`.

        Returns:
            Batch `[N]` over vectors `[d]`.

        Raises:
            DataError: Another number of columns, or an entry that is not finite.
        """
        loc = self._posterior_mean(self._centred(x))
        return full_normal(loc, self._posterior_factor.expand(len(loc), -1, -1))

    def log_prob(self, x: Any) -> Tensor:
        r"""\(\log p(x)\), at a cost that is linear in D.

        Args:
            x: `[N, D]`.

        Returns:
            `[N]`, in nats.

        Raises:
            DataError: Another number of columns, or an entry that is not finite.
        """
        centred = self._centred(x)
        z = self._posterior_mean(centred)
        # r' C^-1 r as two sums of squares; Woodbury's formula as it stands would subtract.
        residual = centred - z @ self.weights.mT
        squared = residual.square().sum(-1) / self.variance + z.square().sum(-1)
        observed = len(self.mean)
        log_det = (observed - self.dim) * math.log(self.variance) + 2 * self._factor.diagonal().log().sum()
        total: Tensor = observed * math.log(2 * math.pi) + log_det + squared
        return -total / 2

    def sample(self, n: int, generator: torch.Generator | None = None) -> Tensor:
        """Draws from p(x).

        Args:
            n: How many.
            generator: Where the noise comes from; None for torch's own.

        Returns:
            `[n, D]`.
        """
        z = torch.randn(n, self.dim, generator=generator, dtype=torch.float64).to(self.weights.device)
        noise = torch.randn(n, len(self.mean), generator=generator, dtype=torch.float64).to(self.weights.device)
        drawn: Tensor = self.mean + z @ self.weights.mT + math.sqrt(self.variance) * noise
        return drawn

    def reconstruct(self, x: Any) -> Tensor:
        r"""\(W \, E[z|x] + \mu\), which for \(\sigma^2 \to 0\) is PCA's projection.

        Args:
            x: `[N, D]`.

        Returns:
            `[N, D]`.

        Raises:
            DataError: Another number of columns, or an entry that is not finite.
        """
        return self._posterior_mean(self._centred(x)) @ self.weights.mT + self.mean

    def posterior_predictive(self, x: Any) -> MultivariateNormal:
        r"""What a second measurement of the same z would be, \(p(x'|x) = \int p(x'|z) p(z|x) dz\).

        Args:
            x: `[N, D]`.

        Returns:
            Batch `[N]` over vectors `[D]`, a Gaussian about the reconstruction with covariance
            \(\sigma^2 (W M^{-1} W^\top + I)\).

        Raises:
            DataError: Another number of columns, or an entry that is not finite.
        """
        loc = self.reconstruct(x)
        covariance = self._posterior_factor @ self._posterior_factor.mT
        return full_normal(loc, self._observed_factor(covariance).expand(len(loc), -1, -1))

    def vae(self) -> VAE:
        """The same model in the parts of a variational autoencoder, with the exact posterior as its encoder.

        Every importance weight of its traces is p(x), whatever z is drawn, and its ELBO is the log-likelihood. The
        parameters are copies: training it does not change this model.

        Returns:
            A model with one latent group, `z`, in float64.

        >>> from latentia import bounds
        >>> model = LinearGaussian([[1.0], [1.0]], mean=[0.0, 0.0], variance=1.0)
        >>> bounds.iwae(model.vae().trace(torch.zeros(1, 2, dtype=torch.float64))).detach()
        tensor([-2.3872], dtype=torch.float64)
        """
        to_code = torch.cholesky_solve(self.weights.mT, self._factor)
        return composed(self.weights, self.mean, math.sqrt(self.variance), to_code, self._posterior_factor)

    def _centred(self, x: Any) -> Tensor:
        return real_matrix(x, rows=0, columns=len(self.mean)) - self.mean

    def _posterior_mean(self, centred: Tensor) -> Tensor:
        solved: Tensor = torch.cholesky_solve((centred @ self.weights).mT, self._factor)
        return solved.mT

    def _observed_factor(self, covariance: Tensor) -> Tensor:
        """The Cholesky factor of W C W' + sigma^2 I for a covariance C of z."""
        eye = torch.eye(len(self.mean), dtype=self.weights.dtype, device=self.weights.device)
        factor: Tensor = torch.linalg.cholesky(self.weights @ covariance @ self.weights.mT + self.variance * eye)
        return factor


def check_dim(dim: int, observed: int, *, fewer: bool = False) -> None:
    """Refuse a number of latent dimensions that the model cannot have.

    Args:
        dim: d.
        observed: D.
        fewer: Whether d must stay below D, for the noise to be estimated from what is left over.

    Raises:
        ConfigurationError: Says which are possible.
    """
    most = observed - 1 if fewer else observed
    if not 1 <= dim <= most:
        why = "the noise is estimated from the dimensions left over" if fewer else "more would be redundant"
        possible = f"between 1 and {most}: {why}" if most >= 1 else "none: a second column is needed"
        raise ConfigurationError(f"{dim} latent dimensions for {observed} observed ones; possible are {possible}")
