"""The VAE with a flow as its posterior."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from latentia.recipes.parts import PartOptions, Parts
from latentia.recipes.variant import with_parts

if TYPE_CHECKING:
    from latentia.data.spec import DataSpec
    from latentia.model import VAE
    from latentia.objectives import ELBO


@with_parts(posterior="planar", transforms=8)
def planar(data: DataSpec, /, **parts: Unpack[PartOptions]) -> tuple[VAE, ELBO]:
    """The VAE whose posterior is bent along one direction at a time: planar flows.

    The encoder gives a Gaussian and, for each transformation, the plane along which it is bent. The density is known at
    its own draws only, so a prior made of posteriors and estimators that score other codes are refused.

    Args:
        data: What the data are.
        **parts: See `Parts`; `transforms` is the number of transformations.

    Returns:
        The model and its objective.

    References:
        Rezende, Mohamed, Variational inference with normalizing flows, 2015, arXiv:1505.05770.
    """
    from latentia.objectives import ELBO
    from latentia.recipes.compose import flat

    return flat(data, Parts(**parts)), ELBO()


@with_parts(posterior="radial", transforms=8)
def radial(data: DataSpec, /, **parts: Unpack[PartOptions]) -> tuple[VAE, ELBO]:
    """The VAE whose posterior is stretched or shrunk around one point at a time: radial flows.

    As `planar`, with points in place of planes.

    Args:
        data: What the data are.
        **parts: See `Parts`; `transforms` is the number of transformations.

    Returns:
        The model and its objective.

    References:
        Rezende, Mohamed, Variational inference with normalizing flows, 2015, arXiv:1505.05770.
    """
    from latentia.objectives import ELBO
    from latentia.recipes.compose import flat

    return flat(data, Parts(**parts)), ELBO()


@with_parts(posterior="sylvester", transforms=4)
def sylvester(data: DataSpec, /, **parts: Unpack[PartOptions]) -> tuple[VAE, ELBO]:
    """The VAE whose posterior is bent along all directions at once: Sylvester flows with Householder rotations.

    A planar transformation moves codes along one direction; this one along as many as there are dimensions, at a
    determinant that is still a product. The density is known at its own draws only.

    Args:
        data: What the data are.
        **parts: See `Parts`; `transforms` is the number of transformations.

    Returns:
        The model and its objective.

    References:
        van den Berg, Hasenclever, Tomczak, Welling, Sylvester normalizing flows for variational inference, 2018,
        arXiv:1803.05649.
    """
    from latentia.objectives import ELBO
    from latentia.recipes.compose import flat

    return flat(data, Parts(**parts)), ELBO()


@with_parts(posterior="iaf")
def iaf(data: DataSpec, /, **parts: Unpack[PartOptions]) -> tuple[VAE, ELBO]:
    """The VAE whose posterior is an inverse autoregressive flow: each dimension of the noise moves those after it.

    Draws take one pass of a masked network for each transformation; scoring a code that was not drawn takes one for
    each dimension.

    Args:
        data: What the data are.
        **parts: See `Parts`; `transforms` is the number of transformations.

    Returns:
        The model and its objective.

    References:
        Kingma, Salimans, Jozefowicz, Chen, Sutskever, Welling, Improved variational inference with inverse
        autoregressive flow, 2016, arXiv:1606.04934.
    """
    from latentia.objectives import ELBO
    from latentia.recipes.compose import flat

    return flat(data, Parts(**parts)), ELBO()


@with_parts(posterior="maf")
def maf(data: DataSpec, /, **parts: Unpack[PartOptions]) -> tuple[VAE, ELBO]:
    """The VAE whose posterior is a masked autoregressive flow: each dimension of z depends on those before it.

    The mirror image of `iaf`: scoring any code takes one pass for each transformation, drawing takes one for each
    dimension, so that training is slower and a prior made of posteriors (`vamp`) faster.

    Args:
        data: What the data are.
        **parts: See `Parts`; `transforms` is the number of transformations.

    Returns:
        The model and its objective.

    References:
        Papamakarios, Pavlakou, Murray, Masked autoregressive flow for density estimation, 2017, arXiv:1705.07057.
    """
    from latentia.objectives import ELBO
    from latentia.recipes.compose import flat

    return flat(data, Parts(**parts)), ELBO()


@with_parts(posterior="spline", transforms=2)
def spline(data: DataSpec, /, **parts: Unpack[PartOptions]) -> tuple[VAE, ELBO]:
    """The VAE whose posterior is a neural spline flow: monotone curves in place of the affine maps of `iaf`.

    The curves act on the noise, within five standard deviations; mean and scale come after them.

    Args:
        data: What the data are.
        **parts: See `Parts`; `transforms` is the number of transformations.

    Returns:
        The model and its objective.

    References:
        Durkan, Bekasov, Murray, Papamakarios, Neural spline flows, 2019, arXiv:1906.04032.
    """
    from latentia.objectives import ELBO
    from latentia.recipes.compose import flat

    return flat(data, Parts(**parts)), ELBO()
