"""Reconstructions judged by the features of a critic that also judges samples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from latentia.recipes.parts import PartOptions, Parts

if TYPE_CHECKING:
    from latentia.data.spec import DataSpec
    from latentia.model import VAE
    from latentia.objectives import ELBO


def vae_gan(
    data: DataSpec,
    /,
    *,
    feature_weight: float = 1.0,
    adversarial_weight: float = 1.0,
    pixel_weight: float = 1.0,
    critic_hidden: tuple[int, ...] = (256, 128),
    **parts: Unpack[PartOptions],
) -> tuple[VAE, ELBO]:
    """The plain VAE with a critic beside it: its features compare reconstructions, its verdict sharpens the decoder.

    A second network is trained to tell data from reconstructions and samples. Half the squared distance of its
    features of x and of the reconstruction is added to the loss, and for the decoder alone the cost of being
    recognised. Unlike in the paper the likelihood of the pixels stays, with a weight of its own (0 is the paper), so
    that the reported ELBO, the bound itself, means something.

    The critic sees the mean of p(x|z). Where x is binary it sees at once which are probabilities: the adversarial part
    is made for grey and colour pictures and for real columns.

    Args:
        data: What the data are.
        feature_weight: Of the squared distance of features.
        adversarial_weight: Of the decoder's cost of being recognised.
        pixel_weight: Of the log-likelihood, which is summed over all dimensions of x.
        critic_hidden: Hidden widths of an mlp critic; over convolutions only the last one counts, the number of
            features.
        **parts: See `Parts`.

    Returns:
        The model and its objective, with the critic.

    References:
        Larsen, Sønderby, Larochelle, Winther, Autoencoding beyond pixels using a learned similarity metric, 2016,
        arXiv:1512.09300.
    """
    from latentia.objectives import ELBO
    from latentia.objectives.penalties import FeatureGAN
    from latentia.recipes.compose import flat
    from latentia.recipes.critics import critic_of_data
    from latentia.recipes.weights import check_weights

    check_weights(feature_weight=feature_weight, adversarial_weight=adversarial_weight, pixel_weight=pixel_weight)
    chosen = Parts(**parts)
    model = flat(data, chosen)
    critic = critic_of_data(data, chosen, critic_hidden)
    return model, ELBO(penalties=(FeatureGAN(critic, feature_weight, adversarial_weight, pixel_weight),))
