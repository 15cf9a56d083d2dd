"""What one walk knows about x: every bound is a function of it."""

from __future__ import annotations

from functools import cached_property

import torch
from torch import Tensor
from torch.distributions import Distribution

from latentia.distributions import at_least_float32, kl, kl_per_dim
from latentia.latents.draw import Draw


class Trace:
    """A draw, the data x and p(x|z); densities are computed on request and kept.

    All terms are in nats, summed over event dimensions.

    Args:
        x: `[B, *shape]`.
        drawn: The walk.
        px: p(x|z) with batch (K, B).
    """

    def __init__(self, x: Tensor, drawn: Draw, px: Distribution) -> None:
        self.x, self.draw = x, drawn
        # A likelihood that conditions on something of x, such as the total of its counts, is told x.
        self.px: Distribution = px.observe(x) if hasattr(px, "observe") else px

    @property
    def lead(self) -> torch.Size:
        """(K, B)."""
        return self.draw.log_r.shape

    def _stack(self, terms: list[Tensor]) -> Tensor:
        return torch.stack([at_least_float32(term).expand(self.lead) for term in terms])

    @cached_property
    def log_px(self) -> Tensor:
        """Log p(x|z), `[K, B]`."""
        return at_least_float32(self.px.log_prob(self.x)).expand(self.lead)

    @cached_property
    def log_pz(self) -> Tensor:
        """Log p(z_g | z_<g), `[G, K, B]`."""
        return self._stack([p.log_prob(z) for p, z in zip(self.draw.p, self.draw.z, strict=True)])

    @cached_property
    def log_qz(self) -> Tensor:
        """Log q(z_g | ..., x), `[G, K, B]`."""
        return self._stack([q.log_prob(z) for q, z in zip(self.draw.q, self.draw.z, strict=True)])

    @cached_property
    def kl(self) -> Tensor:
        """KL(q_g || p_g), `[G, K, B]`: in closed form where there is one that holds, else the sampled difference."""
        groups = enumerate(zip(self.draw.q, self.draw.p, self.draw.z, strict=True))
        return self._stack(
            [self.log_qz[g] - self.log_pz[g] if g in self.draw.entangled else kl(q, p, z) for g, (q, p, z) in groups]
        )

    @cached_property
    def log_w(self) -> Tensor:
        """Log p(x, z) - log q(z|x), `[K, B]`: the log importance weights, from the samples themselves throughout."""
        return self.log_px + (self.log_pz - self.log_qz).sum(0)

    def kl_per_dim(self, group: int) -> Tensor | None:
        """KL of every dimension of one group, `[*batch, *event]`, or None where it does not split over dimensions.

        Args:
            group: Index in the order of generation.

        Returns:
            A tensor whose batch broadcasts to (K, B).
        """
        return None if group in self.draw.entangled else kl_per_dim(self.draw.q[group], self.draw.p[group])
