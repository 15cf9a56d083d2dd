"""The plain VAE and those that differ from it in the objective alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from latentia.names import EstimatorName
from latentia.recipes.parts import PartOptions, Parts

if TYPE_CHECKING:
    from latentia.data.spec import DataSpec
    from latentia.model import VAE
    from latentia.objectives import ELBO, IWAE


def vae(
    data: DataSpec,
    /,
    *,
    free_bits: float = 0.0,
    num_samples: int = 1,
    estimator: EstimatorName = "pathwise",
    **parts: Unpack[PartOptions],
) -> tuple[VAE, ELBO]:
    """The variational autoencoder: one group of Gaussian latent variables, trained on the ELBO.

    Args:
        data: What the data are.
        free_bits: Nats of KL each latent dimension has for free; a remedy for posterior collapse.
        num_samples: Posterior samples for each row.
        estimator: Of the gradient with respect to the posterior.
        **parts: See `Parts`.

    Returns:
        The model and its objective.

    References:
        Kingma, Welling, Auto-encoding variational Bayes, 2014, arXiv:1312.6114.
        Rezende, Mohamed, Wierstra, Stochastic backpropagation and approximate inference in deep generative models,
        2014, arXiv:1401.4082.
    """
    from latentia.objectives import ELBO
    from latentia.recipes.compose import check_dims, flat
    from latentia.recipes.estimators import baseline

    check_dims(num_samples=num_samples)
    objective = ELBO(
        free_bits=free_bits,
        num_samples=num_samples,
        estimator=estimator,
        baseline=baseline(estimator, data.shape),
    )
    return flat(data, Parts(**parts)), objective


def beta_vae(
    data: DataSpec,
    /,
    *,
    beta: float = 4.0,
    free_bits: float = 0.0,
    num_samples: int = 1,
    estimator: EstimatorName = "pathwise",
    **parts: Unpack[PartOptions],
) -> tuple[VAE, ELBO]:
    """The plain VAE with its KL weighted by beta: a more compressed, often more disentangled code.

    The KL weighs beta times as much. The reported ELBO is always the bound itself; what is minimised at beta other
    than 1 is not one.

    Args:
        data: What the data are.
        beta: Weight of the KL. It is set against log-likelihoods summed over all dimensions of x; divide by their
            number to compare with papers that average.
        free_bits: Nats of KL each latent dimension has for free.
        num_samples: Posterior samples for each row.
        estimator: Of the gradient with respect to the posterior.
        **parts: See `Parts`.

    Returns:
        The model and its objective.

    References:
        Higgins and others, beta-VAE: Learning basic visual concepts with a constrained variational framework, 2017,
        openreview:Sy2fzU9gl.
    """
    from latentia.errors import ConfigurationError
    from latentia.objectives import ELBO
    from latentia.recipes.compose import check_dims, flat
    from latentia.recipes.estimators import baseline

    if not beta >= 0:
        raise ConfigurationError(f"beta is {beta:g}; the weight of the KL is zero or more")
    check_dims(num_samples=num_samples)
    objective = ELBO(
        beta=beta,
        free_bits=free_bits,
        num_samples=num_samples,
        estimator=estimator,
        baseline=baseline(estimator, data.shape),
    )
    return flat(data, Parts(**parts)), objective


def iwae(
    data: DataSpec,
    /,
    *,
    num_samples: int = 10,
    estimator: EstimatorName = "pathwise",
    **parts: Unpack[PartOptions],
) -> tuple[VAE, IWAE]:
    """The plain VAE trained on the tighter importance-weighted bound.

    The objective is the logarithm of the mean of K importance weights in place of the ELBO.

    Args:
        data: What the data are.
        num_samples: K, posterior samples for each row; time grows with it.
        estimator: Of the gradient with respect to the posterior.
        **parts: See `Parts`.

    Returns:
        The model and its objective.

    References:
        Burda, Grosse, Salakhutdinov, Importance weighted autoencoders, 2016, arXiv:1509.00519.
    """
    from latentia.objectives import IWAE
    from latentia.recipes.compose import check_dims, flat
    from latentia.recipes.estimators import baseline

    check_dims(num_samples=num_samples)
    objective = IWAE(num_samples, estimator=estimator, baseline=baseline(estimator, data.shape))
    return flat(data, Parts(**parts)), objective
