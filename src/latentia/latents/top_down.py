"""The top-down walk: inference and generation visit the groups in the same order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain
from typing import cast

import torch
from torch import Tensor, nn
from torch.distributions import Distribution

from latentia.distributions import draw, temper
from latentia.latents.draw import Draw, Given, Group, Pick, uniform_weights
from latentia.latents.group import initial_state, resolve_given


class TopDown(nn.Module):
    r"""Groups z_1, ..., z_G with p(z) = prod_g p(z_g | z_<g) and q(z|x) = prod_g q(z_g | z_<g, x).

    A flat VAE is the walk over one group. The walk is written once: where each z comes from (the posterior, the
    prior, or given by hand) is its argument.

    Args:
        groups: In the order of generation.

    References:
        Sønderby and others, Ladder variational autoencoders, 2016, arXiv:1602.02282.
    """

    def __init__(self, groups: Sequence[nn.Module]) -> None:
        super().__init__()
        self.modules_of_groups = nn.ModuleList(groups)

    @property
    def groups(self) -> Sequence[Group]:
        """The groups, top first."""
        return cast(Sequence[Group], self.modules_of_groups)

    def infer(
        self,
        evidence: Tensor,
        context: Tensor | None = None,
        *,
        num_samples: int = 1,
        given: Given | None = None,
        pick: Pick = draw,
    ) -> Draw:
        """Draw every group from q(z_g | z_<g, x), unless given.

        Args:
            evidence: `[B, F]` from the encoder.
            context: `[B, C]` of a conditional model.
            num_samples: K.
            given: Values set by hand.
            pick: How a value is taken from q: a sample, or its mean.

        Returns:
            A draw with lead (K, B).
        """

        def source(group: Group, state: Tensor, p: Distribution) -> tuple[Distribution, Distribution]:
            q = group.posterior(state, evidence)
            return q, q

        lead = torch.Size([num_samples, evidence.shape[0]])
        return self._walk(lead, initial_state(lead, context, evidence), source, given, pick)

    def generate(
        self,
        lead: torch.Size,
        context: Tensor | None = None,
        *,
        given: Given | None = None,
        temperature: float = 1.0,
    ) -> Draw:
        """Draw every group from p(z_g | z_<g), unless given.

        Args:
            lead: (K, B).
            context: `[B, C]` of a conditional model.
            given: Values set by hand.
            temperature: Scales the spread of every prior; 0 takes the means.

        Returns:
            A draw whose `q` is its `p` (the prior itself, whatever the temperature).
        """

        def source(group: Group, state: Tensor, p: Distribution) -> tuple[Distribution, Distribution]:
            return temper(p, temperature), p

        like = next(chain(self.parameters(), self.buffers()), torch.empty(0))
        return self._walk(lead, initial_state(lead, context, like), source, given, draw)

    def _walk(
        self,
        lead: torch.Size,
        state: Tensor,
        source: Callable[[Group, Tensor, Distribution], tuple[Distribution, Distribution]],
        given: Given | None,
        pick: Pick,
    ) -> Draw:
        fixed = resolve_given(self.groups, given, lead)
        z_all: list[Tensor] = []
        p_all: list[Distribution] = []
        q_all: list[Distribution] = []
        for group in self.groups:
            p, state = group.prior(state)
            origin, q = source(group, state, p)
            z = fixed[group.name] if group.name in fixed else pick(origin, lead)
            state = group.merge(state, z)
            z_all.append(z)
            p_all.append(p)
            q_all.append(q)
        return Draw(state, tuple(z_all), tuple(p_all), tuple(q_all), uniform_weights(lead, state))
