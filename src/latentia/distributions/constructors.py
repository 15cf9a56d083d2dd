"""Small constructors: torch's families over whole events, unvalidated.

Support is checked once, where data enter, not in every step; and torch's global default is no contract
(`torch.compile` changes it for the whole process), so each constructor says `False` itself.
"""

from __future__ import annotations

from torch import Tensor
from torch.distributions import Bernoulli, Categorical, Distribution, Independent, MixtureSameFamily, Normal


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
    return _event(Bernoulli(logits=logits, validate_args=False), event_dims)


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
