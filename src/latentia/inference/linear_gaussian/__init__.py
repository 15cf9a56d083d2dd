"""Probabilistic PCA: the one deep latent-variable model whose likelihood and posterior are known exactly.

`LinearGaussian` is the model, with `vae()` as the same model in the parts of a variational autoencoder;
`fit_by_eigendecomposition` and `fit_by_em` find the parameters of greatest likelihood; `active_dimensions` says how
many latent dimensions a linear beta-VAE keeps.
"""

from latentia.inference.linear_gaussian.composition import FixedCovariance
from latentia.inference.linear_gaussian.eigendecomposition import (
    active_dimensions,
    fit_by_eigendecomposition,
    sample_eigenvalues,
)
from latentia.inference.linear_gaussian.expectation_maximisation import EMFit, fit_by_em
from latentia.inference.linear_gaussian.model import LinearGaussian

__all__ = [
    "EMFit",
    "FixedCovariance",
    "LinearGaussian",
    "active_dimensions",
    "fit_by_eigendecomposition",
    "fit_by_em",
    "sample_eigenvalues",
]
