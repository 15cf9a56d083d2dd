"""A second VAE over the codes of the first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from latentia.recipes.parts import PartOptions, Parts, refuse_parts

if TYPE_CHECKING:
    from latentia.data.spec import DataSpec
    from latentia.model import VAE
    from latentia.objectives import TwoStage


def two_stage(
    data: DataSpec,
    /,
    *,
    share: float = 0.5,
    second_dim: int | None = None,
    second_hidden: tuple[int, ...] = (256, 256),
    **parts: Unpack[PartOptions],
) -> tuple[VAE, TwoStage]:
    """Two VAEs: the first reconstructs, the second learns where the codes of the first lie, for sharper samples.

    A second VAE over the codes takes the prior's place: p(u) p(z|u) p(x|z), inferred as q(z|x) q(u|z). The first is
    trained as if its prior were standard normal, for part of the run; the second on its codes, throughout.

    Args:
        data: What the data are.
        share: The part of the run in which the first stage is trained, in (0, 1].
        second_dim: Dimensions of u; by default as many as of z, as in the paper.
        second_hidden: Hidden widths of the second stage's networks.
        **parts: See `Parts`; `latent_dim` is that of z, and a prior is one over u.

    Returns:
        The model, with groups `u` (top) and `z`, and its objective.

    References:
        Dai, Wipf, Diagnosing and enhancing VAE models, 2019, arXiv:1903.05789.
    """
    from dataclasses import replace

    from latentia.errors import ConfigurationError
    from latentia.latents import BottomUp, LatentGroup
    from latentia.model import VAE
    from latentia.objectives import TwoStage
    from latentia.recipes.compose import check_dims, encoder, gaussian, likelihood
    from latentia.recipes.posteriors import posterior
    from latentia.recipes.priors import Ingredients, prior

    chosen = Parts(**parts)
    low = chosen.latent_dim
    high = low if second_dim is None else second_dim
    check_dims(latent_dim=low, second_dim=high, hidden=chosen.hidden, second_hidden=second_hidden or (0,))
    if not 0 < share <= 1:
        raise ConfigurationError(f"share is {share:g}; the first stage is trained in a part of the run in (0, 1]")
    refuse_parts("two_stage", chosen, "leapfrog")
    net, features = encoder(data, chosen)
    over_u = prior(Ingredients(replace(chosen, latent_dim=high)))
    top = LatentGroup("u", over_u, gaussian(low, second_hidden, high, chosen))
    falling = gaussian(high, second_hidden, low, chosen)
    lower = LatentGroup("z", falling, posterior(features, chosen), merge="replace")
    return VAE(net, BottomUp([top, lower]), likelihood(data, chosen, low)), TwoStage(share)
