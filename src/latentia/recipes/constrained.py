"""Autoencoders whose codes are sparse, robust to noise, or hardly move."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Unpack

from latentia.names import Corruption, Sparsity
from latentia.recipes.autoencoder import autoencoder
from latentia.recipes.parts import PartOptions, Parts
from latentia.recipes.variant import with_parts

if TYPE_CHECKING:
    from latentia.data.spec import DataSpec
    from latentia.model import VAE
    from latentia.objectives import Reconstruction


@with_parts(latent_dim=64, norm=False)
def sparse(
    data: DataSpec,
    /,
    *,
    measure: Sparsity = "kl",
    weight: float = 1.0,
    target: float = 0.05,
    decoder_weight: float = 1e-2,
    **parts: Unpack[PartOptions],
) -> tuple[VAE, Reconstruction]:
    """A sparse autoencoder: many units in its code, of which few are active for any one row.

    A point mass stands in place of the posterior and a flat density in place of the prior. With kl the code is made of
    logistic units and the KL between their target activity and their mean activity over the batch is added; with l1
    the code is real and its absolute values are.

    The squared norm of the decoder's weights is penalised too, and LayerNorm is off by default: else small codes that
    the decoder blows up again cost nothing, and meet the target without being sparse.

    Args:
        data: What the data are.
        measure: kl on the mean activity of each unit, or l1 on each code.
        weight: Of that term, which is summed over units, against log-likelihoods summed over all dimensions of x.
        target: With kl: the share of the rows for which a unit should be active.
        decoder_weight: Of the squared norm of the decoder's weights.
        **parts: See `Parts`; the options of posterior and prior have no meaning here.

    Returns:
        The model and its objective.

    References:
        Lee, Ekanadham, Ng, Sparse deep belief net model for visual area V2, 2008,
        url:papers.nips.cc/paper/3313-sparse-deep-belief-net-model-for-visual-area-v2.
        Olshausen, Field, Emergence of simple-cell receptive field properties by learning a sparse code for natural
        images, 1996, doi:10.1038/381607a0.
    """
    from latentia.objectives import Reconstruction
    from latentia.objectives.penalties import AbsoluteCodes, DecoderNorm, MeanActivity
    from latentia.recipes.weights import check_shares, check_weights

    check_weights(weight=weight, decoder_weight=decoder_weight)
    check_shares(target=target)
    decay = DecoderNorm(decoder_weight)
    if measure == "l1":
        return autoencoder(data, **parts)[0], Reconstruction(penalties=(AbsoluteCodes(weight), decay))
    return _logistic(data, target, **parts), Reconstruction(penalties=(MeanActivity(weight, target), decay))


def denoising(
    data: DataSpec, /, *, noise: Corruption = "masking", level: float = 0.3, **parts: Unpack[PartOptions]
) -> tuple[VAE, Reconstruction]:
    """A denoising autoencoder: reconstructs each row from a spoilt copy, and so learns what belongs together.

    A point mass stands in place of the posterior and a flat density in place of the prior. In training the encoder
    sees x with noise while the likelihood scores x itself; in use it sees x.

    Args:
        data: What the data are.
        noise: masking sets elements to zero, salt_and_pepper to the lowest or highest value, gaussian adds to all.
            Columns of real numbers are standardised: there zero is the mean, salt and pepper two standard deviations.
        level: Share of the elements that is spoilt; for gaussian the noise's standard deviation, where pixels run from
            0 to 1 and columns have standard deviation 1.
        **parts: See `Parts`; the options of posterior and prior have no meaning here.

    Returns:
        The model and its objective.

    References:
        Vincent, Larochelle, Bengio, Manzagol, Extracting and composing robust features with denoising autoencoders,
        2008, doi:10.1145/1390156.1390294.
    """
    from latentia.errors import ConfigurationError
    from latentia.nets import Corrupted
    from latentia.recipes.weights import check_weights

    check_weights(level=level)
    if noise != "gaussian" and level > 1:
        raise ConfigurationError(f"level is {level:g}; with {noise} noise it is a share, at most 1")
    model, objective = autoencoder(data, **parts)
    if noise != "masking" and model.likelihood.space in ("counts", "mixed"):
        raise ConfigurationError(f"{noise} noise does not suit counts and mixed columns: choose masking")
    low, high = (-2.0, 2.0) if data.support == "real" else (0.0, 1.0)
    model.encoder = Corrupted(model.encoder, noise, level, low=low, high=high)
    return model, objective


def contractive(
    data: DataSpec,
    /,
    *,
    weight: float = 1.0,
    decoder_weight: float = 1e-2,
    probes: int = 1,
    **parts: Unpack[PartOptions],
) -> tuple[VAE, Reconstruction]:
    """A contractive autoencoder: its code hardly moves when x does, unless the reconstruction needs it to.

    A point mass on logistic units stands in place of the posterior and a flat density in place of the prior. The
    squared norm of the encoder's Jacobian at each row is added to the reconstruction term.

    The paper ties the weights of encoder and decoder, so that the one cannot shrink what the other blows up again.
    Here the squared norm of the decoder's weights is penalised in its stead. LayerNorm stays on: without it the code
    hardly varies at first, and its units saturate as mere offsets of the decoder.

    Args:
        data: What the data are.
        weight: Of the squared norm, which is summed over code and x, against log-likelihoods summed over all
            dimensions of x.
        decoder_weight: Of the squared norm of the decoder's weights.
        probes: Random directions in which the Jacobian is measured, without bias; 0 is exact, at the cost of one
            backward pass for each latent dimension.
        **parts: See `Parts`; the options of posterior and prior have no meaning here.

    Returns:
        The model and its objective.

    References:
        Rifai, Vincent, Muller, Glorot, Bengio, Contractive auto-encoders: Explicit invariance during feature
        extraction, 2011, url:icml.cc/2011/papers/455_icmlpaper.pdf.
    """
    from latentia.objectives import Reconstruction
    from latentia.objectives.penalties import Contraction, DecoderNorm
    from latentia.recipes.weights import check_probes, check_weights

    check_weights(weight=weight, decoder_weight=decoder_weight)
    check_probes(probes)
    penalties = (Contraction(weight, probes), DecoderNorm(decoder_weight))
    return _logistic(data, 0.5, **parts), Reconstruction(penalties=penalties)


def _logistic(data: DataSpec, initial: float, **parts: Unpack[PartOptions]) -> VAE:
    """An autoencoder with logistic units for a code."""
    from latentia.conditionals.logistic_units import LogisticUnits
    from latentia.recipes.compose import autoencoding

    return autoencoding(data, Parts(**parts), partial(LogisticUnits, initial=initial))
