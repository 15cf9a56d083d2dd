"""From a data description and the chosen parts to modules: what every recipe builds with."""

from __future__ import annotations

import math
from collections.abc import Sequence

from torch import nn

from latentia.conditionals import (
    BernoulliHead,
    DiagonalNormal,
    DiscretizedLogisticHead,
    GaussianHead,
    Likelihood,
    MixturePrior,
    StandardNormal,
    Through,
)
from latentia.data.likelihood_choice import choose_likelihood
from latentia.data.spec import DataSpec
from latentia.errors import ConfigurationError
from latentia.latents import LatentGroup, TopDown
from latentia.model import VAE
from latentia.names import LikelihoodName
from latentia.nets import MLP, ConvDecoder, ConvEncoder
from latentia.recipes.parts import Parts

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


def encoder(data: DataSpec, parts: Parts) -> tuple[nn.Module, int]:
    """The network from x to evidence.

    Args:
        data: What the data are.
        parts: Which network, how wide.

    Returns:
        A module `[B, *shape]` to `[B, F]`, and F.
    """
    if convolutional(data, parts):
        return ConvEncoder(data.shape, CONV_FEATURES, width=parts.width, blocks=parts.blocks), CONV_FEATURES
    if not parts.hidden:
        return nn.Flatten(), data.num_dims
    *inner, features = parts.hidden
    net = MLP(data.shape, (features,), inner, nonlinearity=parts.activation, norm=parts.norm, final=True)
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
    name = parts.likelihood or choose_likelihood(data).name
    head = _head(data, parts, name)
    out_shape = head.parameter_shape
    if convolutional(data, parts):
        return Likelihood(ConvDecoder(state_dim, out_shape, width=parts.width, blocks=parts.blocks), head)
    hidden = parts.hidden[::-1]
    return Likelihood(MLP((state_dim,), out_shape, hidden, nonlinearity=parts.activation, norm=parts.norm), head)


def _head(data: DataSpec, parts: Parts, name: LikelihoodName) -> BernoulliHead | GaussianHead | DiscretizedLogisticHead:
    if parts.sigma is not None and not parts.sigma > 0:
        raise ConfigurationError(f"sigma is {parts.sigma:g}; a scale is positive")
    match name:
        case "bernoulli":
            if parts.scale is not None:
                raise ConfigurationError("a Bernoulli likelihood has no scale: leave scale out, or choose gaussian")
            return BernoulliHead(data.shape)
        case "gaussian":
            return GaussianHead(data.shape, scale=parts.scale or "shared", sigma=parts.sigma or _initial_sigma(data))
        case "discretized_logistic":
            levels = data.levels
            if levels is None:
                raise ConfigurationError(
                    f"the discretised logistic likelihood needs data on equally spaced levels (such as 8-bit pixels); "
                    f"{data.name!r} holds {data.support} values from {data.low:g} to {data.high:g}: choose gaussian"
                )
            initial = parts.sigma or 0.15
            return DiscretizedLogisticHead(data.shape, levels=levels, scale=parts.scale or "predicted", initial=initial)


def _initial_sigma(data: DataSpec) -> float:
    """Scaled pixels start at their own standard deviation, standardised data at 0.3 of it.

    From one, the whole spread counts as noise at first, and the posterior can collapse before anything is learnt.
    """
    if data.support == "real":
        return 0.3
    unit = 1.0 if data.support == "unit" else data.unit
    return max(math.sqrt(sum(s * s for s in data.std) / len(data.std)) / unit, 0.05)


def prior(parts: Parts) -> nn.Module:
    """p(z) of a flat model.

    Args:
        parts: Which family, how many components.

    Returns:
        A conditional that ignores what it is given.
    """
    if parts.prior == "mixture":
        if parts.components < 1:
            raise ConfigurationError(f"components is {parts.components}; a mixture has at least one")
        return MixturePrior(parts.latent_dim, parts.components)
    return StandardNormal(parts.latent_dim)


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


def flat(data: DataSpec, parts: Parts) -> VAE:
    """The flat VAE: one group, a diagonal Gaussian posterior.

    Args:
        data: What the data are.
        parts: The choices.

    Returns:
        A model whose single group is called `z`.
    """
    check_dims(latent_dim=parts.latent_dim, hidden=parts.hidden, width=parts.width)
    net, features = encoder(data, parts)
    group = LatentGroup("z", prior(parts), DiagonalNormal(features, parts.latent_dim))
    return VAE(net, TopDown([group]), likelihood(data, parts, parts.latent_dim))
