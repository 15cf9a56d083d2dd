"""Deterministic autoencoders with a tame code and a tame decoder in place of noise and prior."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from latentia.recipes.autoencoder import autoencoder
from latentia.recipes.parts import PartOptions
from latentia.recipes.variant import with_parts

if TYPE_CHECKING:
    from latentia.data.spec import DataSpec
    from latentia.model import VAE
    from latentia.objectives import Reconstruction


@with_parts(norm=False)
def rae_l2(
    data: DataSpec, /, *, code_weight: float = 0.1, decoder_weight: float = 1e-3, **parts: Unpack[PartOptions]
) -> tuple[VAE, Reconstruction]:
    """A regularised autoencoder: codes near the origin, and a decoder with small weights.

    A point mass stands in place of the posterior and a flat density in place of the prior. Half the squared norm of
    the codes and the squared norm of the decoder's weights are added to the reconstruction term. Fit a density to the
    codes afterwards to sample.

    LayerNorm is off by default: it would undo what small weights do.

    Args:
        data: What the data are.
        code_weight: Of half the squared norm of the code, against log-likelihoods summed over all dimensions of x. The
            paper's weights go with a squared error, which a Gaussian likelihood of scale sigma divides by 2 sigma^2:
            divide them likewise.
        decoder_weight: Of the squared norm of the decoder's weights, likewise.
        **parts: See `Parts`; the options of the prior have no meaning here.

    Returns:
        The model and its objective.

    References:
        Ghosh, Sajjadi, Vergari, Black, Schölkopf, From variational to deterministic autoencoders, 2020,
        arXiv:1903.12436.
    """
    from latentia.objectives import Reconstruction
    from latentia.objectives.penalties import CodeNorm, DecoderNorm
    from latentia.recipes.weights import check_weights

    check_weights(code_weight=code_weight, decoder_weight=decoder_weight)
    model, _ = autoencoder(data, **parts)
    return model, Reconstruction(penalties=(CodeNorm(code_weight), DecoderNorm(decoder_weight)))


@with_parts(norm=False)
def rae_gp(
    data: DataSpec,
    /,
    *,
    code_weight: float = 0.1,
    gradient_weight: float = 1e-2,
    probes: int = 1,
    **parts: Unpack[PartOptions],
) -> tuple[VAE, Reconstruction]:
    """A regularised autoencoder: codes near the origin, and a decoder with small gradients.

    A point mass stands in place of the posterior and a flat density in place of the prior. Half the squared norm of
    the codes and half the squared norm of the decoder's Jacobian are added to the reconstruction term. Fit a density
    to the codes afterwards to sample.

    Args:
        data: What the data are.
        code_weight: Of half the squared norm of the code, against log-likelihoods summed over all dimensions of x. The
            paper's weights go with a squared error, which a Gaussian likelihood of scale sigma divides by 2 sigma^2:
            divide them likewise.
        gradient_weight: Of half the squared norm of the Jacobian, likewise.
        probes: Random directions in which the Jacobian is measured, without bias; 0 is exact, at the cost of one pass
            for each latent dimension.
        **parts: See `Parts`; the options of the prior have no meaning here.

    Returns:
        The model and its objective.

    References:
        Ghosh, Sajjadi, Vergari, Black, Schölkopf, From variational to deterministic autoencoders, 2020,
        arXiv:1903.12436.
    """
    from latentia.objectives import Reconstruction
    from latentia.objectives.penalties import CodeNorm, DecoderGradient
    from latentia.recipes.weights import check_probes, check_weights

    check_weights(code_weight=code_weight, gradient_weight=gradient_weight)
    check_probes(probes)
    model, _ = autoencoder(data, **parts)
    return model, Reconstruction(penalties=(CodeNorm(code_weight), DecoderGradient(gradient_weight, probes)))


@with_parts(norm=False)
def rae_sn(
    data: DataSpec, /, *, code_weight: float = 0.1, slope: float = 20.0, **parts: Unpack[PartOptions]
) -> tuple[VAE, Reconstruction]:
    """A regularised autoencoder: codes near the origin, and a decoder whose every layer has spectral norm one.

    A point mass stands in place of the posterior and a flat density in place of the prior. Half the squared norm of
    the codes is added to the reconstruction term, and each weight matrix of the decoder is divided by its largest
    singular value, so that its outputs move by at most `slope` times as much as a code does. Fit a density to the
    codes afterwards to sample.

    LayerNorm is off by default: it would undo the bound. Convolutional decoders keep their GroupNorm, as the paper's
    keep batch normalisation, and with it no strict bound holds.

    Args:
        data: What the data are.
        code_weight: Of half the squared norm of the code, against log-likelihoods summed over all dimensions of x. The
            paper's weight goes with a squared error, which a Gaussian likelihood of scale sigma divides by 2 sigma^2:
            divide it likewise.
        slope: Largest ratio of a change of the decoder's outputs to that of a code. The paper's is 1, with outputs
            between 0 and 1; log-odds and scaled values need a steeper decoder.
        **parts: See `Parts`; the options of the prior have no meaning here.

    Returns:
        The model and its objective.

    References:
        Ghosh, Sajjadi, Vergari, Black, Schölkopf, From variational to deterministic autoencoders, 2020,
        arXiv:1903.12436.
        Miyato, Kataoka, Koyama, Yoshida, Spectral normalization for generative adversarial networks, 2018,
        arXiv:1802.05957.
    """
    from torch import nn

    from latentia.conditionals import Likelihood
    from latentia.nets import spectrally_normalised
    from latentia.nets.spectral import Slope
    from latentia.objectives import Reconstruction
    from latentia.objectives.penalties import CodeNorm
    from latentia.recipes.weights import check_weights

    check_weights(code_weight=code_weight, slope=slope)
    model, _ = autoencoder(data, **parts)
    assert isinstance(model.likelihood, Likelihood)  # autoencoder builds no other
    model.likelihood.net = nn.Sequential(Slope(slope), spectrally_normalised(model.likelihood.net))
    return model, Reconstruction(penalties=(CodeNorm(code_weight),))
