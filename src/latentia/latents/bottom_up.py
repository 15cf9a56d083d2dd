"""The bottom-up walk: inference climbs from x, generation comes down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.distributions import Distribution

from latentia.distributions import draw
from latentia.latents.draw import Draw, Given, Group, Pick
from latentia.latents.group import resolve_given
from latentia.latents.top_down import TopDown


class BottomUp(nn.Module):
    r"""Groups with q(z|x) = q(z_G | x) prod_{g<G} q(z_g | z_{g+1}) and p(z) = prod_g p(z_g | z_<g).

    The lowest group z_G is inferred from the encoder's evidence, every higher one from the group below it. The
    posterior of a higher group therefore takes `[K, B, D_{g+1}]` where the lowest takes `[B, F]`.

    Args:
        groups: In the order of generation, the top group first.

    References:
        Burda, Grosse, Salakhutdinov, Importance weighted autoencoders, 2016, arXiv:1509.00519 (two stochastic layers);
        Rezende, Mohamed, Wierstra, 2014, arXiv:1401.4082.
    """

    def __init__(self, groups: Sequence[nn.Module]) -> None:
        super().__init__()
        self.down = TopDown(groups)

    @property
    def groups(self) -> Sequence[Group]:
        """The groups, top first."""
        return self.down.groups

    def infer(
        self,
        evidence: Tensor,
        context: Tensor | None = None,
        *,
        num_samples: int = 1,
        given: Given | None = None,
        pick: Pick = draw,
    ) -> Draw:
        """Climb: draw z_G from q(z_G | x), then each group above from the one below, unless given.

        Args:
            evidence: `[B, F]` from the encoder.
            context: `[B, C]` of a conditional model, part of the generative state only.
            num_samples: K.
            given: Values set by hand.
            pick: How a value is taken from q: a sample, or its mean.

        Returns:
            A draw with lead (K, B).
        """
        lead = torch.Size([num_samples, evidence.shape[0]])
        fixed = resolve_given(self.groups, given, lead)
        z: dict[str, Tensor] = {}
        q: list[Distribution] = []
        for group in reversed(self.groups):
            posterior = group.posterior(evidence, evidence)
            z[group.name] = fixed[group.name] if group.name in fixed else pick(posterior, lead)
            q.insert(0, posterior)
            evidence = z[group.name].flatten(2)
        # With every z set, the way down only collects p(z_g | z_<g) and the state.
        drawn = self.down.generate(lead, context, given=z)
        return replace(drawn, q=tuple(q), entangled=frozenset(range(1, len(q))))

    def generate(
        self,
        lead: torch.Size,
        context: Tensor | None = None,
        *,
        given: Given | None = None,
        temperature: float = 1.0,
    ) -> Draw:
        """Come down: draw every group from p(z_g | z_<g), unless given (see `TopDown.generate`)."""
        return self.down.generate(lead, context, given=given, temperature=temperature)
