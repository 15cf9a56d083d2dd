"""What stochastic gradient variational Bayes returns: a guide, and how far it can be trusted."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from latentia.errors import CompatibilityError, ConfigurationError
from latentia.inference.parameters import Parameters, Unchecked, Values
from latentia.inference.pareto import psis, verdict
from latentia.inference.sgvb.guides import Guide


def balanced_noise(num: int, size: int, generator: torch.Generator) -> Tensor:
    """Standard normal noise in pairs of opposite sign, with a covariance of exactly one where num allows.

    Means and variances under a Gaussian guide are then exact for parameters on the real line.

    Args:
        num: How many.
        size: D.
        generator: Its source.

    Returns:
        `[num, D]` in float64.
    """
    half = torch.randn((num + 1) // 2, size, generator=generator, dtype=torch.float64)
    if len(half) > 2 * size:
        factor = torch.linalg.cholesky(half.T @ half / len(half))
        half = torch.linalg.solve_triangular(factor, half.T, upper=False).T
    return torch.cat([half, -half])[:num]


@dataclass(frozen=True, eq=False)
class Approximation:
    r"""q(theta), an approximation of the posterior.

    Attributes:
        parameters: Names, shapes and supports.
        guide: q over the unconstrained vector.
        log_weights: \(\log p(\theta_s, D) - \log q(\theta_s)\) of fresh draws on all data, `[S]`, in nats.
        path: The ELBO's estimate at every step, `[T]`, in nats.
        converged: Whether the ELBO reached its noise floor.
        stopped: Why the optimisation stopped, in words.
    """

    parameters: Parameters
    guide: Guide
    log_weights: Tensor
    path: Tensor
    converged: bool
    stopped: str

    @property
    def elbo(self) -> float:
        """The evidence lower bound on all data, in nats."""
        return float(self.log_weights.mean())

    @property
    def elbo_error(self) -> float:
        """Its standard error."""
        return float(self.log_weights.std()) / math.sqrt(len(self.log_weights))

    @property
    def k_hat(self) -> float:
        """The shape of the tail of the importance weights of q, by Pareto smoothing."""
        return float(psis(self.log_weights)[1])

    @property
    def effective(self) -> float:
        r"""The share of draws that count under importance weights, \((\sum_s w_s)^2 / S \sum_s w_s^2\), in (0, 1]."""
        log_w = self.log_weights
        return float((2 * log_w.logsumexp(0) - (2 * log_w).logsumexp(0)).exp()) / len(log_w)

    @property
    def verdict(self) -> str:
        """What `k_hat` means, in words.

        It speaks of tails: a posterior with exponential tails, such as that of log-odds, has k-hat 1 under a Gaussian,
        however well the two agree elsewhere; the effective share of draws beside it speaks of the bulk.
        """
        return f"{verdict(self.k_hat)}; an effective {self.effective:.0%} of the draws"

    @property
    def log_evidence(self) -> float:
        """Log p(D) by importance sampling with smoothed weights, in nats; for k-hat below 0.7."""
        return float(psis(self.log_weights)[0].logsumexp(0)) - math.log(len(self.log_weights))

    @torch.no_grad()
    def sample(self, num: int, *, seed: int = 0) -> Values:
        """Draws of the parameters.

        Args:
            num: n.
            seed: Of the noise.

        Returns:
            Name to `[n, *shape]`.
        """
        if num < 1:
            raise ConfigurationError(f"num is {num}; ask for one draw or more")
        return self._constrained(torch.randn(num, self.guide.size, generator=_generator(seed), dtype=torch.float64))

    @torch.no_grad()
    def _constrained(self, noise: Tensor) -> Values:
        theta, _ = self.guide.push(noise.to(next(self.guide.parameters())))
        return self.parameters.constrain(theta)[0]

    def _moment(self, of: Callable[[Tensor], Tensor]) -> Values:
        draws = self._constrained(balanced_noise(4000, self.guide.size, _generator(0)))
        return {name: of(value) for name, value in draws.items()}

    @property
    def mean(self) -> Values:
        """Posterior means, name to `[*shape]`, over 4,000 draws; exact for a Gaussian guide and real parameters."""
        return self._moment(lambda value: value.mean(0))

    @property
    def std(self) -> Values:
        """Posterior standard deviations, name to `[*shape]`, over the same draws."""
        return self._moment(lambda value: value.std(0, correction=0))

    def predict(self, function: Callable[[Values], Tensor], num: int = 1000, *, seed: int = 0) -> Tensor:
        """A function of the parameters over posterior draws, such as the mean or a draw of new data.

        Args:
            function: From parameters by name, each with the leading dimension n, to `[n, ...]`.
            num: n.
            seed: Of the noise.

        Returns:
            `[n, ...]`.
        """
        with torch.no_grad(), Unchecked.scope():
            return function(self.sample(num, seed=seed))

    def log_predictive(self, log_likelihood: Callable[[Values], Tensor], num: int = 1000, *, seed: int = 0) -> Tensor:
        r"""The posterior predictive log-density, \(\log \frac1n \sum_s p(x | \theta_s)\).

        Args:
            log_likelihood: From parameters of one draw, by name, to the log-density of each row, `[B]`.
            num: n.
            seed: Of the noise.

        Returns:
            `[B]`, in nats.

        Raises:
            CompatibilityError: The log-likelihood has no dimension of rows.
        """
        draws = self.sample(num, seed=seed)
        with torch.no_grad(), Unchecked.scope():
            rows = [log_likelihood({name: value[s] for name, value in draws.items()}) for s in range(num)]
        if rows[0].dim() != 1:
            raise CompatibilityError(
                f"log_likelihood returned shape {tuple(rows[0].shape)}; expected one log-density a row, (B,)"
            )
        return torch.stack(rows).logsumexp(0) - math.log(num)

    def __str__(self) -> str:
        """The numbers and what they mean, in a few lines."""
        mean, std = self.mean, self.std
        lines = [f"ELBO {self.elbo:.4f} +- {self.elbo_error:.4f} nats; {self.verdict}", self.stopped]
        for name in self.parameters.names:
            m, s = mean[name].flatten()[:6].tolist(), std[name].flatten()[:6].tolist()
            shown = ", ".join(f"{a:.4g} +- {b:.2g}" for a, b in zip(m, s, strict=True))
            lines.append(f"{name}: {shown}{', ...' if mean[name].numel() > 6 else ''}")
        return "\n".join(lines)


def _generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)
