"""KL divergences of correlated Gaussians from independent ones; importing this registers them with torch."""

from __future__ import annotations

import math

from torch import Tensor
from torch.distributions import (
    Distribution,
    Independent,
    LowRankMultivariateNormal,
    MultivariateNormal,
    Normal,
    register_kl,
)

from latentia.distributions.correlated_normal import FactorNormal


def _gaussian(q: MultivariateNormal | LowRankMultivariateNormal | FactorNormal, p: Distribution) -> Tensor:
    r"""The cross-entropy from p less the entropy of q.

    The log-density of an independent Gaussian is a sum over dimensions, so of q it sees the means and variances alone:
    \(-E_q[\log p] = \sum_i \frac12 \log(2\pi s_i^2) + (\Sigma_{ii} + (\mu_i - m_i)^2) / 2 s_i^2\).
    """
    if not (isinstance(p, Independent) and isinstance(p.base_dist, Normal) and p.event_shape == q.event_shape):
        raise NotImplementedError
    base = p.base_dist
    squared = (q.variance + (q.mean - base.loc).square()) / base.scale.square()
    cross_entropy = (0.5 * (squared + math.log(2 * math.pi)) + base.scale.log()).sum(-1)
    entropy: Tensor = q.entropy()
    return cross_entropy - entropy


for _family in (MultivariateNormal, LowRankMultivariateNormal, FactorNormal):
    register_kl(_family, Independent)(_gaussian)
