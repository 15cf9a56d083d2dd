"""Hard discrete latent variables: coin tosses and categories, from features or as priors."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.distributions import Distribution

from latentia.conditionals.checks import check_categories
from latentia.conditionals.protocol import EVERYTHING, Need, lacking
from latentia.distributions import at_least_float32, binary, categories, smooth_bound
from latentia.names import Domain

LOW, HIGH = -8.0, 8.0
"""Bounds of log-odds and logits: a probability may come within 0.04 % of certainty, and finds its way back."""


class BernoulliLogits(nn.Module):
    """One log-odds for each of `dim` variables."""

    def __init__(self, features: int, dim: int) -> None:
        super().__init__()
        self.event_shape = torch.Size([dim])
        self.linear = nn.Linear(features, dim)

    def logits(self, given: Tensor) -> Tensor:
        """`[*lead, features]` to `[*lead, dim]`, smoothly bounded."""
        return smooth_bound(at_least_float32(self.linear(given)), LOW, HIGH)


class CategoricalLogits(nn.Module):
    """Logits of `categories` values for each of `dim` variables; refuses fewer than two."""

    def __init__(self, features: int, dim: int, categories: int) -> None:
        super().__init__()
        check_categories(categories)
        self.event_shape = torch.Size([dim, categories])
        self.linear = nn.Linear(features, dim * categories)

    def logits(self, given: Tensor) -> Tensor:
        """`[*lead, features]` to `[*lead, dim, categories]`, smoothly bounded."""
        raw = at_least_float32(self.linear(given))
        return smooth_bound(raw.unflatten(-1, self.event_shape), LOW, HIGH)


class PriorLogits(nn.Module):
    """Logits of a prior: all equal, or learned from there."""

    def __init__(self, shape: Sequence[int], *, learned: bool) -> None:
        super().__init__()
        self.event_shape = torch.Size(shape)
        self.raw: Tensor
        if learned:
            self.raw = nn.Parameter(torch.zeros(self.event_shape))
        else:
            self.register_buffer("raw", torch.zeros(self.event_shape), persistent=False)

    @property
    def logits(self) -> Tensor:
        """`[*event]`, smoothly bounded."""
        return smooth_bound(self.raw, LOW, HIGH)


class BernoulliLatentHead(BernoulliLogits):
    """Coin tosses from features. Their samples have no gradient: train with a score-function estimator.

    Args:
        features: Length of the feature vector.
        dim: Number of latent dimensions.

    Shapes:
        `[*lead, features]` to a distribution with batch `[*lead]` and event `[dim]`.

    References:
        Mnih, Gregor, Neural variational inference and learning in belief networks, 2014, arXiv:1402.0030.

    >>> set(BernoulliLatentHead(4, 2)(torch.zeros(3, 4)).sample().flatten().tolist()) <= {0.0, 1.0}
    True
    """

    provides: frozenset[Need] = lacking(Need.REPARAMETERISED)
    domain: Domain = "binary"

    def forward(self, given: Tensor) -> Distribution:
        """q(z | features)."""
        return binary(self.logits(given))


class CategoricalLatentHead(CategoricalLogits):
    """Several categorical variables from features, each a one-hot vector; their samples have no gradient.

    Args:
        features: Length of the feature vector.
        dim: Number of latent variables.
        categories: Values of each.

    Shapes:
        `[*lead, features]` to a distribution with batch `[*lead]` and event `[dim, categories]`.
    """

    provides: frozenset[Need] = lacking(Need.REPARAMETERISED, Need.FACTORISED)
    domain: Domain = "one_hot"

    def forward(self, given: Tensor) -> Distribution:
        """q(z | features)."""
        return categories(self.logits(given), 2)


class BernoulliPrior(PriorLogits):
    """Independent coin tosses, fair unless learned.

    Args:
        dim: Number of latent dimensions.
        learned: Whether their log-odds are learned.
    """

    provides: frozenset[Need] = EVERYTHING
    domain: Domain = "binary"

    def __init__(self, dim: int, *, learned: bool = False) -> None:
        super().__init__([dim], learned=learned)

    def forward(self, given: Tensor) -> Distribution:
        """p(z); what is given is ignored."""
        return binary(self.logits)


class CategoricalPrior(PriorLogits):
    """Independent one-hot vectors, uniform unless learned.

    Args:
        dim: Number of latent variables.
        categories: Values of each.
        learned: Whether the logits are learned.
    """

    provides: frozenset[Need] = lacking(Need.FACTORISED)
    domain: Domain = "one_hot"

    def __init__(self, dim: int, categories: int, *, learned: bool = False) -> None:
        super().__init__([dim, categories], learned=learned)

    def forward(self, given: Tensor) -> Distribution:
        """p(z); what is given is ignored."""
        return categories(self.logits, 2)
