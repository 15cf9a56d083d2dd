"""The plain bounds with another estimator of their gradient."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from latentia.names import EstimatorName
from latentia.recipes.parts import PartOptions, Parts

if TYPE_CHECKING:
    from latentia.data.spec import DataSpec
    from latentia.model import VAE
    from latentia.objectives import ELBO, Baseline, Importance


def baseline(estimator: EstimatorName, shape: tuple[int, ...]) -> Baseline | None:
    """The network that an estimator learns beside the model, if it is one that does.

    Args:
        estimator: The estimator.
        shape: Shape of one x.

    Returns:
        A baseline for `score_learned`, None for the others.
    """
    if estimator != "score_learned":
        return None
    from latentia.objectives import Baseline

    return Baseline(shape)


def stl(data: DataSpec, /, *, num_samples: int = 1, **parts: Unpack[PartOptions]) -> tuple[VAE, ELBO]:
    """The plain VAE with the gradient that vanishes where the posterior is exact: sticking the landing.

    The bound is the ELBO. Its gradient goes through z alone: the term that reaches log q(z|x) by the posterior's own
    parameters is zero in mean and left out, and with it all noise once q(z|x) is the true posterior.

    Args:
        data: What the data are.
        num_samples: K, posterior samples for each row.
        **parts: See `Parts`.

    Returns:
        The model and its objective.

    References:
        Roeder, Wu, Duvenaud, Sticking the landing: simple, lower-variance gradient estimators for variational
        inference, 2017, arXiv:1703.09194.
    """
    from latentia.objectives import ELBO
    from latentia.recipes.compose import check_dims, flat

    check_dims(num_samples=num_samples)
    return flat(data, Parts(**parts)), ELBO(num_samples=num_samples, estimator="stl")


def dreg(data: DataSpec, /, *, num_samples: int = 10, **parts: Unpack[PartOptions]) -> tuple[VAE, Importance]:
    """The importance-weighted VAE with the doubly reparameterised gradient.

    The bound is that of the recipe iwae. The encoder's gradient goes through z alone, each sample's share in it
    squared, which is the same in mean. Once K is large its signal-to-noise ratio rises like the root of K, where that
    of the usual gradient falls; on a small model of digits, up to K = 64, it falls too, but less.

    Args:
        data: What the data are.
        num_samples: K, posterior samples for each row.
        **parts: See `Parts`.

    Returns:
        The model and its objective.

    References:
        Tucker, Lawson, Gu, Maddison, Doubly reparameterized gradient estimators for Monte Carlo objectives, 2019,
        arXiv:1810.04152.
    """
    from latentia.objectives import Importance
    from latentia.recipes.compose import check_dims, flat

    check_dims(num_samples=num_samples)
    return flat(data, Parts(**parts)), Importance(num_samples, estimator="dreg")
