"""Options that most recipes share: what stands in for each part of the composition."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, TypedDict

from latentia.names import Activation, LikelihoodName, Network, PriorName, Scale


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
    prior: Annotated[PriorName, "family of p(z)"] = "standard"
    components: Annotated[int, "mixture prior: number of Gaussians"] = 10


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
    prior: PriorName
    components: int
