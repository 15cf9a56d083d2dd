"""The plain VAE with a KL that is let in by and by, or down to an allowance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from latentia.recipes.parts import PartOptions, Parts

if TYPE_CHECKING:
    from latentia.data.spec import DataSpec
    from latentia.model import VAE
    from latentia.objectives import ELBO


def beta_capacity(
    data: DataSpec,
    /,
    *,
    gamma: float = 5.0,
    capacity: float = 25.0,
    until: float = 0.75,
    **parts: Unpack[PartOptions],
) -> tuple[VAE, ELBO]:
    """A beta-VAE whose KL is led along a rising capacity: factors enter the code one after another.

    In place of the KL the loss has gamma |KL - C|, with C rising linearly from 0 to the capacity: at first all
    information is kept out, at the end the code carries just that much. The reported ELBO is the bound itself.

    Args:
        data: What the data are.
        gamma: Weight of the distance between KL and capacity, against log-likelihoods summed over all dimensions of x.
            It has to exceed the nats of likelihood that one more nat of code buys; far above, it drowns the likelihood
            for most of a run (the paper has 1000, with C rising over 100,000 iterations).
        capacity: Nats that the code carries at the end.
        until: The part of the run after which the capacity no longer rises, in (0, 1].
        **parts: See `Parts`.

    Returns:
        The model and its objective.

    References:
        Burgess, Higgins, Pal, Matthey, Watters, Desjardins, Lerchner, Understanding disentangling in beta-VAE, 2018,
        arXiv:1804.03599.
    """
    from latentia.errors import ConfigurationError
    from latentia.objectives import ELBO, Ramp
    from latentia.recipes.compose import flat
    from latentia.recipes.weights import check_weights

    check_weights(gamma=gamma, capacity=capacity)
    if not 0 < until <= 1:
        raise ConfigurationError(f"until is {until:g}; it is a part of the run, above 0 and at most 1")
    return flat(data, Parts(**parts)), ELBO(beta=gamma, capacity=Ramp(capacity, until=until))


def free_bits(data: DataSpec, /, *, free_bits: float = 0.25, **parts: Unpack[PartOptions]) -> tuple[VAE, ELBO]:
    """The plain VAE with an allowance of KL for each latent dimension, below which there is nothing to gain.

    Each dimension's KL, the mean over the batch, counts only where it exceeds the allowance, so that no dimension is
    pressed to collapse. The reported ELBO is the bound itself.

    Args:
        data: What the data are.
        free_bits: The allowance for each dimension, in nats; the paper tries 0.125 to 4 for each group.
        **parts: See `Parts`.

    Returns:
        The model and its objective.

    References:
        Kingma, Salimans, Jozefowicz, Chen, Sutskever, Welling, Improved variational inference with inverse
        autoregressive flow, 2016, arXiv:1606.04934, appendix C.8.
    """
    from latentia.objectives import ELBO
    from latentia.recipes.compose import flat
    from latentia.recipes.weights import check_weights

    check_weights(free_bits=free_bits)
    return flat(data, Parts(**parts)), ELBO(free_bits=free_bits)


def cyclical(
    data: DataSpec,
    /,
    *,
    cycles: int = 4,
    rise: float = 0.5,
    beta: float = 1.0,
    **parts: Unpack[PartOptions],
) -> tuple[VAE, ELBO]:
    """The plain VAE with the weight of its KL rising from 0 to 1 again and again.

    Each cycle starts as an autoencoder and ends as a VAE, from codes that the cycle before made informative: a remedy
    for posterior collapse. The reported ELBO is the bound itself.

    Args:
        data: What the data are.
        cycles: Over the whole run.
        rise: The part of each cycle in which the weight rises, in (0, 1].
        beta: The weight that it rises to.
        **parts: See `Parts`.

    Returns:
        The model and its objective.

    References:
        Fu, Li, Liu, Gao, Celikyilmaz, Carin, Cyclical annealing schedule: A simple approach to mitigating KL vanishing,
        2019, arXiv:1903.10145.
    """
    from latentia.errors import ConfigurationError
    from latentia.objectives import ELBO, Cyclical
    from latentia.recipes.compose import check_dims, flat
    from latentia.recipes.weights import check_weights

    check_weights(beta=beta)
    check_dims(cycles=cycles)
    if not 0 < rise <= 1:
        raise ConfigurationError(f"rise is {rise:g}; it is a part of a cycle, above 0 and at most 1")
    return flat(data, Parts(**parts)), ELBO(beta=Cyclical(cycles, rise, beta))
