"""The VAE with a prior that is learned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from latentia.recipes.parts import PartOptions, Parts
from latentia.recipes.variant import with_parts

if TYPE_CHECKING:
    from latentia.data.spec import DataSpec
    from latentia.model import VAE
    from latentia.objectives import ELBO


@with_parts(prior="vamp", components=100)
def vamp(data: DataSpec, /, **parts: Unpack[PartOptions]) -> tuple[VAE, ELBO]:
    """The VAE whose prior is a mixture of its own posteriors, at a few learned inputs.

    The best prior for the ELBO is the posterior averaged over the data; pseudo-inputs stand in for the data. The KL has
    no closed form and is sampled.

    Args:
        data: What the data are.
        **parts: See `Parts`; `components` is the number of pseudo-inputs, each encoded anew at every step.

    Returns:
        The model and its objective.

    References:
        Tomczak, Welling, VAE with a VampPrior, 2018, arXiv:1705.07120.
    """
    from latentia.objectives import ELBO
    from latentia.recipes.compose import flat

    return flat(data, Parts(**parts)), ELBO()


@with_parts(prior="mixture", components=50)
def mog_prior(data: DataSpec, /, **parts: Unpack[PartOptions]) -> tuple[VAE, ELBO]:
    """The VAE whose prior is a learned mixture of Gaussians.

    Codes may form clusters instead of one ball. The KL has no closed form and is sampled.

    Args:
        data: What the data are.
        **parts: See `Parts`; `components` is the number of Gaussians.

    Returns:
        The model and its objective.

    References:
        Dilokthanakul, Mediano, Garnelo, Lee, Salimbeni, Arulkumaran, Shanahan, Deep unsupervised clustering with
        Gaussian mixture variational autoencoders, 2016, arXiv:1611.02648.
    """
    from latentia.objectives import ELBO
    from latentia.recipes.compose import flat

    return flat(data, Parts(**parts)), ELBO()


@with_parts(prior="maf")
def flow_prior(data: DataSpec, /, **parts: Unpack[PartOptions]) -> tuple[VAE, ELBO]:
    """The VAE whose prior is a normalizing flow, learned along with it.

    Codes may have whatever shape the flow can take. The KL has no closed form and is sampled.

    Args:
        data: What the data are.
        **parts: See `Parts`; `prior` says which flow (maf, coupling or spline), `transforms` of how many steps.

    Returns:
        The model and its objective.

    References:
        Chen, Kingma, Salimans, Duan, Dhariwal, Schulman, Sutskever, Abbeel, Variational lossy autoencoder, 2017,
        arXiv:1611.02731.
    """
    from latentia.objectives import ELBO
    from latentia.recipes.compose import flat

    return flat(data, Parts(**parts)), ELBO()
