"""The variational autoencoder as a composition: an encoder, latent groups with a walk, and a likelihood."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import cast

import torch
from torch import Tensor, nn
from torch.distributions import Distribution

from latentia.conditionals import Conditional, Need
from latentia.distributions import draw
from latentia.latents import Draw, Given, Latents, Trace
from latentia.latents.draw import Pick


@dataclass(frozen=True, slots=True)
class Generated:
    """One walk down from the prior, and the distribution of x that it ends in.

    Attributes:
        draw: The latent variables.
        px: p(x|z), batch (1, N).
    """

    draw: Draw
    px: Distribution


class VAE(nn.Module):
    """p(x, z) = p(x|z) p(z) with an amortised posterior q(z|x).

    Everything a paper changes is a part handed in here; x is in the units of the likelihood (see `DataModel` for data
    in their own units).

    Args:
        encoder: Maps x `[B, *shape]` to evidence `[B, F]`.
        latents: A walk over latent groups (`TopDown` or `BottomUp`).
        likelihood: A conditional of the state `[K, B, S]`.
    """

    def __init__(self, encoder: nn.Module, latents: nn.Module, likelihood: nn.Module) -> None:
        super().__init__()
        self.encoder = encoder
        self.walk = latents
        self.likelihood = likelihood

    @property
    def latents(self) -> Latents:
        """The walk over the latent groups."""
        return cast(Latents, self.walk)

    @property
    def provides(self) -> frozenset[Need]:
        """What every latent group offers to an objective, and whether there is only one."""
        groups = self.latents.groups
        common = reduce(frozenset.__and__, (group.provides for group in groups))
        return common | {Need.ONE_GROUP} if len(groups) == 1 else common

    def px(self, state: Tensor) -> Distribution:
        """p(x | state), batch (K, B)."""
        return cast(Conditional, self.likelihood)(state)

    def trace(
        self,
        x: Tensor,
        *,
        num_samples: int = 1,
        context: Tensor | None = None,
        given: Given | None = None,
        evidence: Tensor | None = None,
        pick: Pick = draw,
    ) -> Trace:
        """Infer z for x and score x under it.

        Args:
            x: `[B, *shape]`.
            num_samples: K, importance samples for each x.
            context: `[B, C]` of a conditional model.
            given: Latent groups set by hand.
            evidence: What the encoder made of x, where it is known already; otherwise it is computed.
            pick: How z is taken from q: a sample, or its mean.

        Returns:
            A trace with lead (K, B).
        """
        if evidence is None:
            evidence = self.encoder(x)
        drawn = self.latents.infer(evidence, context, num_samples=num_samples, given=given, pick=pick)
        return Trace(x, drawn, self.px(drawn.state))

    def generate(
        self,
        num: int,
        *,
        context: Tensor | None = None,
        given: Given | None = None,
        temperature: float = 1.0,
    ) -> Generated:
        """Draw z from the prior, or take it as given, and return it with p(x|z).

        Args:
            num: N, how many.
            context: `[N, C]` of a conditional model.
            given: Latent groups set by hand, each broadcast to `[1, N, *event]`.
            temperature: Scales the spread of the prior; 0 takes its mean.

        Returns:
            A draw and a distribution with batch (1, N).
        """
        drawn = self.latents.generate(torch.Size([1, num]), context, given=given, temperature=temperature)
        return Generated(drawn, self.px(drawn.state))
