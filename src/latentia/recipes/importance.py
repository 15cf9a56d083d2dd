"""Relatives of the importance-weighted bound: the same model, other functions of the same weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from latentia.names import EstimatorName
from latentia.recipes.parts import PartOptions, Parts
from latentia.recipes.variant import with_parts

if TYPE_CHECKING:
    from latentia.data.spec import DataSpec
    from latentia.model import VAE
    from latentia.objectives import PIWAE, Importance


def miwae(
    data: DataSpec,
    /,
    *,
    groups: int = 2,
    num_samples: int = 5,
    estimator: EstimatorName = "pathwise",
    **parts: Unpack[PartOptions],
) -> tuple[VAE, Importance]:
    """The plain VAE trained on the mean of several importance-weighted bounds.

    The objective is the mean of M bounds with K samples each: looser than one bound with all M K samples, but with less
    noise in the encoder's gradient.

    Args:
        data: What the data are.
        groups: M, how many bounds.
        num_samples: K, posterior samples for each row in each of them.
        estimator: Of the gradient with respect to the posterior.
        **parts: See `Parts`.

    Returns:
        The model and its objective.

    References:
        Rainforth, Kosiorek, Le, Maddison, Igl, Wood, Teh, Tighter variational bounds are not necessarily better, 2018,
        arXiv:1802.04537.
    """
    from latentia.objectives import Importance
    from latentia.recipes.compose import check_dims, flat
    from latentia.recipes.estimators import baseline

    check_dims(groups=groups, num_samples=num_samples)
    objective = Importance(
        groups * num_samples, groups=groups, estimator=estimator, baseline=baseline(estimator, data.shape)
    )
    return flat(data, Parts(**parts)), objective


def piwae(
    data: DataSpec, /, *, groups: int = 2, num_samples: int = 5, **parts: Unpack[PartOptions]
) -> tuple[VAE, PIWAE]:
    """The plain VAE whose decoder and prior learn from a tighter bound than its encoder.

    The likelihood and the prior follow the importance-weighted bound over all M K samples, the posterior the mean of M
    bounds with K samples each, whose gradient has less noise.

    Args:
        data: What the data are.
        groups: M, groups of samples for the encoder's bound.
        num_samples: K, posterior samples for each row in each group.
        **parts: See `Parts`.

    Returns:
        The model and its objective.

    References:
        Rainforth, Kosiorek, Le, Maddison, Igl, Wood, Teh, Tighter variational bounds are not necessarily better, 2018,
        arXiv:1802.04537.
    """
    from latentia.objectives import PIWAE
    from latentia.recipes.compose import check_dims, flat

    check_dims(groups=groups, num_samples=num_samples)
    return flat(data, Parts(**parts)), PIWAE(groups, groups * num_samples)


def ciwae(
    data: DataSpec,
    /,
    *,
    beta: float = 0.5,
    num_samples: int = 10,
    estimator: EstimatorName = "pathwise",
    **parts: Unpack[PartOptions],
) -> tuple[VAE, Importance]:
    """The plain VAE trained on a mixture of the ELBO and the importance-weighted bound.

    The objective is beta times the ELBO plus (1 - beta) times the importance-weighted bound of the same samples:
    between the two in tightness and in the noise of the encoder's gradient.

    Args:
        data: What the data are.
        beta: Share of the ELBO, between 0 and 1.
        num_samples: K, posterior samples for each row.
        estimator: Of the gradient with respect to the posterior.
        **parts: See `Parts`.

    Returns:
        The model and its objective.

    References:
        Rainforth, Kosiorek, Le, Maddison, Igl, Wood, Teh, Tighter variational bounds are not necessarily better, 2018,
        arXiv:1802.04537.
    """
    from latentia.objectives import Importance
    from latentia.recipes.compose import check_dims, flat
    from latentia.recipes.estimators import baseline

    check_dims(num_samples=num_samples)
    objective = Importance(num_samples, elbo_share=beta, estimator=estimator, baseline=baseline(estimator, data.shape))
    return flat(data, Parts(**parts)), objective


def renyi(
    data: DataSpec,
    /,
    *,
    alpha: float = 0.5,
    num_samples: int = 10,
    estimator: EstimatorName = "pathwise",
    **parts: Unpack[PartOptions],
) -> tuple[VAE, Importance]:
    """The plain VAE trained on a bound from Rényi's divergence.

    The objective is the logarithm of a power mean of K importance weights. alpha moves it between the ELBO (1) and the
    importance-weighted bound (0); below 0 it is no bound any more, and the importance-weighted one is reported.

    Args:
        data: What the data are.
        alpha: Order of the divergence; -inf keeps only the largest weight of each row (VR-max).
        num_samples: K, posterior samples for each row.
        estimator: Of the gradient with respect to the posterior.
        **parts: See `Parts`.

    Returns:
        The model and its objective.

    References:
        Li, Turner, Rényi divergence variational inference, 2016, arXiv:1602.02311.
    """
    from latentia.objectives import Importance
    from latentia.recipes.compose import check_dims, flat
    from latentia.recipes.estimators import baseline

    check_dims(num_samples=num_samples)
    objective = Importance(num_samples, alpha=alpha, estimator=estimator, baseline=baseline(estimator, data.shape))
    return flat(data, Parts(**parts)), objective


@with_parts(posterior="bernoulli", latent_dim=32)
def vimco(data: DataSpec, /, *, num_samples: int = 10, **parts: Unpack[PartOptions]) -> tuple[VAE, Importance]:
    """The VAE with coin tosses as latent variables, trained on the importance-weighted bound.

    Hard Bernoulli variables and a fair prior in place of Gaussian ones. Their samples have no gradient, so the encoder
    learns from how much each sample adds to the bound: the bound less what it would be with that sample's weight
    replaced by the geometric mean of the others.

    Args:
        data: What the data are.
        num_samples: K, posterior samples for each row, at least 2.
        **parts: See `Parts`; any posterior that can score given codes will do.

    Returns:
        The model and its objective.

    References:
        Mnih, Rezende, Variational inference for Monte Carlo objectives, 2016, arXiv:1602.06725.
    """
    from latentia.objectives import Importance
    from latentia.recipes.compose import check_dims, flat

    check_dims(num_samples=num_samples)
    return flat(data, Parts(**parts)), Importance(num_samples, estimator="vimco")
