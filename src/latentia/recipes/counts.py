"""Models of counts: documents, interactions, molecules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from latentia.recipes.parts import PartOptions, Parts, refuse_parts
from latentia.recipes.variant import with_parts

if TYPE_CHECKING:
    from latentia.data.spec import DataSpec
    from latentia.model import VAE
    from latentia.objectives import ELBO


@with_parts(latent_dim=20, likelihood="multinomial")
def topic(data: DataSpec, /, **parts: Unpack[PartOptions]) -> tuple[VAE, ELBO]:
    """A neural topic model (ProdLDA): each document is a mixture of topics, each topic a distribution over words.

    The decoder is one matrix of topics behind a softmax of z, the prior the Gaussian that stands for a Dirichlet of the
    given concentration, the likelihood multinomial given a document's length.

    Args:
        data: What the data are: counts of words.
        **parts: See `Parts`; `latent_dim` is the number of topics.

    Returns:
        The model and its objective.

    References:
        Srivastava, Sutton, Autoencoding variational inference for topic models, 2017, arXiv:1703.01488.
    """
    from latentia.conditionals import Likelihood
    from latentia.conditionals.logistic_normal import DirichletApproximation
    from latentia.latents import LatentGroup, TopDown
    from latentia.model import VAE
    from latentia.nets.count_inputs import TopicMixture
    from latentia.objectives import ELBO
    from latentia.recipes.compose import check_dims, encoder
    from latentia.recipes.likelihoods import head, require_counts
    from latentia.recipes.posteriors import posterior
    from latentia.recipes.priors import Ingredients, prior

    chosen = Parts(**parts)
    refuse_parts("topic", chosen, "leapfrog")
    require_counts(data, rows=True)
    check_dims(latent_dim=chosen.latent_dim, hidden=chosen.hidden)
    net, features = encoder(data, chosen)
    q = posterior(features, chosen)
    p = (
        DirichletApproximation(chosen.latent_dim, chosen.concentration)
        if chosen.prior is None
        else prior(Ingredients(chosen, data, net, q))
    )
    mixture = TopicMixture(chosen.latent_dim, data.num_dims)
    return VAE(net, TopDown([LatentGroup("z", p, q)]), Likelihood(mixture, head(data, chosen))), ELBO()


@with_parts(latent_dim=200, hidden=(600,), activation="tanh", norm=False, likelihood="multinomial")
def mult_vae(
    data: DataSpec, /, *, beta: float = 0.2, anneal: float = 0.5, drop: float = 0.5, **parts: Unpack[PartOptions]
) -> tuple[VAE, ELBO]:
    """A VAE for implicit feedback, such as which items a user chose, with a multinomial likelihood.

    The encoder sees rows of length one with entries dropped out, the likelihood is multinomial given the number of
    items, and the KL's weight rises from 0 to beta below one.

    Args:
        data: What the data are: counts, or zeros and ones.
        beta: The last weight of the KL.
        anneal: The part of the run over which the weight rises.
        drop: The share of entries dropped from the encoder's input in training.
        **parts: See `Parts`.

    Returns:
        The model and its objective.

    References:
        Liang, Krishnan, Hoffman, Jebara, Variational autoencoders for collaborative filtering, 2018, arXiv:1802.05814.
    """
    from latentia.errors import ConfigurationError
    from latentia.nets.count_inputs import UnitRows
    from latentia.objectives import ELBO, Ramp
    from latentia.recipes.compose import flat

    if not (beta >= 0 and 0 < anneal <= 1 and 0 <= drop < 1):
        raise ConfigurationError(
            f"beta is {beta:g}, anneal {anneal:g} and drop {drop:g}; beta is zero or more, anneal in (0, 1], "
            "drop in [0, 1)"
        )
    return flat(data, Parts(**parts), UnitRows(drop)), ELBO(beta=Ramp(beta, until=anneal))


@with_parts(latent_dim=10, hidden=(128,), activation="relu", likelihood="zero_inflated_library")
def count_vae(data: DataSpec, /, **parts: Unpack[PartOptions]) -> tuple[VAE, ELBO]:
    """A VAE for counts whose rows differ in size, such as molecules in cells: shares of each row's total.

    The likelihood is negative binomial, with zeros in excess, around the row's own total times the decoder's shares;
    the dispersion is learned for each column. It is a likelihood of the counts given their total. With the likelihood
    `library` no zeros are added.

    Args:
        data: What the data are: rows of counts.
        **parts: See `Parts`.

    Returns:
        The model and its objective.

    References:
        Lopez, Regier, Cole, Jordan, Yosef, Deep generative modeling for single-cell transcriptomics, 2018,
        doi:10.1038/s41592-018-0229-2.
    """
    from latentia.objectives import ELBO
    from latentia.recipes.compose import flat

    return flat(data, Parts(**parts)), ELBO()
