"""What the walk does with a distribution: draw from it, cool it, compare it."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor
from torch.distributions import Distribution, Independent, Laplace, MixtureSameFamily, Normal, kl_divergence

from latentia.distributions.constructors import normal
from latentia.distributions.laplace_constructor import laplace
from latentia.errors import CompatibilityError


def draw(distribution: Distribution, lead: torch.Size) -> Tensor:
    """One sample for every entry of `lead`, differentiable where the family allows it.

    Args:
        distribution: Its batch shape broadcasts to `lead`.
        lead: `(K, B)`.

    Returns:
        `[K, B, *event]`.
    """
    missing = lead[: len(lead) - len(distribution.batch_shape)]
    rest = lead[len(missing) :]
    source = distribution if distribution.batch_shape == rest else distribution.expand(rest)
    return source.rsample(missing) if source.has_rsample else source.sample(missing)


def kl(q: Distribution, p: Distribution, z: Tensor) -> Tensor:
    """KL(q || p): in closed form where torch knows it, otherwise the sampled difference log q(z) - log p(z).

    Args:
        q: Left distribution.
        p: Right distribution.
        z: A draw from `q`, `[K, B, *event]`, used only where there is no closed form.

    Returns:
        A shape that broadcasts to `[K, B]`, in nats.
    """
    try:
        return kl_divergence(q, p)
    except NotImplementedError:
        return q.log_prob(z) - p.log_prob(z)


def kl_per_dim(q: Distribution, p: Distribution) -> Tensor | None:
    """KL of every latent dimension for two distributions with independent dimensions.

    Args:
        q: Left distribution.
        p: Right distribution.

    Returns:
        `[*batch, *event]` in nats, or None where the KL does not split over dimensions.
    """
    if not (isinstance(q, Independent) and isinstance(p, Independent)) or q.base_dist.event_shape:
        return None
    try:
        return kl_divergence(q.base_dist, p.base_dist)
    except NotImplementedError:
        return None


def factor_means(distribution: Distribution, lead: torch.Size) -> Tensor:
    """The mean, broadcast to `lead`: the deterministic counterpart of `draw`.

    A distribution whose mean is unknown, or lies where no sample can, says by a property `centre` what stands for it:
    the mean direction on a sphere, a flow's image of its base's mean.

    Args:
        distribution: Its batch shape broadcasts to `lead`.
        lead: `(K, B)`.

    Returns:
        `[K, B, *event]`.
    """
    centre = distribution.centre if hasattr(distribution, "centre") else distribution.mean
    return cast(Tensor, centre).expand(lead + distribution.event_shape)


def temper(distribution: Distribution, temperature: float) -> Distribution:
    """The distribution with its spread multiplied by `temperature`.

    A Gaussian or a Laplace distribution keeps its mean and has its scale multiplied; a flow has that done to its base
    (a distribution may say by a method `tempered` how); a mixture has it done to each component and keeps its weights.
    This is the usual 'reduced-temperature' sampling, not a power of the density.

    Args:
        distribution: A Gaussian, a Laplace distribution, a flow or a mixture of them, or anything at temperature 1.
        temperature: Zero or more; 1 changes nothing.

    Returns:
        A distribution of the same shapes.

    Raises:
        CompatibilityError: The family has no such scaling.

    References:
        Kingma, Dhariwal, Glow, 2018, arXiv:1807.03039, section 6.
    """
    if temperature == 1.0:
        return distribution
    match distribution:
        case Independent(base_dist=Normal() as base):
            return normal(base.loc, base.scale * temperature, distribution.reinterpreted_batch_ndims)
        case Independent(base_dist=Laplace() as base):
            return laplace(base.loc, base.scale * temperature, distribution.reinterpreted_batch_ndims)
        case MixtureSameFamily():
            part = temper(distribution.component_distribution, temperature)
            return MixtureSameFamily(distribution.mixture_distribution, part, validate_args=False)
        case _ if hasattr(distribution, "tempered"):
            return cast(Distribution, distribution.tempered(temperature))
        case _:
            raise CompatibilityError(
                f"temperature {temperature:g} is defined for Gaussian and Laplace priors, flows and mixtures of them; "
                f"this model's prior is {type(distribution).__name__}: sample it at temperature 1"
            )
