"""Posterior heads whose latent dimensions are correlated."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.distributions import Distribution

from latentia.conditionals.protocol import Need, lacking
from latentia.distributions import FactorNormal, at_least_float32, full_normal, smooth_bound
from latentia.errors import ConfigurationError
from latentia.names import Domain


class FullNormal(nn.Module):
    r"""A Gaussian with any covariance from features, \(N(\mu, L L^\top)\) with \(L = S (I + B)\).

    One linear map gives the mean, log s, smoothly bounded to (-8, 8), on the diagonal of S, and B, which is strictly
    lower triangular. In units of each dimension's own spread the dependencies need not follow when it shrinks; they
    start at zero, so that training starts from the diagonal Gaussian. The map has d(d+1)/2 outputs beside the mean:
    `LowRankNormal` where d is large.

    Args:
        features: Length of the feature vector.
        dim: Number of latent dimensions.

    Shapes:
        `[*lead, features]` to a distribution with batch `[*lead]` and event `[dim]`.

    References:
        Kingma, Welling, An introduction to variational autoencoders, 2019, arXiv:1906.02691, section 2.5.1.

    >>> FullNormal(4, 2)(torch.zeros(3, 4)).covariance_matrix.shape
    torch.Size([3, 2, 2])
    """

    LOW, HIGH = -8.0, 8.0
    provides: frozenset[Need] = lacking(Need.FACTORISED)
    domain: Domain = "real"

    def __init__(self, features: int, dim: int) -> None:
        super().__init__()
        self.event_shape = torch.Size([dim])
        self.linear = nn.Linear(features, 2 * dim + dim * (dim - 1) // 2)
        self.register_buffer("below", torch.tril_indices(dim, dim, -1), persistent=False)
        self.below: Tensor
        with torch.no_grad():
            self.linear.weight[2 * dim :].zero_()
            self.linear.bias[2 * dim :].zero_()

    def forward(self, given: Tensor) -> Distribution:
        """q(z | features)."""
        dim = self.event_shape[0]
        loc, raw, below = at_least_float32(self.linear(given)).split([dim, dim, self.below.shape[1]], dim=-1)
        scale = smooth_bound(raw, self.LOW, self.HIGH).exp()
        factor = torch.diag_embed(scale)
        factor[..., self.below[0], self.below[1]] = scale[..., self.below[0]] * below
        return full_normal(loc, factor)


class LowRankNormal(nn.Module):
    r"""A Gaussian with a few common factors from features, covariance \(S (I + V V^\top) S\) with S = diag(s).

    One linear map gives the mean, log s, smoothly bounded to (-8, 8), and the loadings V, smoothly bounded to
    (-30, 30): two dimensions may correlate to 0.999, and float32 keeps I + V'V positive definite. The loadings start
    small, so that training starts near the diagonal Gaussian (not at it: by symmetry nothing would move them from 0).

    Args:
        features: Length of the feature vector.
        dim: d, number of latent dimensions.
        rank: Number of factors, from 1 to d.

    Raises:
        ConfigurationError: A rank that is none.

    References:
        Rezende, Mohamed, Wierstra, Stochastic backpropagation and approximate inference in deep generative models,
        2014, arXiv:1401.4082, section 4.3 (one factor, in the precision); Ong, Nott, Smith, Gaussian variational
        approximation with a factor covariance structure, 2018, arXiv:1701.03208.

    >>> LowRankNormal(4, 3, 1)(torch.zeros(5, 4)).rsample().shape
    torch.Size([5, 3])
    """

    LOW, HIGH = -8.0, 8.0
    LOADING = 30.0
    START = 0.1
    provides: frozenset[Need] = lacking(Need.FACTORISED)
    domain: Domain = "real"

    def __init__(self, features: int, dim: int, rank: int) -> None:
        super().__init__()
        if not 1 <= rank <= dim:
            raise ConfigurationError(
                f"rank is {rank}; a low-rank posterior over {dim} latent dimensions has a rank from 1 to {dim} "
                "(posterior diagonal is rank 0, posterior full has every covariance)"
            )
        self.event_shape, self.rank = torch.Size([dim]), rank
        self.linear = nn.Linear(features, (2 + rank) * dim)
        with torch.no_grad():
            self.linear.weight[2 * dim :].mul_(self.START)
            self.linear.bias[2 * dim :].mul_(self.START)

    def extra_repr(self) -> str:
        """The rank."""
        return f"rank={self.rank}"

    def forward(self, given: Tensor) -> Distribution:
        """q(z | features)."""
        dim = self.event_shape[0]
        loc, raw, loading = at_least_float32(self.linear(given)).split([dim, dim, self.rank * dim], dim=-1)
        scale = smooth_bound(raw, self.LOW, self.HIGH).exp()
        loading = smooth_bound(loading, -self.LOADING, self.LOADING).unflatten(-1, (dim, self.rank))
        return FactorNormal(loc, scale, loading)
