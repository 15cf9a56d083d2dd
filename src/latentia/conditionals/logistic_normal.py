"""The Gaussian that stands in for a Dirichlet prior behind a softmax."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.distributions import Distribution

from latentia.conditionals.protocol import EVERYTHING, Need
from latentia.distributions import normal
from latentia.errors import ConfigurationError
from latentia.names import Domain


class DirichletApproximation(nn.Module):
    r"""Laplace's approximation to a symmetric Dirichlet in the softmax basis: \(N(0, \frac1\alpha(1 - \frac1T) I)\).

    Args:
        dim: Number of topics T.
        concentration: alpha; small values ask for few topics a document.

    Raises:
        ConfigurationError: A concentration that is not positive.

    References:
        Srivastava, Sutton, 2017, arXiv:1703.01488, equation 2; MacKay, Choice of basis for Laplace approximation, 1998,
        doi:10.1023/A:1007558615313.

    >>> DirichletApproximation(4, 0.5)(torch.empty(0)).variance
    tensor([1.5000, 1.5000, 1.5000, 1.5000])
    """

    provides: frozenset[Need] = EVERYTHING
    domain: Domain = "real"

    def __init__(self, dim: int, concentration: float) -> None:
        super().__init__()
        if not concentration > 0:
            raise ConfigurationError(f"concentration is {concentration:g}; a Dirichlet's is positive")
        self.event_shape = torch.Size([dim])
        # One topic alone is certain; its Gaussian keeps a density.
        scale = ((1 - 1 / dim) / concentration) ** 0.5 if dim > 1 else 1.0
        self.register_buffer("loc", torch.zeros(dim), persistent=False)
        self.register_buffer("scale", torch.full((dim,), scale), persistent=False)
        self.loc: Tensor
        self.scale: Tensor

    def forward(self, given: Tensor) -> Distribution:
        """p(z); what is given is ignored."""
        return normal(self.loc, self.scale)
