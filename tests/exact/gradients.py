"""Many independent gradients in one backward pass, and exact ones: what the oracles of the estimators compare.

The evidence of each row is a parameter of its own, so the gradient of row r is that of draw r.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.distributions import Distribution

from latentia.conditionals import GaussianHead, Likelihood, Need, StandardNormal
from latentia.conditionals.protocol import EVERYTHING
from latentia.distributions import binary, normal
from latentia.latents import LatentGroup, TopDown
from latentia.model import VAE
from latentia.objectives import Importance, Objective, Step
from tests.exact.linear_gaussian import F64
from tests.exact.mutants import z_score

Weights = Callable[[Tensor, Tensor], Tensor]
"""A bound from log-weights and log-shares, `[K, B]` each."""


class Codes(nn.Module):
    """An encoder whose evidence is its parameter, whatever x: one row for all, or one for each."""

    def __init__(self, values: Tensor) -> None:
        super().__init__()
        self.values = nn.Parameter(values.clone())

    def forward(self, x: Tensor) -> Tensor:
        return self.values.expand(len(x), -1)


class Gaussian(nn.Module):
    """q(z|x) whose mean and log-scale are the evidence."""

    provides: frozenset[Need] = EVERYTHING
    domain = "real"

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.event_shape = torch.Size([dim])

    def forward(self, given: Tensor) -> Distribution:
        loc, log_scale = given.chunk(2, dim=-1)
        return normal(loc, log_scale.exp())


class Coins(nn.Module):
    """q(z|x), or p(z), over hard binary codes whose log-odds are the evidence, or given."""

    provides: frozenset[Need] = EVERYTHING - {Need.REPARAMETERISED}
    domain = "binary"

    def __init__(self, dim: int, log_odds: Tensor | None = None) -> None:
        super().__init__()
        self.event_shape = torch.Size([dim])
        self.log_odds = log_odds
        if log_odds is not None:
            self.provides = EVERYTHING

    def forward(self, given: Tensor) -> Distribution:
        return binary(given if self.log_odds is None else self.log_odds)


def gaussian_model(evidence: Tensor, *, s2: float = 0.5) -> VAE:
    """p(z) = N(0, I), p(x|z) = N(Wz + mu, s2 I) with x in three dimensions and q as the evidence says."""
    dim = evidence.shape[-1] // 2
    return _model(evidence, StandardNormal(dim), Gaussian(dim), s2)


def binary_model(evidence: Tensor, *, s2: float = 0.5) -> VAE:
    """p(z) of biased coins and the same likelihood."""
    dim = evidence.shape[-1]
    return _model(evidence, Coins(dim, torch.linspace(-0.5, 0.7, dim, dtype=F64)), Coins(dim), s2)


def _model(evidence: Tensor, prior: nn.Module, posterior: Gaussian | Coins, s2: float) -> VAE:
    dim = posterior.event_shape.numel()
    torch.manual_seed(11)
    decoder = nn.Linear(dim, 3).double()
    head = GaussianHead((3,), scale="fixed", sigma=s2**0.5)
    group = LatentGroup("z", prior.double(), posterior)
    return VAE(Codes(evidence[None]), TopDown([group]), Likelihood(decoder, head))


X = torch.tensor([[1.0, -0.5, 0.8]], dtype=F64)
"""The one row."""


def draws_of(objective: Objective, build: Callable[..., VAE], evidence: Tensor, repeats: int, **options: Any) -> Tensor:
    """Independent gradients of the loss with respect to the evidence, `[repeats, F]`."""
    model = build(evidence, **options)
    codes = Codes(evidence.expand(repeats, -1))
    model.encoder = codes
    torch.manual_seed(5)
    loss = objective(model, X.expand(repeats, -1), Step()).loss
    (gradient,) = torch.autograd.grad(loss * repeats, [codes.values])
    return gradient


def enumerated(bound: Weights, num_samples: int, evidence: Tensor) -> Tensor:
    """The exact expectation of a bound of K samples of binary codes: every K-tuple of codes with its probability."""
    model = binary_model(evidence)
    every = torch.tensor(list(product((0.0, 1.0), repeat=len(evidence))), dtype=F64)
    index = torch.tensor(list(product(range(len(every)), repeat=num_samples))).T
    trace = model.trace(X.expand(index.shape[1], -1), num_samples=num_samples, given={"z": every[index]})
    probability = trace.log_qz.sum((0, 1)).exp()
    return _with_gradient(model, -(probability * bound(trace.log_w, trace.draw.log_r)).sum())


def integrated(bound: Weights, evidence: Tensor, nodes: int = 100) -> Tensor:
    """The exact expectation of a bound of two samples of a real code, by quadrature over both."""
    model = gaussian_model(evidence)
    points, weights = (torch.from_numpy(each) for each in np.polynomial.hermite_e.hermegauss(nodes))
    weights = weights / weights.sum()
    pairs = torch.cartesian_prod(points, points).T[..., None]
    x = X.expand(pairs.shape[1], -1)
    q = model.latents.groups[0].posterior(x, model.encoder(x))
    trace = model.trace(x, num_samples=2, given={"z": q.mean + q.stddev * pairs})
    return _with_gradient(
        model, -(torch.outer(weights, weights).flatten() * bound(trace.log_w, trace.draw.log_r)).sum()
    )


def _with_gradient(model: VAE, loss: Tensor) -> Tensor:
    gradient: Tensor = torch.autograd.grad(loss, list(model.encoder.parameters()))[0]
    return gradient[0]


def unbiased(gradients: Tensor, truth: Tensor, *, detectable: float = 0.1) -> None:
    """Each column's mean is the truth by z; a difference of `detectable` of the whole gradient would show."""
    assert (5 * gradients.std(0) / len(gradients) ** 0.5).max() < detectable * truth.norm()
    assert all(abs(z_score(column, float(value))) < 5 for column, value in zip(gradients.T, truth, strict=True))


def signal_to_noise(gradients: Tensor) -> float:
    """The mean over columns of |mean| / standard deviation."""
    return float((gradients.mean(0).abs() / gradients.std(0)).mean())


def weights_of(objective: Importance) -> Weights:
    """The bound that an objective minimises, written out: groups of samples, a power mean, a share of the mean."""

    def bound(log_w: Tensor, log_r: Tensor) -> Tensor:
        power = 1 - objective.alpha
        groups = log_w.unflatten(0, (objective.groups, -1))
        tight = groups.mul(power).exp().mean(1).log().div(power).mean(0)
        mixed: Tensor = objective.elbo_share * log_w.mean(0) + (1 - objective.elbo_share) * tight
        return mixed

    return bound
