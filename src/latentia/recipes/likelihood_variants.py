"""Recipes that are the plain VAE with another likelihood."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from latentia.recipes.parts import PartOptions, Parts
from latentia.recipes.variant import with_parts

if TYPE_CHECKING:
    from latentia.data.spec import DataSpec
    from latentia.model import VAE
    from latentia.objectives import ELBO


@with_parts(likelihood="gaussian", scale="optimal")
def sigma_vae(data: DataSpec, /, *, free_bits: float = 0.0, **parts: Unpack[PartOptions]) -> tuple[VAE, ELBO]:
    """The plain VAE with a Gaussian likelihood whose one sigma is calibrated to the errors of reconstruction.

    The scale of the likelihood is the root mean square residual of the batch, its value of greatest likelihood, in
    place of a constant; saved models score with its moving average. With scale `shared` it is a parameter learned
    beside the networks, which ends at the same value.

    Args:
        data: What the data are.
        free_bits: Nats of KL each latent dimension has for free.
        **parts: See `Parts`; `scale` is optimal or shared.

    Returns:
        The model and its objective.

    References:
        Rybkin, Daniilidis, Levine, Simple and effective VAE training with calibrated decoders, 2021, arXiv:2006.13202.
    """
    from latentia.errors import ConfigurationError
    from latentia.objectives import ELBO
    from latentia.recipes.compose import flat

    chosen = Parts(**parts)
    if chosen.likelihood != "gaussian" or chosen.scale not in ("optimal", "shared"):
        raise ConfigurationError(
            f"sigma_vae has one calibrated sigma: likelihood gaussian and scale optimal or shared, not "
            f"{chosen.likelihood} and {chosen.scale}; use the vae recipe for others"
        )
    return flat(data, chosen), ELBO(free_bits=free_bits)


@with_parts(likelihood="continuous_bernoulli")
def continuous_bernoulli(
    data: DataSpec, /, *, free_bits: float = 0.0, **parts: Unpack[PartOptions]
) -> tuple[VAE, ELBO]:
    """The plain VAE with a continuous Bernoulli likelihood: a density on [0, 1] with the normaliser it needs.

    Grey values are scored as they are, where a Bernoulli likelihood would draw them as 0 or 1; without the normaliser,
    as cross-entropy is often used, the sum over all x is not one and the bound none.

    Args:
        data: What the data are.
        free_bits: Nats of KL each latent dimension has for free.
        **parts: See `Parts`.

    Returns:
        The model and its objective.

    References:
        Loaiza-Ganem, Cunningham, The continuous Bernoulli: fixing a pervasive error in variational autoencoders, 2019,
        arXiv:1907.06845.
    """
    from latentia.objectives import ELBO
    from latentia.recipes.compose import flat

    return flat(data, Parts(**parts)), ELBO(free_bits=free_bits)
