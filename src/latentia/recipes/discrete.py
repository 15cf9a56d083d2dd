"""Discrete latent variables: relaxed, so that gradients pass, or hard, with the score function."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Unpack

from latentia.recipes.parts import PartOptions, Parts
from latentia.recipes.variant import with_parts

if TYPE_CHECKING:
    from latentia.data.spec import DataSpec
    from latentia.model import VAE
    from latentia.objectives import ELBO


@with_parts(posterior="relaxed_bernoulli", latent_dim=32)
def concrete(
    data: DataSpec, /, *, prior_relaxation: float | None = None, **parts: Unpack[PartOptions]
) -> tuple[VAE, ELBO]:
    """The VAE with relaxed discrete latent variables: Concrete ones, of coin tosses or of categories.

    Relaxed coin tosses in place of Gaussian variables, or with posterior relaxed_categorical `latent_dim` relaxed
    choices among `categories` each; the prior is relaxed likewise, and the bound is that of the relaxed model. The KL
    of coin tosses is computed, that of categories sampled.

    Args:
        data: What the data are.
        prior_relaxation: A relaxed prior's temperature; by default three quarters of `relaxation`, the posterior's (1/2
            beside 2/3, as Maddison and others take). At equal temperatures choices among categories collapse easily.
        **parts: See `Parts`.

    Returns:
        The model and its objective.

    References:
        Maddison, Mnih, Teh, The Concrete distribution: a continuous relaxation of discrete random variables, 2017,
        arXiv:1611.00712.
        Jang, Gu, Poole, Categorical reparameterization with Gumbel-softmax, 2017, arXiv:1611.01144.
    """
    from latentia.conditionals import RelaxedBernoulliPrior, RelaxedCategoricalPrior
    from latentia.conditionals.checks import check_positive
    from latentia.errors import ConfigurationError
    from latentia.objectives import ELBO
    from latentia.recipes.compose import flat

    model = flat(data, chosen := Parts(**parts))
    relaxed = [p for p in model.modules() if isinstance(p, RelaxedBernoulliPrior | RelaxedCategoricalPrior)]
    if prior_relaxation is not None:
        check_positive(prior_relaxation=prior_relaxation)
        if not relaxed:
            raise ConfigurationError(
                "prior_relaxation is the temperature of a relaxed prior, and this model has another: leave it out, or "
                "choose prior relaxed_bernoulli or relaxed_categorical"
            )
    for p in relaxed:
        p.temperature = 0.75 * chosen.relaxation if prior_relaxation is None else prior_relaxation
    return model, ELBO()


@with_parts(posterior="bernoulli", latent_dim=32)
def bernoulli_score(
    data: DataSpec,
    /,
    *,
    num_samples: int = 4,
    estimator: Literal["score", "score_loo", "score_learned"] = "score_loo",
    **parts: Unpack[PartOptions],
) -> tuple[VAE, ELBO]:
    """The VAE with coin tosses as latent variables, trained by the score function.

    Hard Bernoulli variables and a fair prior in place of Gaussian ones: their samples have no gradient, so the encoder
    learns from how well each of several samples does against the others. The KL has a closed form.

    Args:
        data: What the data are.
        num_samples: K, posterior samples for each row; `score_loo` needs at least 2.
        estimator: `score_loo` compares each sample with the mean of the others, `score_learned` with a network's
            prediction from x, `score` with nothing.
        **parts: See `Parts`; posterior categorical takes choices among `categories` in place of coin tosses.

    Returns:
        The model and its objective.

    References:
        Mnih, Gregor, Neural variational inference and learning in belief networks, 2014, arXiv:1402.0030.
        Kool, van Hoof, Welling, Buy 4 REINFORCE samples, get a baseline for free!, 2019,
        openreview:r1lgTGL5DE.
    """
    from latentia.objectives import ELBO, Baseline
    from latentia.recipes.compose import flat

    baseline = Baseline(data.shape) if estimator == "score_learned" else None
    return flat(data, Parts(**parts)), ELBO(num_samples=num_samples, estimator=estimator, baseline=baseline)
