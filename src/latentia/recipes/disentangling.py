"""The plain VAE with a term that pulls the dimensions of its code apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from latentia.names import Aggregate
from latentia.recipes.parts import PartOptions, Parts

if TYPE_CHECKING:
    from latentia.data.spec import DataSpec
    from latentia.model import VAE
    from latentia.objectives import ELBO


def beta_tc(
    data: DataSpec,
    /,
    *,
    alpha: float = 1.0,
    beta: float = 6.0,
    gamma: float = 1.0,
    aggregate: Aggregate = "weighted",
    **parts: Unpack[PartOptions],
) -> tuple[VAE, ELBO]:
    """The KL split in three, with the total correlation weighted by beta: disentanglement at less cost in information.

    The KL is decomposed into index-code information, total correlation and dimension-wise KL, which weigh alpha, beta
    and gamma; the plain VAE gives all of them 1, a beta-VAE all of them beta. The reported ELBO is the bound itself.

    Args:
        data: What the data are; the number of training rows enters the estimate of the aggregate posterior.
        alpha: Weight of the mutual information between a row and its code.
        beta: Weight of the total correlation; like the others it is set against log-likelihoods summed over all
            dimensions of x, as in the paper (6 on dSprites).
        gamma: Weight of the KL of each dimension's marginal from the prior.
        aggregate: Estimate of q(z) from a batch: weighted, as in the paper, or stratified, which is unbiased.
        **parts: See `Parts`; posterior and prior must have independent dimensions.

    Returns:
        The model and its objective.

    References:
        Chen, Li, Grosse, Duvenaud, Isolating sources of disentanglement in variational autoencoders, 2018,
        arXiv:1802.04942.
    """
    from latentia.objectives import ELBO
    from latentia.objectives.penalties import DecomposedKL
    from latentia.recipes.compose import flat
    from latentia.recipes.weights import check_weights

    check_weights(alpha=alpha, beta=beta, gamma=gamma)
    penalty = DecomposedKL(data.counts["train"], alpha, beta, gamma, aggregate)
    return flat(data, Parts(**parts)), ELBO(penalties=(penalty,))


def factor_vae(
    data: DataSpec,
    /,
    *,
    gamma: float = 10.0,
    critic_hidden: tuple[int, ...] = (512, 512, 512),
    **parts: Unpack[PartOptions],
) -> tuple[VAE, ELBO]:
    """The plain VAE with the total correlation of its code penalised, as a critic measures it.

    A second network is trained beside the model to tell codes from codes whose dimensions were shuffled over the batch;
    the mean of its log-odds estimates the total correlation and is added gamma times. The reported ELBO is the bound
    itself.

    Args:
        data: What the data are.
        gamma: Weight of the total correlation, against log-likelihoods summed over all dimensions of x, as in the paper
            (35 on dSprites, 6 on 3D shapes).
        critic_hidden: Hidden widths of the critic; the paper has six of 1000. One that is too small is led astray.
        **parts: See `Parts`.

    Returns:
        The model and its objective, with the critic.

    References:
        Kim, Mnih, Disentangling by factorising, 2018, arXiv:1802.05983.
    """
    from latentia.objectives import ELBO
    from latentia.objectives.penalties import CriticTotalCorrelation
    from latentia.recipes.compose import flat
    from latentia.recipes.critics import critic_of_codes
    from latentia.recipes.weights import check_weights

    check_weights(gamma=gamma)
    chosen = Parts(**parts)
    model = flat(data, chosen)
    return model, ELBO(penalties=(CriticTotalCorrelation(gamma, critic_of_codes(model, critic_hidden)),))


def dip_i(
    data: DataSpec,
    /,
    *,
    off_diagonal: float = 10.0,
    diagonal: float = 100.0,
    **parts: Unpack[PartOptions],
) -> tuple[VAE, ELBO]:
    """The plain VAE with the covariance of its posterior means held to the identity (DIP-VAE-I).

    Squared covariances between the dimensions of the posterior mean, over the batch, are added to the loss, and the
    squared deviations of their variances from one. The reported ELBO is the bound itself.

    Args:
        data: What the data are.
        off_diagonal: Weight of the squared covariances, against log-likelihoods summed over all dimensions of x.
        diagonal: Weight of the squared deviations of the variances from one; the paper has ten times the other.
        **parts: See `Parts`.

    Returns:
        The model and its objective.

    References:
        Kumar, Sattigeri, Balakrishnan, Variational inference of disentangled latent concepts from unlabeled
        observations, 2018, arXiv:1711.00848.
    """
    return _dip(data, Parts(**parts), off_diagonal, diagonal, of_means=True)


def dip_ii(
    data: DataSpec,
    /,
    *,
    off_diagonal: float = 10.0,
    diagonal: float = 10.0,
    **parts: Unpack[PartOptions],
) -> tuple[VAE, ELBO]:
    """The plain VAE with the covariance of its aggregate posterior held to the identity (DIP-VAE-II).

    As `dip_i`, with the covariance of the codes themselves in place of that of their means: the posterior's own spread
    counts. The reported ELBO is the bound itself.

    Args:
        data: What the data are.
        off_diagonal: Weight of the squared covariances, against log-likelihoods summed over all dimensions of x.
        diagonal: Weight of the squared deviations of the variances from one; the paper has the same as the other.
        **parts: See `Parts`.

    Returns:
        The model and its objective.

    References:
        Kumar, Sattigeri, Balakrishnan, Variational inference of disentangled latent concepts from unlabeled
        observations, 2018, arXiv:1711.00848.
    """
    return _dip(data, Parts(**parts), off_diagonal, diagonal, of_means=False)


def _dip(data: DataSpec, parts: Parts, off_diagonal: float, diagonal: float, *, of_means: bool) -> tuple[VAE, ELBO]:
    from latentia.objectives import ELBO
    from latentia.objectives.penalties import IdentityCovariance
    from latentia.recipes.compose import flat
    from latentia.recipes.weights import check_weights

    check_weights(off_diagonal=off_diagonal, diagonal=diagonal)
    return flat(data, parts), ELBO(penalties=(IdentityCovariance(off_diagonal, diagonal, of_means),))
