"""The VAE with its latent variables on a sphere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from latentia.recipes.parts import PartOptions, Parts
from latentia.recipes.variant import with_parts

if TYPE_CHECKING:
    from latentia.data.spec import DataSpec
    from latentia.model import VAE
    from latentia.objectives import ELBO


@with_parts(posterior="sphere", prior="sphere")
def sphere(data: DataSpec, /, **parts: Unpack[PartOptions]) -> tuple[VAE, ELBO]:
    """The hyperspherical VAE: a von Mises-Fisher posterior and a uniform prior on the unit sphere.

    A uniform prior pulls no code to the middle, and its KL, in closed form, depends on the posterior's concentration
    alone. `latent_dim` counts the coordinates of the surrounding space; the sphere has one dimension less. Its gain
    over a Gaussian is at few dimensions: in many, one concentration for all directions is a coarse posterior.

    Args:
        data: What the data are.
        **parts: See `Parts`.

    Returns:
        The model and its objective.

    References:
        Davidson, Falorsi, De Cao, Kipf, Tomczak, Hyperspherical variational auto-encoders, 2018, arXiv:1804.00891.
    """
    from latentia.objectives import ELBO
    from latentia.recipes.compose import flat

    return flat(data, Parts(**parts)), ELBO()
