"""A posterior factor from which the group above is inferred."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.distributions import Distribution

from latentia.conditionals.protocol import Conditional, Need
from latentia.distributions.coupled import Coupled
from latentia.names import Domain


class CoupledPosterior(nn.Module):
    """q(z|x) for a group of a bottom-up walk that is not the top one: its divergence is sampled (see `Coupled`).

    Args:
        inner: The posterior.
    """

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner
        self.event_shape = cast(torch.Size, inner.event_shape)
        self.provides = cast(frozenset[Need], inner.provides) - {Need.FACTORISED}
        self.domain = cast(Domain, inner.domain)

    def forward(self, given: Tensor) -> Distribution:
        """q(z | features)."""
        return Coupled(cast(Conditional, self.inner)(given))
