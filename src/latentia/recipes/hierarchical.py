"""Two groups of latent variables: the walk shown to be general."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from latentia.recipes.parts import PartOptions, Parts, refuse_parts

if TYPE_CHECKING:
    from latentia.data.spec import DataSpec
    from latentia.model import VAE
    from latentia.objectives import ELBO, IWAE


def top_down(
    data: DataSpec, /, *, top_dim: int = 8, between: tuple[int, ...] = (128,), **parts: Unpack[PartOptions]
) -> tuple[VAE, ELBO]:
    """Two groups with top-down inference: the posterior of the lower group looks at x and at the group above.

    Two groups of latent variables in place of one: p(z1) p(z2|z1), inferred as q(z1|x) q(z2|z1, x).

    Args:
        data: What the data are.
        top_dim: Dimensions of the upper group; `latent_dim` are those of the lower one.
        between: Hidden widths of the networks between the groups.
        **parts: See `Parts`.

    Returns:
        The model, with groups `z1` (top) and `z2`, and its objective.

    References:
        Sønderby, Raiko, Maaløe, Sønderby, Winther, Ladder variational autoencoders, 2016, arXiv:1602.02282.
    """
    from dataclasses import replace

    from latentia.conditionals import DiagonalNormal
    from latentia.latents import LatentGroup, TopDown, WithState
    from latentia.model import VAE
    from latentia.objectives import ELBO
    from latentia.recipes.compose import check_dims, encoder, gaussian, likelihood
    from latentia.recipes.priors import Ingredients, prior

    chosen = Parts(**parts)
    refuse_parts("top_down", chosen, "posterior", "leapfrog")
    low = chosen.latent_dim
    check_dims(latent_dim=low, top_dim=top_dim, hidden=chosen.hidden, between=between or (0,))
    net, features = encoder(data, chosen)

    inner = gaussian(top_dim + features, between, low, chosen)
    top = LatentGroup("z1", prior(Ingredients(replace(chosen, latent_dim=top_dim))), DiagonalNormal(features, top_dim))
    lower = LatentGroup("z2", gaussian(top_dim, between, low, chosen), WithState(inner))
    return VAE(net, TopDown([top, lower]), likelihood(data, chosen, top_dim + low)), ELBO()


def bottom_up(
    data: DataSpec,
    /,
    *,
    top_dim: int = 8,
    between: tuple[int, ...] = (100, 100),
    num_samples: int = 1,
    **parts: Unpack[PartOptions],
) -> tuple[VAE, IWAE]:
    """Two stochastic layers as a Markov chain, inferred from the bottom up, on the importance-weighted bound.

    Two groups in place of one, p(z1) p(z2|z1) p(x|z2), inferred as q(z2|x) q(z1|z2), and the IWAE bound in place of
    the ELBO.

    Args:
        data: What the data are.
        top_dim: Dimensions of the upper layer; `latent_dim` are those of the lower one.
        between: Hidden widths of the networks between the layers.
        num_samples: K of the bound; 1 is the ELBO with a sampled KL.
        **parts: See `Parts`.

    Returns:
        The model, with groups `z1` (top) and `z2`, and its objective.

    References:
        Burda, Grosse, Salakhutdinov, Importance weighted autoencoders, 2016, arXiv:1509.00519, section 5.
    """
    from dataclasses import replace

    from latentia.conditionals import DiagonalNormal
    from latentia.latents import BottomUp, LatentGroup
    from latentia.model import VAE
    from latentia.objectives import IWAE
    from latentia.recipes.compose import check_dims, encoder, gaussian, likelihood
    from latentia.recipes.priors import Ingredients, prior

    chosen = Parts(**parts)
    refuse_parts("bottom_up", chosen, "posterior", "leapfrog")
    low = chosen.latent_dim
    check_dims(latent_dim=low, top_dim=top_dim, hidden=chosen.hidden, between=between or (0,), num_samples=num_samples)
    net, features = encoder(data, chosen)

    rising = gaussian(low, between, top_dim, chosen)
    top = LatentGroup("z1", prior(Ingredients(replace(chosen, latent_dim=top_dim))), rising)
    falling = gaussian(top_dim, between, low, chosen)
    lower = LatentGroup("z2", falling, DiagonalNormal(features, low), merge="replace")
    return VAE(net, BottomUp([top, lower]), likelihood(data, chosen, low)), IWAE(num_samples)
