"""Likelihoods that are a mean and noise around it, and what that noise amounts to."""

from __future__ import annotations

from torch import Tensor
from torch.distributions import Distribution, Independent, constraints


def additive_noise(px: Distribution) -> Distribution | None:
    """The family over single elements, where a distribution is a location with real noise of some scale around it.

    Args:
        px: Any distribution.

    Returns:
        The independent elements, with `loc`, `scale` and `stddev`, such as a Gaussian or a Laplace distribution; None
        for others, such as probabilities of levels.

    >>> from latentia.distributions import bernoulli, normal
    >>> import torch
    >>> noise = additive_noise(normal(torch.zeros(2), torch.ones(2)))
    >>> noise.stddev, additive_noise(bernoulli(torch.zeros(2)))
    (tensor([1., 1.]), None)
    """
    if not isinstance(px, Independent):
        return None
    base: Distribution = px.base_dist
    located = all(isinstance(getattr(base, name, None), Tensor) for name in ("loc", "scale"))
    return base if located and base.support is constraints.real else None
