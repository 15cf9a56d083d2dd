"""The evidence lower bound and its two terms."""

from __future__ import annotations

from torch import Tensor

from latentia.latents import Trace


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
