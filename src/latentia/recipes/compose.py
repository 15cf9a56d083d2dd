"""From a data description and the chosen parts to modules: what every recipe builds with."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import cast

import torch
from torch import nn

from latentia.conditionals import DiagonalNormal, FlatPrior, Likelihood, Through
from latentia.conditionals.hamiltonian import HamiltonianPosterior
from latentia.data.spec import DataSpec
from latentia.errors import ConfigurationError
from latentia.latents import LatentGroup, TopDown
from latentia.model import VAE
from latentia.nets import MLP, ConvDecoder, ConvEncoder
from latentia.nets.with_input import WithInput
from latentia.recipes.inputs import inputs
from latentia.recipes.likelihoods import head
from latentia.recipes.parts import Parts, refuse_parts
from latentia.recipes.posteriors import posterior
from latentia.recipes.priors import Ingredients, prior

CONV_FEATURES = 256
"""Length of the convolutional encoder's feature vector."""
CONV_PIXELS = 1024
"""Grey pictures with more pixels than this get convolutions by default."""


def convolutional(data: DataSpec, parts: Parts) -> bool:
    """Whether encoder and decoder are convolutional.

    Args:
        data: What the data are.
        parts: `network` decides; `auto` asks the data.

    Returns:
        True for convolutions.

    Raises:
        ConfigurationError: Convolutions over data that are no pictures.
    """
    if parts.network == "auto":
        return data.kind == "image" and (data.shape[0] > 1 or data.num_dims > CONV_PIXELS)
    if parts.network == "conv" and data.kind != "image":
        raise ConfigurationError(
            f"network 'conv' needs pictures (C, H, W); {data.name!r} has rows of shape {data.shape}: use network 'mlp'"
        )
    return parts.network == "conv"


def encoder(data: DataSpec, parts: Parts, counts: nn.Module | None = None) -> tuple[nn.Module, int]:
    """The network from x to evidence, with what turns x into its input where x cannot be read as it is.

    Args:
        data: What the data are.
        parts: Which network, how wide.
        counts: What counts pass through first; log(1 + x) unless given.

    Returns:
        A module `[B, *shape]` to `[B, F]`, and F.
    """
    before, shape = inputs(data, parts, counts)
    net, features = _network(shape, parts, convolutional(data, parts))
    return (net if before is None else nn.Sequential(before, net)), features


def _network(shape: tuple[int, ...], parts: Parts, convolutional: bool) -> tuple[nn.Module, int]:
    if convolutional:
        return ConvEncoder(shape, CONV_FEATURES, width=parts.width, blocks=parts.blocks), CONV_FEATURES
    if not parts.hidden:
        return nn.Flatten(), math.prod(shape)
    *inner, features = parts.hidden
    net = MLP(shape, (features,), inner, nonlinearity=parts.activation, norm=parts.norm, final=True)
    return net, features


def likelihood(data: DataSpec, parts: Parts, state_dim: int) -> Likelihood:
    """The network from a state to p(x|z), with the family chosen from the data unless given.

    Args:
        data: What the data are.
        parts: Which family, network and scale.
        state_dim: S, length of the state.

    Returns:
        A conditional of the state.
    """
    family = head(data, parts)
    out_shape = cast(tuple[int, ...], family.parameter_shape)
    net: nn.Module
    if convolutional(data, parts):
        net = ConvDecoder(state_dim, out_shape, width=parts.width, blocks=parts.blocks)
    else:
        net = MLP((state_dim,), out_shape, parts.hidden[::-1], nonlinearity=parts.activation, norm=parts.norm)
    return Likelihood(net, family, missing=data.missing > 0)


def gaussian(in_dim: int, hidden: Sequence[int], out_dim: int, parts: Parts) -> Through:
    """A diagonal Gaussian behind an MLP: what connects one latent group with the next.

    Args:
        in_dim: Length of what it is given.
        hidden: Widths of the MLP, at least one.
        out_dim: Dimensions of the Gaussian.
        parts: Activation and norm.

    Returns:
        A conditional.
    """
    *inner, last = hidden
    net = MLP((in_dim,), (last,), inner, nonlinearity=parts.activation, norm=parts.norm, final=True)
    return Through(net, DiagonalNormal(last, out_dim))


def check_dims(**dims: int | Sequence[int]) -> None:
    """Refuse sizes below one.

    Args:
        **dims: Option name to size or sizes.

    Raises:
        ConfigurationError: Names the option.
    """
    for name, value in dims.items():
        if any(size < 1 for size in ([value] if isinstance(value, int) else value)):
            raise ConfigurationError(f"{name} is {value}; every size is at least 1")


def flat(data: DataSpec, parts: Parts, counts: nn.Module | None = None) -> VAE:
    """The flat VAE: one group of latent variables.

    Args:
        data: What the data are.
        parts: The choices.
        counts: What counts pass through before the encoder's network; log(1 + x) unless given.

    Returns:
        A model whose single group is called `z`.
    """
    check_dims(latent_dim=parts.latent_dim, hidden=parts.hidden, width=parts.width)
    net, features = encoder(data, parts, counts)
    q = posterior(features, parts)
    p = prior(Ingredients(parts, data, net, q))
    px = likelihood(data, parts, cast(torch.Size, q.event_shape).numel())
    if parts.leapfrog != 0:
        q = HamiltonianPosterior(q, p, px, features=features, shape=data.shape, steps=parts.leapfrog)
        net = WithInput(net)
    return VAE(net, TopDown([LatentGroup("z", p, q)]), px)


def autoencoding(data: DataSpec, parts: Parts, code: Callable[[int, int], nn.Module]) -> VAE:
    """An autoencoder: one group of certain codes under a flat prior.

    Args:
        data: What the data are.
        parts: The choices; those of a posterior and of a prior have no meaning here.
        code: From the lengths of features and code to the head that gives the code.

    Returns:
        A model whose single group is called `z`.

    Raises:
        ConfigurationError: A posterior or a prior was asked for.
    """
    check_dims(latent_dim=parts.latent_dim, hidden=parts.hidden)
    refuse_parts("an autoencoder", parts, "posterior", "leapfrog")
    if parts.prior is not None:
        raise ConfigurationError("an autoencoder has no prior: leave prior out, or use the vae recipe")
    net, features = encoder(data, parts)
    group = LatentGroup("z", FlatPrior(parts.latent_dim), code(features, parts.latent_dim))
    return VAE(net, TopDown([group]), likelihood(data, parts, parts.latent_dim))
