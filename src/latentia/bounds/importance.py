r"""Bounds from importance weights \(w_k = p(x, z_k) / q(z_k|x)\)."""

from __future__ import annotations

from torch import Tensor

from latentia.bounds.elbo import elbo
from latentia.bounds.log_weights import in_groups, power_mean
from latentia.latents import Trace


def iwae(trace: Trace) -> Tensor:
    r"""The importance-weighted bound, \(\log \frac1K \sum_k w_k\).

    Args:
        trace: Lead (K, B).

    Returns:
        `[B]`, in nats: the logarithm of the mean weight itself, never a surrogate with the same gradient.

    References:
        Burda, Grosse, Salakhutdinov, Importance weighted autoencoders, 2016, arXiv:1509.00519.
    """
    return power_mean(trace.log_w, trace.draw.log_r, 0.0)


def miwae(trace: Trace, groups: int) -> Tensor:
    r"""The mean of M importance-weighted bounds with K samples each, \(\frac1M \sum_m \log \frac1K \sum_k w_{mk}\).

    Args:
        trace: Lead (M K, B); consecutive samples form a group.
        groups: M. One group gives the bound over all samples, as many groups as samples the mean log-weight.

    Returns:
        `[B]`, in nats.

    References:
        Rainforth, Kosiorek, Le, Maddison, Igl, Wood, Teh, Tighter variational bounds are not necessarily better, 2018,
        arXiv:1802.04537.
    """
    log_w, log_r, mass = in_groups(trace.log_w, trace.draw.log_r, groups)
    return (mass * power_mean(log_w, log_r, 0.0)).sum(0)


def ciwae(trace: Trace, beta: float) -> Tensor:
    r"""A convex combination of two bounds, \(\beta\, ELBO + (1 - \beta)\, IWAE_K\).

    Args:
        trace: Lead (K, B).
        beta: The share of the ELBO, between 0 and 1.

    Returns:
        `[B]`, in nats.

    References:
        Rainforth and others, 2018, arXiv:1802.04537.
    """
    return beta * elbo(trace) + (1.0 - beta) * iwae(trace)


def renyi(trace: Trace, alpha: float) -> Tensor:
    r"""The Rényi bound, \(\frac{1}{1-\alpha} \log \frac1K \sum_k w_k^{1-\alpha}\).

    On given samples it falls as alpha rises. For alpha from 0 up it is a lower bound of log p(x) in expectation; below
    0 it is none: with many samples it exceeds log p(x).

    Args:
        trace: Lead (K, B).
        alpha: 0 is the importance-weighted bound; 1 the ELBO, by limit, with the KL estimated from the same samples;
            -inf the largest log-weight (VR-max).

    Returns:
        `[B]`, in nats.

    References:
        Li, Turner, Rényi divergence variational inference, 2016, arXiv:1602.02311.
    """
    return power_mean(trace.log_w, trace.draw.log_r, alpha)
