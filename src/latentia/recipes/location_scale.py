"""The VAE with other location-scale posteriors than a diagonal Gaussian."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from latentia.recipes.parts import PartOptions, Parts
from latentia.recipes.variant import with_parts

if TYPE_CHECKING:
    from latentia.data.spec import DataSpec
    from latentia.model import VAE
    from latentia.objectives import ELBO


@with_parts(posterior="full")
def full_covariance(data: DataSpec, /, **parts: Unpack[PartOptions]) -> tuple[VAE, ELBO]:
    """The VAE whose posterior is a Gaussian with any covariance.

    The encoder gives a mean and a lower Cholesky factor, d(d+3)/2 numbers for d latent dimensions, so that the
    posterior can follow dependencies that a diagonal one must ignore. Its KL stays in closed form.

    Args:
        data: What the data are.
        **parts: See `Parts`.

    Returns:
        The model and its objective.

    References:
        Kingma, Welling, An introduction to variational autoencoders, 2019, arXiv:1906.02691.
    """
    from latentia.objectives import ELBO
    from latentia.recipes.compose import flat

    return flat(data, Parts(**parts)), ELBO()


@with_parts(posterior="low_rank")
def low_rank(data: DataSpec, /, **parts: Unpack[PartOptions]) -> tuple[VAE, ELBO]:
    """The VAE whose posterior is a Gaussian with a few common factors beside its diagonal.

    The covariance is a diagonal matrix and one of low rank: most of what a full one gains, at a cost that is linear in
    the number of latent dimensions.

    Args:
        data: What the data are.
        **parts: See `Parts`; `rank` is the number of factors.

    Returns:
        The model and its objective.

    References:
        Rezende, Mohamed, Wierstra, Stochastic backpropagation and approximate inference in deep generative models,
        2014, arXiv:1401.4082.
        Ong, Nott, Smith, Gaussian variational approximation with a factor covariance structure, 2018, arXiv:1701.03208.
    """
    from latentia.objectives import ELBO
    from latentia.recipes.compose import flat

    return flat(data, Parts(**parts)), ELBO()


@with_parts(posterior="laplace", prior="laplace")
def laplace(data: DataSpec, /, **parts: Unpack[PartOptions]) -> tuple[VAE, ELBO]:
    """The VAE with Laplace latent variables: a sparse prior, and a posterior of the same family.

    The prior is sharp at zero and has heavy tails, so codes are mostly small with a few large entries; unlike a
    Gaussian it does not look the same along every direction, which ties a code to its axes. The KL is in closed form.

    Args:
        data: What the data are.
        **parts: See `Parts`.

    Returns:
        The model and its objective.

    References:
        Barello, Charles, Pillow, Sparse-coding variational auto-encoders, 2018, doi:10.1101/399246.
        Kingma, Welling, Auto-encoding variational Bayes, 2014, arXiv:1312.6114, section 2.4 (location-scale families).
    """
    from latentia.objectives import ELBO
    from latentia.recipes.compose import flat

    return flat(data, Parts(**parts)), ELBO()
