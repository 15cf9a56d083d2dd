"""Which latent dimensions carry anything."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.distributions import Independent, Normal

from latentia.conditionals import DiagonalNormal
from latentia.data_model import ACTIVE
from latentia.distributions import VonMisesFisher, factor_means, saturation
from latentia.latents import Trace


def posterior_means(trace: Trace) -> Tensor:
    """Posterior means of every latent dimension, the groups side by side.

    Args:
        trace: Lead (K, B).

    Returns:
        `[B, L]`, averaged over the K samples of the groups above.
    """
    lead = trace.lead
    return torch.cat([factor_means(q, lead).flatten(2).mean(0) for q in trace.draw.q], dim=1)


def active_units(means: Tensor, spread: Tensor | None = None) -> int:
    r"""The number of dimensions with \(Var_x(E_q[z_j]) > 0.01\, s_j^2\).

    Args:
        means: Posterior means `[N, L]`.
        spread: s, `[L]`, one unit of each dimension (see `DataModel.prior_spread`); 1 where it is not given.

    Returns:
        A count between 0 and L.

    References:
        Burda, Grosse, Salakhutdinov, 2016, arXiv:1509.00519, section 5.2.
    """
    if len(means) < 2:
        return 0
    unit = torch.ones(means.shape[1]) if spread is None else spread
    return int((means.double().var(0) > ACTIVE * unit.square()).sum())


def kl_by_dim(trace: Trace) -> Tensor:
    """KL of every latent dimension, averaged over samples and batch; a group whose KL does not split shares it evenly.

    Args:
        trace: Lead (K, B).

    Returns:
        `[B, L]`, in nats.
    """
    parts = []
    for index, p in enumerate(trace.draw.p):
        size = p.event_shape.numel()
        per_dim = trace.kl_per_dim(index)
        if per_dim is None:
            whole = trace.kl[index].mean(0)
            parts.append((whole / size)[:, None].expand(-1, size))
        else:
            parts.append(per_dim.expand(trace.lead + p.event_shape).flatten(2).mean(0))
    return torch.cat(parts, dim=1)


def log_scale_saturation(trace: Trace) -> float | None:
    """The share of posterior log-scales at the ends of their smooth bounds, or None for other posteriors.

    Args:
        trace: Lead (K, B).

    Returns:
        Between 0 and 1.
    """
    scales = [
        q.base_dist.scale.log().flatten()
        for q in trace.draw.q
        if isinstance(q, Independent) and isinstance(q.base_dist, Normal)
    ]
    if not scales:
        return None
    return float(saturation(torch.cat(scales), DiagonalNormal.LOW, DiagonalNormal.HIGH))


def standard_error(values: Tensor) -> float | None:
    """Standard error of a mean over independent examples.

    Args:
        values: `[N]`.

    Returns:
        s / sqrt(N), or None for fewer than two values.
    """
    if len(values) < 2:
        return None
    return float(values.double().std()) / math.sqrt(len(values))


def rms_error(errors: Tensor) -> float:
    r"""Standard error of a mean whose terms have independent errors of their own, \(\sqrt{\sum_i e_i^2} / N\).

    Args:
        errors: Of each term, `[N]`.

    Returns:
        One number.
    """
    return float(errors.double().square().sum().sqrt()) / len(errors)


def concentrations(trace: Trace) -> Tensor | None:
    r"""Concentrations \(\kappa\) of von Mises-Fisher posteriors, or None where there are no others.

    Args:
        trace: Lead (K, B).

    Returns:
        All of them, flat.
    """
    found = [q.concentration.flatten() for q in trace.draw.q if isinstance(q, VonMisesFisher)]
    return torch.cat(found) if found else None


def perplexity(shares: Tensor) -> Tensor:
    r"""How many categories are in use, \(\exp(-\sum_c p_c \log p_c)\).

    Args:
        shares: Mean probabilities over the data, `[..., C]`.

    Returns:
        `[...]`, between 1 and C.

    >>> perplexity(torch.tensor([[0.5, 0.5, 0.0], [1.0, 0.0, 0.0]]))
    tensor([2., 1.])
    """
    entropy: Tensor = torch.special.entr(shares).sum(-1)
    return entropy.exp()
