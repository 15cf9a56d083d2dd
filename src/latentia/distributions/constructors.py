"""Small constructors: torch's families over whole events, unvalidated.

Support is checked once, where data enter, not in every step; and torch's global default is no contract
(`torch.compile` changes it for the whole process), so each constructor says `False` itself.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.distributions import Bernoulli, Categorical, Distribution, Independent, MixtureSameFamily, Normal
from torch.nn.functional import softplus


def _event(base: Distribution, event_dims: int) -> Distribution:
    return Independent(base, event_dims, validate_args=False) if event_dims else base


def normal(loc: Tensor, scale: Tensor, event_dims: int = 1) -> Distribution:
    """A Gaussian with independent dimensions, N(loc, diag(scale^2)).

    Args:
        loc: Means, `[*batch, *event]`.
        scale: Standard deviations, positive, broadcastable to `loc`.
        event_dims: How many trailing dimensions form one event.

    Returns:
        A distribution whose `log_prob` is summed over the event, in nats.

    >>> import torch
    >>> normal(torch.zeros(2, 3), torch.ones(3)).log_prob(torch.zeros(2, 3)).shape
    torch.Size([2])
    """
    return _event(Normal(loc, scale, validate_args=False), event_dims)


def bernoulli(logits: Tensor, event_dims: int = 1) -> Distribution:
    """Independent coin tosses given by their log-odds.

    Args:
        logits: Log-odds, `[*batch, *event]`.
        event_dims: How many trailing dimensions form one event.

    Returns:
        A distribution over {0, 1} whose `log_prob` is summed over the event.
    """
    base = Bernoulli(logits=logits, validate_args=False)
    return _Coins(base, event_dims, validate_args=False) if event_dims else base


class _Coins(Independent):  # type: ignore[type-arg] # not generic in the oldest torch
    """Coin tosses over whole events, scored with as few passes over the log-odds as there are."""

    def log_prob(self, value: Tensor) -> Tensor:
        """The sum of x l - log(1 + e^l) over the event."""
        logits = self.base_dist.logits
        # Above the threshold log(1 + e^l) is l itself, to the last digit of a double.
        negative = softplus(logits, threshold=40.0)
        if torch.is_grad_enabled() or value.dim() > logits.dim() or value.dtype != logits.dtype:
            negative = torch.addcmul(negative, logits, value, value=-1)
        else:
            negative.addcmul_(logits, value, value=-1)
        return -negative.flatten(-self.reinterpreted_batch_ndims).sum(-1)


def mixture_of_normals(logits: Tensor, loc: Tensor, scale: Tensor) -> Distribution:
    r"""A mixture of diagonal Gaussians, \(\sum_c \pi_c N(\mu_c, diag(\sigma_c^2))\).

    Args:
        logits: Unnormalised log-weights, `[*batch, C]`.
        loc: Component means, `[*batch, C, D]`.
        scale: Component standard deviations, `[*batch, C, D]`.

    Returns:
        A distribution over vectors `[D]`.
    """
    weights = Categorical(logits=logits, validate_args=False)
    return MixtureSameFamily(weights, normal(loc, scale), validate_args=False)
