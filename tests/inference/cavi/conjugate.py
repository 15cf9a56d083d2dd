"""Exact evidences of conjugate models, written independently of the library."""

from __future__ import annotations

import itertools
import math

import torch
from torch import Tensor

from latentia.inference.cavi import DirichletGaussWishart

F64 = torch.float64


def blobs(n: int, d: int = 2, centres: int = 3, apart: float = 3.0, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    means = apart * torch.randn(centres, d, generator=generator, dtype=F64)
    labels = torch.randint(centres, (n,), generator=generator)
    return means[labels] + torch.randn(n, d, generator=generator, dtype=F64)


def log_marginal(x: Tensor, prior: DirichletGaussWishart, k: int = 0) -> float:
    """Log of the Gaussian likelihood of x integrated over mean and precision (Murphy 2007, equation 266)."""
    n, d = x.shape
    if n == 0:
        return 0.0
    kappa, nu = float(prior.mean_precision[k]), float(prior.freedom[k])
    mean, scale = prior.mean[k], prior.inverse_scale[k]
    centred = x - x.mean(0)
    apart = x.mean(0) - mean
    after = scale + centred.T @ centred + kappa * n / (kappa + n) * torch.outer(apart, apart)
    halves = torch.tensor([nu, nu + n], dtype=F64) / 2
    gammas = torch.special.multigammaln(halves, d)
    return float(
        -n * d / 2 * math.log(math.pi)
        + gammas[1]
        - gammas[0]
        + nu / 2 * torch.logdet(scale)
        - (nu + n) / 2 * torch.logdet(after)
        + d / 2 * math.log(kappa / (kappa + n))
    )


def log_evidence(x: Tensor, prior: DirichletGaussWishart) -> float:
    """Log p(x) of a mixture, by every assignment of its rows."""
    n, k = len(x), len(prior.concentration)
    total = prior.concentration.sum()
    terms = []
    for labels in itertools.product(range(k), repeat=n):
        chosen = torch.tensor(labels)
        counts = torch.bincount(chosen, minlength=k)
        log_pz = torch.lgamma(total) - torch.lgamma(total + n)
        log_pz = log_pz + (torch.lgamma(prior.concentration + counts) - torch.lgamma(prior.concentration)).sum()
        terms.append(float(log_pz) + sum(log_marginal(x[chosen == c], prior, c) for c in range(k)))
    return float(torch.tensor(terms, dtype=F64).logsumexp(0))
