"""Probabilistic PCA by expectation-maximisation, with or without missing entries."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from latentia.errors import DataError
from latentia.inference.ascent import Ascent, ascend
from latentia.inference.linear_gaussian.eigendecomposition import refuse_noiseless, spectrum
from latentia.inference.linear_gaussian.model import LinearGaussian, check_dim
from latentia.inference.matrix import real_matrix

Step = Callable[[LinearGaussian], tuple[LinearGaussian, float]]
"""The next model, and the log-likelihood of the present one summed over rows."""


@dataclass(frozen=True, slots=True)
class EMFit:
    """What expectation-maximisation found.

    Attributes:
        model: The parameters after the last step.
        ascent: The log-likelihood before every step, summed over rows, in nats; it never falls.
    """

    model: LinearGaussian
    ascent: Ascent


def fit_by_em(
    x: Any,
    dim: int,
    *,
    max_sweeps: int = 1000,
    tolerance: float = 1e-9,
    seed: int = 0,
) -> EMFit:
    r"""Probabilistic PCA of greatest likelihood, by alternating p(z|x) and the parameters.

    Each step maximises \(E_{p(z|x)} \log p(x, z)\) over W, mu and sigma^2. Entries that are NaN are missing: the model
    marginalises over them, which is right where an entry's absence does not depend on its value.

    Args:
        x: `[N, D]`, at least two rows; NaN for what is missing (a row of NaN alone says nothing).
        dim: d, below D.
        max_sweeps: The most steps.
        tolerance: Stop once a step gains less than this for every row, in nats.
        seed: Of the random W that it starts from.

    Returns:
        The model and the path of the log-likelihood.

    Raises:
        DataError: Too few rows, infinite entries, a column without any entry, or data without noise.
        ConfigurationError: A number of latent dimensions that leaves none for the noise, or no sweep.

    References:
        Tipping, Bishop, Probabilistic principal component analysis, 1999, doi:10.1111/1467-9868.00196, appendix B;
        Roweis, EM algorithms for PCA and SPCA, 1998 (missing entries).

    >>> x = torch.randn(200, 4, generator=torch.Generator().manual_seed(0))
    >>> fit = fit_by_em(x, 2)
    >>> fit.ascent.converged
    True
    """
    x = real_matrix(x, rows=2, missing=True)
    check_dim(dim, x.shape[1], fewer=True)
    observed = ~x.isnan()
    empty = (~observed.any(0)).nonzero().flatten().tolist()
    if empty:
        raise DataError(f"column {empty[0]} of x has no entry at all ({len(empty)} such): drop it")
    mean = x.nanmean(0)
    centred = torch.where(observed, x - mean, 0.0)
    complete = bool(observed.all())
    variance = float(centred.square().sum() / observed.sum())
    leftover = float(spectrum(centred)[0][dim:].mean()) if complete else variance
    refuse_noiseless(leftover, len(mean) * variance, dim)
    start = torch.randn(len(mean), dim, generator=torch.Generator().manual_seed(seed), dtype=x.dtype).to(x.device)
    model = LinearGaussian(start * math.sqrt(variance / (2 * dim)), mean, variance / 2)
    step = complete_step(centred) if complete else missing_step(centred + mean, observed)

    def sweep() -> float:
        nonlocal model
        model, log_likelihood = step(model)
        return log_likelihood

    ascent = ascend(sweep, max_sweeps=max_sweeps, tolerance=tolerance, rows=len(x))
    return EMFit(model, ascent)


def complete_step(centred: Tensor) -> Step:
    """EM on the covariance alone: a step costs the same for any number of rows.

    Args:
        centred: x less its mean, `[N, D]`.

    Returns:
        A step.
    """
    rows, columns = centred.shape
    root = torch.linalg.qr(centred, mode="r").R / math.sqrt(rows)  # S = R'R: sums of squares cancel nothing
    total = float(root.square().sum())

    def step(model: LinearGaussian) -> tuple[LinearGaussian, float]:
        weights, variance, dim = model.weights, model.variance, model.dim
        eye = torch.eye(dim, dtype=weights.dtype, device=weights.device)
        factor = torch.linalg.cholesky(weights.mT @ weights + variance * eye)
        code = torch.cholesky_solve((root @ weights).mT, factor).mT  # R W M^-1
        quadratic = (root - code @ weights.mT).square().sum() / variance + code.square().sum()
        log_det = (columns - dim) * math.log(variance) + 2 * factor.diagonal().log().sum()
        log_likelihood = -rows / 2 * float(columns * math.log(2 * math.pi) + log_det + quadratic)
        # Tipping and Bishop's equations 29 and 30: second moments of the code, then of what it leaves unexplained.
        covariance = variance * torch.cholesky_inverse(factor)
        new = torch.linalg.solve(covariance + code.mT @ code, code.mT @ root).mT
        spread = (new @ covariance * new).sum()
        noise = float((root - code @ new.mT).square().sum() + spread) / columns
        refuse_noiseless(noise, total, dim)
        return LinearGaussian(new, model.mean, noise), log_likelihood

    return step


def missing_step(x: Tensor, observed: Tensor) -> Step:
    """EM where every row has its own posterior covariance, from the entries it has.

    Args:
        x: `[N, D]`, anything finite where nothing is observed.
        observed: `[N, D]`.

    Returns:
        A step.
    """
    seen = observed.to(x.dtype)
    counts = seen.sum(1)
    total = float((seen * (x - x.mean(0))).square().sum()) / len(x)

    def step(model: LinearGaussian) -> tuple[LinearGaussian, float]:
        weights, variance, dim = model.weights, model.variance, model.dim
        centred = seen * (x - model.mean)
        eye = torch.eye(dim, dtype=x.dtype, device=x.device)
        outer = weights[:, :, None] * weights[:, None, :]
        factor = torch.linalg.cholesky((seen @ outer.flatten(1)).unflatten(1, (dim, dim)) + variance * eye)
        z = torch.cholesky_solve((centred @ weights)[..., None], factor)[..., 0]
        residual = centred - seen * (z @ weights.mT)
        quadratic = residual.square().sum(1) / variance + z.square().sum(1)
        log_det = (counts - dim) * math.log(variance) + 2 * factor.diagonal(dim1=1, dim2=2).log().sum(1)
        log_likelihood = -float((counts * math.log(2 * math.pi) + log_det + quadratic).sum()) / 2
        # Each column of x is a regression on (z, 1), whose second moments are known.
        covariance = variance * torch.cholesky_inverse(factor)
        ones = torch.cat([z, torch.ones_like(z[:, :1])], 1)
        moments = ones[:, :, None] * ones[:, None, :]
        moments[:, :dim, :dim] += covariance
        gram = (seen.mT @ moments.flatten(1)).unflatten(1, (dim + 1, dim + 1))
        target = (seen * x).mT @ ones
        solution = torch.linalg.solve(gram, target[..., None])[..., 0]
        new, mean = solution[:, :dim], solution[:, dim]
        missed = (seen * (x - ones @ solution.mT)).square().sum()
        unsure = (seen.mT @ covariance.flatten(1)).unflatten(1, (dim, dim))
        spread = (new[:, None, :] @ unsure @ new[:, :, None]).sum()
        noise = float((missed + spread) / counts.sum())
        refuse_noiseless(noise, total, dim)
        return LinearGaussian(new, mean, noise), log_likelihood

    return step
