"""The posterior refined by Hamiltonian dynamics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from latentia.recipes.parts import PartOptions, Parts
from latentia.recipes.variant import with_parts

if TYPE_CHECKING:
    from latentia.data.spec import DataSpec
    from latentia.model import VAE
    from latentia.objectives import ELBO


@with_parts(leapfrog=3)
def hvae(data: DataSpec, /, **parts: Unpack[PartOptions]) -> tuple[VAE, ELBO]:
    """The plain VAE with each posterior draw carried towards the true posterior by leapfrog steps.

    A draw of the posterior starts a few steps of Hamiltonian dynamics on log p(x, z), with step sizes and a temperature
    that are learned beside the networks. The bound is tighter; each step costs one more pass through the decoder and
    back.

    Args:
        data: What the data are.
        **parts: See `Parts`; any posterior over real vectors with a density can be refined.

    Returns:
        The model and its objective.

    References:
        Caterini, Doucet, Sejdinovic, Hamiltonian variational auto-encoder, 2018, arXiv:1805.11328.
    """
    from latentia.objectives import ELBO
    from latentia.recipes.compose import flat

    return flat(data, Parts(**parts)), ELBO()
