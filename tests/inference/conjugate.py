"""Models whose posterior and evidence are known: what variational approximations are held to."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor
from torch.distributions import LogNormal, MultivariateNormal, Normal, constraints

from latentia.inference.parameters import Parameter, Parameters, Values
from latentia.inference.sgvb import LogJoint, MiniBatches
from tests.exact.linear_gaussian import F64


@dataclass(frozen=True)
class GaussianMean:
    """theta ~ N(0, prior), x_n ~ N(theta, noise) with both covariances known."""

    prior: Tensor
    noise: Tensor
    x: Tensor

    @staticmethod
    def random(dim: int = 3, rows: int = 12) -> GaussianMean:
        generator = torch.Generator().manual_seed(4)
        prior, noise = torch.randn(2, dim, dim, generator=generator, dtype=F64)
        eye = torch.eye(dim, dtype=F64)
        x = torch.randn(rows, dim, generator=generator, dtype=F64) + 1.0
        return GaussianMean(prior @ prior.T + eye, noise @ noise.T + 0.3 * eye, x)

    @cached_property
    def _normals(self) -> tuple[tuple[Tensor, float], tuple[Tensor, float]]:
        """Precision and log-normaliser of the prior and of the noise."""
        log_2pi = len(self.prior) * math.log(2 * math.pi)
        prior, noise = ((torch.linalg.inv(c), -0.5 * (float(c.logdet()) + log_2pi)) for c in (self.prior, self.noise))
        return prior, noise

    def log_prior(self, theta: Values) -> Tensor:
        precision, constant = self._normals[0]
        log_p: Tensor = constant - 0.5 * theta["mean"] @ precision @ theta["mean"]
        return log_p

    def log_likelihood(self, theta: Values, x: Tensor) -> Tensor:
        precision, constant = self._normals[1]
        apart = x - theta["mean"]
        log_p: Tensor = constant - 0.5 * (apart @ precision * apart).sum(-1)
        return log_p

    @property
    def parameters(self) -> Parameters:
        return Parameters({"mean": (len(self.prior),)})

    @property
    def whole(self) -> LogJoint:
        return LogJoint(self.parameters, lambda t, x: self.log_prior(t) + self.log_likelihood(t, x).sum(), self.x)

    def batches(self, size: int) -> MiniBatches:
        return MiniBatches(self.parameters, self.log_prior, self.log_likelihood, self.x, size)

    @property
    def precision(self) -> Tensor:
        """Of the posterior."""
        precision: Tensor = torch.linalg.inv(self.prior) + len(self.x) * torch.linalg.inv(self.noise)
        return precision

    @property
    def mean(self) -> Tensor:
        """Of the posterior."""
        mean: Tensor = torch.linalg.solve(self.precision, torch.linalg.solve(self.noise, self.x.sum(0)))
        return mean

    @property
    def log_evidence(self) -> float:
        """Of all rows, which are jointly Gaussian."""
        n = len(self.x)
        covariance = torch.kron(torch.ones(n, n, dtype=F64), self.prior) + torch.kron(
            torch.eye(n, dtype=F64), self.noise
        )
        return float(MultivariateNormal(torch.zeros(self.x.numel(), dtype=F64), covariance).log_prob(self.x.flatten()))

    @property
    def mean_field_gap(self) -> float:
        """What the best independent approximation loses, (sum ln P_ii - ln|P|) / 2."""
        p = self.precision
        return float(p.diagonal().log().sum() - torch.logdet(p)) / 2


@dataclass(frozen=True)
class LogNormalScale:
    """A positive scale with ln scale ~ N(0, 1) and x_n ~ LogNormal(ln scale, 0.5): Gaussian in ln scale."""

    x: Tensor

    @staticmethod
    def some() -> LogNormalScale:
        return LogNormalScale(torch.tensor([0.7, 2.0, 1.5, 3.1], dtype=F64))

    @property
    def target(self) -> LogJoint:
        def log_joint(theta: Values, x: Tensor) -> Tensor:
            scale = theta["scale"]
            log_p: Tensor = LogNormal(0.0, 1.0).log_prob(scale) + LogNormal(scale.log(), 0.5).log_prob(x).sum()
            return log_p

        return LogJoint(Parameters({"scale": Parameter((), constraints.positive)}), log_joint, self.x)

    @property
    def moments(self) -> tuple[float, float]:
        """Of ln scale, given the data: mean and standard deviation."""
        precision = 1 + len(self.x) / 0.25
        return float(self.x.log().sum()) / 0.25 / precision, precision**-0.5

    @property
    def log_evidence(self) -> float:
        """log p(x | s) p(s) / p(s | x) at any s."""
        mean, std = self.moments
        log_x = self.x.log()
        at_zero = Normal(0.0, 0.5).log_prob(log_x).sum() - log_x.sum() - 0.5 * math.log(2 * math.pi)
        # in double precision, which Normal(float, float) is not
        return float(at_zero) + 0.5 * (mean / std) ** 2 + math.log(std) + 0.5 * math.log(2 * math.pi)
