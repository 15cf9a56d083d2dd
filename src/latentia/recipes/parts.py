"""Options that most recipes share: what stands in for each part of the composition."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, TypedDict

from latentia.errors import ConfigurationError
from latentia.names import Activation, LikelihoodName, Network, PosteriorName, PriorName, Scale


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The parts of a flat model, each an independent choice."""

    latent_dim: Annotated[int, "latent dimensions"] = 16
    network: Annotated[Network, "encoder and decoder; auto: conv for colour or over 1024 pixels"] = "auto"
    hidden: Annotated[tuple[int, ...], "mlp: the encoder's hidden widths; the decoder mirrors them"] = (256, 256)
    width: Annotated[int, "conv: channels of the finest stage, doubling up to four times this"] = 16
    blocks: Annotated[int, "conv: residual blocks a stage"] = 1
    activation: Annotated[Activation, "mlp: activation"] = "silu"
    norm: Annotated[bool, "mlp: LayerNorm before every activation"] = True
    likelihood: Annotated[LikelihoodName | None, "family of p(x|z); by default chosen from the data"] = None
    scale: Annotated[Scale | None, "origin of the likelihood's scale; by default shared (gaussian) or predicted"] = None
    sigma: Annotated[float | None, "fixed or initial scale, in the units of x (by default from the data)"] = None
    logistics: Annotated[int, "logistic_mixture: components of each pixel"] = 5
    freedom: Annotated[float | None, "student_t: degrees of freedom, above 2; by default learned"] = None
    posterior: Annotated[PosteriorName, "family of q(z|x)"] = "diagonal"
    prior: Annotated[PriorName | None, "family of p(z); by default the one that suits the posterior"] = None
    components: Annotated[int, "mixture and vamp priors: number of components"] = 10
    transforms: Annotated[int, "flow posteriors and priors: number of transformations"] = 4
    rank: Annotated[int, "low_rank posterior: rank of the covariance beside its diagonal"] = 2
    concentration: Annotated[float, "gamma, beta and dirichlet priors: their concentration"] = 1.0
    categories: Annotated[int, "categorical latent variables: values of each"] = 10
    relaxation: Annotated[float, "relaxed latent variables: temperature"] = 0.67
    leapfrog: Annotated[int, "Hamiltonian refinement of the posterior: leapfrog steps"] = 0


def refuse_parts(recipe: str, chosen: Parts, *names: str) -> None:
    """Refuse parts that a recipe fixes itself, so that none is ignored without a word.

    Args:
        recipe: The recipe.
        chosen: The parts as asked for.
        names: Those that the recipe has of its own.

    Raises:
        ConfigurationError: One of them was asked for.

    >>> refuse_parts("top_down", Parts(), "posterior", "leapfrog")
    """
    default = Parts()
    for name in names:
        if (value := getattr(chosen, name)) != getattr(default, name):
            raise ConfigurationError(
                f"{recipe} has a {name} of its own, and {value} was given: leave {name} out, or use the vae recipe"
            )


class PartOptions(TypedDict, total=False):
    """`Parts` as keyword arguments, for signatures."""

    latent_dim: int
    network: Network
    hidden: tuple[int, ...]
    width: int
    blocks: int
    activation: Activation
    norm: bool
    likelihood: LikelihoodName | None
    scale: Scale | None
    sigma: float | None
    logistics: int
    freedom: float | None
    posterior: PosteriorName
    prior: PriorName | None
    components: int
    transforms: int
    rank: int
    concentration: float
    categories: int
    relaxation: float
    leapfrog: int
