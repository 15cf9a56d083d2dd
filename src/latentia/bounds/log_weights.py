r"""Means of importance weights in the log domain, each sample with its share r_k (the shares of one x sum to one)."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from latentia.errors import CompatibilityError, ConfigurationError


def power_mean(log_w: Tensor, log_r: Tensor, alpha: float) -> Tensor:
    r"""\(\frac{1}{1-\alpha} \log \sum_k r_k w_k^{1-\alpha}\), which falls as alpha rises.

    Args:
        log_w: Log-weights, `[K, ...]`.
        log_r: Log-shares, the same shape.
        alpha: 0 gives the log of the mean weight, 1 the mean log-weight (the limit), -inf the largest log-weight and
            inf the smallest.

    Returns:
        `[...]`, in nats.

    Raises:
        ConfigurationError: alpha is not a number.

    >>> w, r = torch.tensor([1.0, 4.0]), torch.tensor([0.5, 0.5])
    >>> [round(float(power_mean(w.log(), r.log(), alpha).exp()), 2) for alpha in (-math.inf, 0.0, 1.0, 2.0)]
    [4.0, 2.5, 2.0, 1.6]
    """
    if math.isnan(alpha):
        raise ConfigurationError("alpha is not a number; the Rényi bound takes any real number, or -inf")
    if alpha == 1.0:
        return (log_r.exp() * log_w).sum(0)
    if math.isinf(alpha):
        # A sample without a share does not take part.
        counted = torch.where(log_r == -math.inf, alpha, log_w)
        return counted.amax(0) if alpha < 0 else counted.amin(0)
    return torch.logsumexp(log_r + (1.0 - alpha) * log_w, dim=0) / (1.0 - alpha)


def in_groups(log_w: Tensor, log_r: Tensor, groups: int) -> tuple[Tensor, Tensor, Tensor]:
    """Split samples into consecutive groups of equal size.

    Args:
        log_w: Log-weights of M times K samples, `[M * K, B]`.
        log_r: Log-shares, the same shape.
        groups: M.

    Returns:
        Log-weights `[K, M, B]`, log-shares within each group `[K, M, B]`, and the shares of the groups `[M, B]`.

    Raises:
        CompatibilityError: The samples do not divide into so many groups.
    """
    if groups < 1 or len(log_w) % groups:
        raise CompatibilityError(
            f"{len(log_w)} samples do not make {groups} groups of equal size; draw a multiple of the number of groups"
        )
    log_w, log_r = (each.unflatten(0, (groups, -1)).transpose(0, 1) for each in (log_w, log_r))
    mass = log_r.logsumexp(0)
    return log_w, log_r - mass, mass.exp()
