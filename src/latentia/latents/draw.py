"""The protocols of the walk, and the value it returns.

Shapes: K importance samples, B batch, G groups, `lead = (K, B)`. A state is `[K, B, S]`: what has been drawn so far, as
the next group and at last the likelihood consume it. Evidence is `[B, F]`: what the encoder made of x.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor
from torch.distributions import Distribution

from latentia.conditionals import Need

Given = Mapping[str, Tensor]
"""Latent groups whose value is set by hand: name to `[*event]`, `[B, *event]` or `[K, B, *event]`."""
Pick = Callable[[Distribution, torch.Size], Tensor]
"""How a value is taken from a distribution: `draw` for a sample, `factor_means` for the mean."""


@dataclass(frozen=True, slots=True)
class Draw:
    """One walk over all groups, in the order of generation (the top group first).

    Attributes:
        state: `[K, B, S]`, what the likelihood consumes.
        z: G tensors `[K, B, *event_g]`.
        p: p(z_g | z_<g), each with a batch that broadcasts to (K, B).
        q: q(z_g | ..., x); in generation the same objects as `p`.
        log_r: `[K, B]`, log-weight of each sample: -log K for exchangeable samples, log q(y|x) where y is enumerated.
        entangled: Indices of groups for which p(z_g | z_<g) is given something that was inferred from z_g itself. The
            mean of log q - log p is then over both together, and KL(q || p), which averages over a z_g that has
            nothing to do with the condition, is another number: the sampled difference takes its place.
    """

    state: Tensor
    z: tuple[Tensor, ...]
    p: tuple[Distribution, ...]
    q: tuple[Distribution, ...]
    log_r: Tensor
    entangled: frozenset[int] = frozenset()


class Group(Protocol):
    """One latent group z_g."""

    name: str
    event_shape: torch.Size
    provides: frozenset[Need]

    def prior(self, state: Tensor) -> tuple[Distribution, Tensor]:
        """p(z_g | z_<g), and the state as the prior's network leaves it."""
        ...

    def posterior(self, state: Tensor, evidence: Tensor) -> Distribution:
        """q(z_g | z_<g, x)."""
        ...

    def merge(self, state: Tensor, z: Tensor) -> Tensor:
        """The state after z_g."""
        ...


class Latents(Protocol):
    """A walk over groups."""

    groups: Sequence[Group]

    def infer(
        self,
        evidence: Tensor,
        context: Tensor | None = None,
        *,
        num_samples: int = 1,
        given: Given | None = None,
        pick: Pick = ...,
    ) -> Draw:
        """Draw every group from its posterior, unless given."""
        ...

    def generate(
        self,
        lead: torch.Size,
        context: Tensor | None = None,
        *,
        given: Given | None = None,
        temperature: float = 1.0,
    ) -> Draw:
        """Draw every group from its prior, unless given."""
        ...


def uniform_weights(lead: torch.Size, like: Tensor) -> Tensor:
    """-log K for every sample, `[K, B]`.

    Args:
        lead: (K, B).
        like: A tensor whose dtype and device to take.

    Returns:
        `[K, B]`.
    """
    return torch.full(lead, -math.log(lead[0]), dtype=like.dtype, device=like.device)
