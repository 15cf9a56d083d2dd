"""Latent variables on the simplex: shares that add up to one."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.distributions import Distribution

from latentia.conditionals.checks import check_positive
from latentia.conditionals.protocol import Need, lacking
from latentia.distributions import at_least_float32, dirichlet, smooth_bound
from latentia.names import Domain


class DirichletHead(nn.Module):
    r"""One Dirichlet vector from features: \(\log a_k\), each smoothly bounded to (-3, 7).

    Args:
        features: Length of the feature vector.
        dim: Number of shares.

    Shapes:
        `[*lead, features]` to a distribution with batch `[*lead]` and event `[dim]`.

    References:
        Figurnov, Mohamed, Mnih, Implicit reparameterization gradients, 2018, arXiv:1805.08498; Joo, Lee, Park, Moon,
        Dirichlet variational autoencoder, 2019, arXiv:1901.02739.

    >>> DirichletHead(4, 3)(torch.zeros(2, 4)).rsample().sum(-1).round()
    tensor([1., 1.], ...)
    """

    LOW, HIGH = -3.0, 7.0
    provides: frozenset[Need] = lacking(Need.FACTORISED)
    domain: Domain = "simplex"

    def __init__(self, features: int, dim: int) -> None:
        super().__init__()
        self.event_shape = torch.Size([dim])
        self.linear = nn.Linear(features, dim)

    def forward(self, given: Tensor) -> Distribution:
        """q(z | features)."""
        return dirichlet(smooth_bound(at_least_float32(self.linear(given)), self.LOW, self.HIGH).exp())


class DirichletPrior(nn.Module):
    """A symmetric Dirichlet distribution: uniform over the simplex at a concentration of one.

    Args:
        shape: Shape of one event: the number of shares, or several sets of them, `[variables, shares]`.
        concentration: Of every share; below one most shares are near zero, as of topics in a text.

    Raises:
        ConfigurationError: A concentration that is not positive.
    """

    provides: frozenset[Need] = lacking(Need.FACTORISED)
    domain: Domain = "simplex"

    def __init__(self, shape: int | Sequence[int], concentration: float = 1.0) -> None:
        super().__init__()
        check_positive(concentration=concentration)
        self.event_shape = torch.Size([shape] if isinstance(shape, int) else shape)
        self.register_buffer("concentration", torch.full(self.event_shape, float(concentration)), persistent=False)
        self.concentration: Tensor

    def forward(self, given: Tensor) -> Distribution:
        """p(z); what is given is ignored."""
        return dirichlet(self.concentration, len(self.event_shape))
