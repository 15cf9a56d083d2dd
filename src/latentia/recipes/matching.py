"""The aggregate posterior matched with the prior by its samples: by a kernel, or by a critic."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from latentia.names import Kernel, KernelScale
from latentia.recipes.parts import PartOptions, Parts
from latentia.recipes.variant import with_parts

if TYPE_CHECKING:
    from latentia.data.spec import DataSpec
    from latentia.model import VAE
    from latentia.objectives import ELBO, Penalty, Reconstruction


def info_vae(
    data: DataSpec,
    /,
    *,
    alpha: float = 0.5,
    matching: float = 100.0,
    kernel: Kernel = "rbf",
    kernel_scale: KernelScale = "prior",
    **parts: Unpack[PartOptions],
) -> tuple[VAE, ELBO]:
    """The KL of each row weighs less, and the codes as a whole are held to the prior: an informative code that samples.

    The KL weighs 1 - alpha, and alpha + lambda - 1 times the maximum mean discrepancy between codes and draws from the
    prior is added. alpha = 0 and lambda = 1 is the plain VAE, alpha = 1 the MMD-VAE. The reported ELBO is the bound
    itself.

    Args:
        data: What the data are.
        alpha: How much of each row's KL is given up, at most 1; negative values weigh it more.
        matching: The paper's lambda, against log-likelihoods summed over all dimensions of x, as there (up to 1000).
        kernel: Of the discrepancy; the paper has rbf.
        kernel_scale: Of the kernel: from the prior, or the batch's median.
        **parts: See `Parts`.

    Returns:
        The model and its objective.

    References:
        Zhao, Song, Ermon, InfoVAE: Information maximizing variational autoencoders, 2017, arXiv:1706.02262.
    """
    from latentia.errors import ConfigurationError
    from latentia.objectives import ELBO
    from latentia.objectives.penalties import MMD
    from latentia.recipes.compose import flat
    from latentia.recipes.weights import check_weights

    if not alpha <= 1:
        raise ConfigurationError(f"alpha is {alpha:g}; the KL weighs 1 - alpha, so it is at most 1")
    check_weights(matching=matching)
    if alpha + matching < 1:
        raise ConfigurationError(
            f"alpha + matching - 1, the weight of the discrepancy, is {alpha + matching - 1:g}; it is zero or more"
        )
    penalty = MMD(alpha + matching - 1, kernel, kernel_scale)
    return flat(data, Parts(**parts)), ELBO(beta=1 - alpha, penalties=(penalty,))


@with_parts(posterior="point")
def wae_mmd(
    data: DataSpec,
    /,
    *,
    weight: float = 100.0,
    kernel: Kernel = "imq",
    kernel_scale: KernelScale = "prior",
    **parts: Unpack[PartOptions],
) -> tuple[VAE, Reconstruction | ELBO]:
    """The Wasserstein autoencoder: a certain code for each row, and all codes together held to the prior by a kernel.

    The posterior is a point mass (any other goes as well), the KL of each row does not count, and the maximum mean
    discrepancy between codes and draws from the prior is added. With a point mass there is no bound, and none is
    reported; samples come from the prior.

    Args:
        data: What the data are.
        weight: Of the discrepancy, against log-likelihoods summed over all dimensions of x. The paper's lambda goes
            with a squared error, which a Gaussian likelihood of scale sigma divides by 2 sigma^2: divide it likewise.
        kernel: Of the discrepancy: imq, as in the paper, or rbf.
        kernel_scale: Of the kernel: from the prior, as in the paper, or the batch's median.
        **parts: See `Parts`.

    Returns:
        The model and its objective.

    References:
        Tolstikhin, Bousquet, Gelly, Schölkopf, Wasserstein auto-encoders, 2018, arXiv:1711.01558.
    """
    from latentia.objectives.penalties import MMD
    from latentia.recipes.compose import flat
    from latentia.recipes.weights import check_weights

    check_weights(weight=weight)
    model = flat(data, Parts(**parts))
    check_prior(model, learnable=True)
    return model, _without_kl(model, MMD(weight, kernel, kernel_scale))


@with_parts(posterior="point")
def aae(
    data: DataSpec,
    /,
    *,
    weight: float = 1.0,
    critic_hidden: tuple[int, ...] = (256, 256),
    **parts: Unpack[PartOptions],
) -> tuple[VAE, Reconstruction | ELBO]:
    """The adversarial autoencoder: a certain code for each row, and all codes together held to the prior by a critic.

    The posterior is a point mass (any other goes as well), the KL of each row does not count, and a second network is
    trained beside the model to tell draws from the prior from codes, which the encoder learns to prevent. With a point
    mass there is no bound, and none is reported; samples come from the prior.

    Args:
        data: What the data are.
        weight: Of the encoder's adversarial loss, against log-likelihoods summed over all dimensions of x. The paper
            gives that loss an optimiser step of its own instead.
        critic_hidden: Hidden widths of the critic; the paper has two of 1000.
        **parts: See `Parts`.

    Returns:
        The model and its objective, with the critic.

    References:
        Makhzani, Shlens, Jaitly, Goodfellow, Frey, Adversarial autoencoders, 2016, arXiv:1511.05644.
    """
    from latentia.objectives.penalties import AdversarialPrior
    from latentia.recipes.compose import flat
    from latentia.recipes.critics import critic_of_codes
    from latentia.recipes.weights import check_weights

    check_weights(weight=weight)
    model = flat(data, Parts(**parts))
    critic = critic_of_codes(model, critic_hidden)
    check_prior(model, learnable=False)
    return model, _without_kl(model, AdversarialPrior(weight, critic))


def check_prior(model: VAE, *, learnable: bool) -> None:
    """Refuse a learned prior that nothing would teach: without the KL only its draws enter the loss.

    Args:
        model: With a single group.
        learnable: Whether the loss differentiates the draws, where they can be.

    Raises:
        CompatibilityError: The prior has weights, and they would stay as they are.
    """
    import torch

    from latentia.errors import CompatibilityError
    from latentia.latents import LatentGroup

    drawn = model.latents.generate(torch.Size([1, 2]))
    (group,) = model.latents.groups
    assert isinstance(group, LatentGroup)
    if not any(p.requires_grad for p in group.p.parameters()) or (learnable and drawn.p[0].has_rsample):
        return
    raise CompatibilityError(
        f"the prior ({type(group.p).__name__}) has weights that this objective would never change, as it looks at "
        "draws from the prior alone: choose a prior without weights, such as standard, or the recipe info_vae"
    )


def _without_kl(model: VAE, penalty: Penalty) -> Reconstruction | ELBO:
    """Reconstruction and a penalty; the bound is reported where there is one."""
    from latentia.conditionals import Need
    from latentia.objectives import ELBO, Reconstruction

    if Need.DENSITY in model.provides:
        return ELBO(beta=0.0, penalties=(penalty,))
    return Reconstruction(penalties=(penalty,))
