r"""Evidence bounds: pure functions of a trace, one number for each x, in nats.

Each is a lower bound of log p(x) in expectation. beta, free bits and annealing belong to objectives and give
no bounds.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from latentia.latents import Trace

Bound = Callable[[Trace], Tensor]


def reconstruction(trace: Trace) -> Tensor:
    r"""E_q[log p(x|z)], the first term of the ELBO.

    Args:
        trace: Lead (K, B).

    Returns:
        `[B]`, in nats.
    """
    return (trace.draw.log_r.exp() * trace.log_px).sum(0)


def divergence(trace: Trace) -> Tensor:
    r"""KL(q(z|x) || p(z)) summed over groups, the second term of the ELBO.

    Args:
        trace: Lead (K, B).

    Returns:
        `[B]`, in nats.
    """
    return (trace.draw.log_r.exp() * trace.kl.sum(0)).sum(0)


def elbo(trace: Trace) -> Tensor:
    r"""The evidence lower bound, \(E_q[\log p(x|z)] - KL(q(z|x) \| p(z))\).

    Args:
        trace: Lead (K, B); the expectation is the mean over K samples, the KL in closed form where there is one.

    Returns:
        `[B]`, in nats.

    References:
        Kingma, Welling, 2014, arXiv:1312.6114; Rezende, Mohamed, Wierstra, 2014, arXiv:1401.4082.
    """
    return reconstruction(trace) - divergence(trace)


def iwae(trace: Trace) -> Tensor:
    r"""The importance-weighted bound, \(\log \frac1K \sum_k w_k\) with \(w_k = p(x, z_k) / q(z_k|x)\).

    Args:
        trace: Lead (K, B).

    Returns:
        `[B]`, in nats: the logarithm of the mean weight itself, never a surrogate with the same gradient.

    References:
        Burda, Grosse, Salakhutdinov, Importance weighted autoencoders, 2016, arXiv:1509.00519.
    """
    return torch.logsumexp(trace.draw.log_r + trace.log_w, dim=0)


def bits_per_dim(nats: float, num_dims: int) -> float:
    """Turn a log-likelihood (or a bound) of one example into bits for each dimension.

    Args:
        nats: log p(x), in nats.
        num_dims: Dimensions of x.

    Returns:
        -nats / (num_dims ln 2); less is better.

    >>> bits_per_dim(-math.log(256) * 10, 10)
    8.0
    """
    return -nats / (num_dims * math.log(2))
