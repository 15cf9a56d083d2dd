"""Maximum likelihood of probabilistic PCA from one eigendecomposition, and what it says about collapse."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from latentia.errors import ConfigurationError, DataError
from latentia.inference.linear_gaussian.model import LinearGaussian, check_dim
from latentia.inference.matrix import real_matrix, real_vector

NOISELESS = 1e-14
"""A noise at or below this share of the data's whole variance is rounding."""


def spectrum(x: Tensor) -> tuple[Tensor, Tensor]:
    """Eigenvalues of the covariance over N, the greatest first, and the eigenvectors in columns.

    Args:
        x: `[N, D]`.

    Returns:
        `[D]` and `[D, D]`.
    """
    centred = x - x.mean(0)
    values, vectors = torch.linalg.eigh(centred.mT @ centred / len(x))
    return values.flip(0).clamp_min(0), vectors.flip(1)


def sample_eigenvalues(x: Any) -> Tensor:
    """Eigenvalues of the sample covariance, over N and not N - 1, the greatest first.

    Args:
        x: `[N, D]`, at least two rows.

    Returns:
        `[D]`, in squared units of x.

    Raises:
        DataError: Fewer than two rows, or an entry that is not finite.
    """
    return spectrum(real_matrix(x, rows=2))[0]


def refuse_noiseless(variance: float, total: float, dim: int) -> None:
    """Refuse data that d dimensions explain to the last digit: their likelihood has no maximum.

    Args:
        variance: The noise that was found.
        total: The data's variance, summed over columns, which sets what rounding is.
        dim: d.

    Raises:
        DataError: The noise is zero but for rounding.
    """
    if variance <= NOISELESS * total:
        raise DataError(
            f"{dim} latent dimension(s) explain x to the last digit, so no noise is left to estimate and the "
            "likelihood has no maximum: take fewer latent dimensions than the data have, or give more rows"
        )


def fit_by_eigendecomposition(x: Any, dim: int) -> LinearGaussian:
    r"""Probabilistic PCA of greatest likelihood, from the eigenvalues and eigenvectors of the covariance.

    \(\sigma^2 = \frac{1}{D-d}\sum_{i>d}\lambda_i\) and \(W = U_d (\Lambda_d - \sigma^2 I)^{1/2}\), with the covariance
    over N. The columns of W are orthogonal, in the order of variance, each with its greatest entry positive.

    Args:
        x: `[N, D]`, at least two rows.
        dim: d, below D.

    Returns:
        The model.

    Raises:
        DataError: Too few rows, entries that are not finite, or data without noise.
        ConfigurationError: A number of latent dimensions that leaves none for the noise.

    References:
        Tipping, Bishop, Probabilistic principal component analysis, 1999, doi:10.1111/1467-9868.00196, section 3.2.

    >>> model = fit_by_eigendecomposition([[2.0, 0.0], [-2.0, 0.0], [0.0, 1.0], [0.0, -1.0]], 1)
    >>> model.variance, model.weights.flatten()
    (0.5, tensor([1.2247, 0.0000], dtype=torch.float64))
    """
    x = real_matrix(x, rows=2)
    check_dim(dim, x.shape[1], fewer=True)
    values, vectors = spectrum(x)
    variance = float(values[dim:].mean())
    refuse_noiseless(variance, float(values.sum()), dim)
    weights = vectors[:, :dim] * (values[:dim] - variance).clamp_min(0).sqrt()
    greatest = weights.gather(0, weights.abs().argmax(0, keepdim=True))
    return LinearGaussian(weights * torch.where(greatest < 0, -1.0, 1.0), x.mean(0), variance)


def active_dimensions(eigenvalues: Any, beta: float, variance: float) -> int:
    r"""How many latent dimensions a linear beta-VAE keeps at its optimum, \(\#\{\lambda_i > \beta \sigma^2\}\).

    A direction pays for its code only where the variance it explains exceeds beta times the noise; in all others the
    posterior is the prior. This is posterior collapse as a property of the optimum, not of the optimiser.

    Args:
        eigenvalues: Of the data's covariance over N, `[D]`.
        beta: Weight of the KL.
        variance: sigma^2 of the decoder, in squared units of x.

    Returns:
        The number of active dimensions, which the latent dimensions of the model still bound from above.

    Raises:
        DataError: Eigenvalues that are no vector of finite numbers.
        ConfigurationError: A beta or a variance that is not positive.

    References:
        Lucas, Tucker, Grosse, Norouzi, Don't blame the ELBO! A linear VAE perspective on posterior collapse, 2019,
        arXiv:1911.02469.

    >>> active_dimensions([5.0, 3.0, 1.6, 0.5], beta=4.0, variance=0.5)
    2
    """
    for name, value in (("beta", beta), ("variance", variance)):
        if not (value > 0 and math.isfinite(value)):
            raise ConfigurationError(f"{name} is {value:g}; it is a finite number above zero")
    return int((real_vector(eigenvalues, "eigenvalues") > beta * variance).sum())
