"""Autoencoders: a point mass in place of the posterior, and no prior."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from latentia.recipes.parts import PartOptions, Parts

if TYPE_CHECKING:
    from latentia.data.spec import DataSpec
    from latentia.model import VAE
    from latentia.objectives import Reconstruction


def autoencoder(data: DataSpec, /, **parts: Unpack[PartOptions]) -> tuple[VAE, Reconstruction]:
    """A plain autoencoder: compresses and reconstructs, but has no prior to sample from and no likelihood to report.

    A point mass stands in place of the posterior and a flat density in place of the prior; the loss is the
    reconstruction term alone.

    Args:
        data: What the data are.
        **parts: See `Parts`; the options of the prior have no meaning here.

    Returns:
        The model and its objective.

    References:
        Hinton, Salakhutdinov, Reducing the dimensionality of data with neural networks, 2006,
        doi:10.1126/science.1127647.
    """
    from latentia.conditionals import PointMassHead
    from latentia.objectives import Reconstruction
    from latentia.recipes.compose import autoencoding

    return autoencoding(data, Parts(**parts), PointMassHead), Reconstruction()


def linear_autoencoder(data: DataSpec, /, *, latent_dim: int = 16) -> tuple[VAE, Reconstruction]:
    """An autoencoder of two affine maps with squared error, whose optimum spans the principal components.

    A point mass, no hidden layers and a Gaussian likelihood of unit scale: the loss is half the squared error.

    Args:
        data: What the data are.
        latent_dim: Length of the code.

    Returns:
        The model and its objective: half the squared error, up to a constant.

    References:
        Baldi, Hornik, Neural networks and principal component analysis, 1989, doi:10.1016/0893-6080(89)90014-2.
        Plaut, From principal subspaces to principal components with linear autoencoders, 2018, arXiv:1804.10253.
    """
    return autoencoder(
        data, latent_dim=latent_dim, network="mlp", hidden=(), likelihood="gaussian", scale="fixed", sigma=1.0
    )
