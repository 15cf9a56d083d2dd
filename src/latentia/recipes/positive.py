"""Latent variables that are not Gaussian: on the positive half-line, in the unit interval, on the simplex."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from latentia.recipes.parts import PartOptions, Parts
from latentia.recipes.variant import with_parts

if TYPE_CHECKING:
    from latentia.data.spec import DataSpec
    from latentia.model import VAE
    from latentia.objectives import ELBO


@with_parts(posterior="gamma")
def gamma(data: DataSpec, /, **parts: Unpack[PartOptions]) -> tuple[VAE, ELBO]:
    """The VAE whose latent variables are positive: Gamma posteriors and a Gamma prior with mean one.

    Gamma variables in place of Gaussian ones, differentiated by implicit reparameterisation; the KL has a closed form.
    With a concentration below one the prior is sparse.

    Args:
        data: What the data are.
        **parts: See `Parts`; `concentration` is the prior's.

    Returns:
        The model and its objective.

    References:
        Figurnov, Mohamed, Mnih, Implicit reparameterization gradients, 2018, arXiv:1805.08498.
    """
    from latentia.objectives import ELBO
    from latentia.recipes.compose import flat

    return flat(data, Parts(**parts)), ELBO()


@with_parts(posterior="beta")
def beta_latent(data: DataSpec, /, **parts: Unpack[PartOptions]) -> tuple[VAE, ELBO]:
    """The VAE whose latent variables lie in the unit interval: Beta posteriors and a symmetric Beta prior.

    Beta variables in place of Gaussian ones, differentiated by implicit reparameterisation; the KL has a closed form.
    At the default concentration of one the prior is uniform; below one it favours both ends.

    Args:
        data: What the data are.
        **parts: See `Parts`; `concentration` is the prior's.

    Returns:
        The model and its objective.

    References:
        Figurnov, Mohamed, Mnih, Implicit reparameterization gradients, 2018, arXiv:1805.08498.
    """
    from latentia.objectives import ELBO
    from latentia.recipes.compose import flat

    return flat(data, Parts(**parts)), ELBO()


@with_parts(posterior="dirichlet")
def dirichlet(data: DataSpec, /, **parts: Unpack[PartOptions]) -> tuple[VAE, ELBO]:
    """The VAE whose code is a vector of shares that add up to one: a Dirichlet posterior and prior.

    One Dirichlet vector of `latent_dim` shares in place of Gaussian variables, differentiated by implicit
    reparameterisation; the KL has a closed form.

    Args:
        data: What the data are.
        **parts: See `Parts`; `concentration` is the prior's.

    Returns:
        The model and its objective.

    References:
        Joo, Lee, Park, Moon, Dirichlet variational autoencoder, 2019, arXiv:1901.02739.
        Figurnov, Mohamed, Mnih, Implicit reparameterization gradients, 2018, arXiv:1805.08498.
    """
    from latentia.objectives import ELBO
    from latentia.recipes.compose import flat

    return flat(data, Parts(**parts)), ELBO()
