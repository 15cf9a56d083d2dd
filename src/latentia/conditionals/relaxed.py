"""Concrete latent variables: relaxed coin tosses in the unit interval, relaxed categories on the simplex."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor
from torch.distributions import Distribution

from latentia.conditionals.checks import check_positive
from latentia.conditionals.discrete import BernoulliLogits, CategoricalLogits, PriorLogits
from latentia.conditionals.protocol import EVERYTHING, Need, lacking
from latentia.distributions import relaxed_bernoulli, relaxed_categorical
from latentia.names import Domain


class RelaxedBernoulliHead(BernoulliLogits):
    """Relaxed coin tosses from features.

    The KL to relaxed coin tosses of any like temperature is computed, not sampled (see `discrete_divergences`).

    Args:
        features: Length of the feature vector.
        dim: Number of latent dimensions.
        temperature: Of the relaxation; towards 0 the variables become coin tosses and their gradients noisy.

    Shapes:
        `[*lead, features]` to a distribution with batch `[*lead]` and event `[dim]`.

    References:
        Maddison, Mnih, Teh, The Concrete distribution, 2017, arXiv:1611.00712.
    """

    provides: frozenset[Need] = lacking(Need.MOMENTS)
    domain: Domain = "interval"

    def __init__(self, features: int, dim: int, temperature: float = 0.67) -> None:
        super().__init__(features, dim)
        check_positive(relaxation=temperature)
        self.temperature = temperature

    def forward(self, given: Tensor) -> Distribution:
        """q(z | features)."""
        return relaxed_bernoulli(self.logits(given), self.temperature)


class RelaxedCategoricalHead(CategoricalLogits):
    """Several relaxed categorical variables from features, each a point on a simplex of its own.

    Several, as of the hard `CategoricalLatentHead` which they relax: one variable over `dim` categories would carry no
    more than log(dim) nats.

    Args:
        features: Length of the feature vector.
        dim: Number of latent variables.
        categories: Values of each.
        temperature: Of the relaxation.

    Shapes:
        `[*lead, features]` to a distribution with batch `[*lead]` and event `[dim, categories]`.

    References:
        Maddison, Mnih, Teh, 2017, arXiv:1611.00712; Jang, Gu, Poole, 2017, arXiv:1611.01144.
    """

    provides: frozenset[Need] = lacking(Need.MOMENTS, Need.FACTORISED)
    domain: Domain = "simplex"

    def __init__(self, features: int, dim: int, categories: int, temperature: float = 0.67) -> None:
        super().__init__(features, dim, categories)
        check_positive(relaxation=temperature)
        self.temperature = temperature

    def forward(self, given: Tensor) -> Distribution:
        """q(z | features)."""
        return relaxed_categorical(self.logits(given), self.temperature, 2)


class RelaxedBernoulliPrior(PriorLogits):
    """Relaxed coin tosses with a temperature of their own.

    Args:
        dim: Number of latent dimensions.
        temperature: Maddison and others take a lower one than the posterior's (1/2 and 2/3).
        learned: Whether their log-odds are learned; otherwise both sides are equally likely.
    """

    provides: frozenset[Need] = EVERYTHING
    domain: Domain = "interval"

    def __init__(self, dim: int, temperature: float = 0.67, *, learned: bool = False) -> None:
        super().__init__([dim], learned=learned)
        check_positive(relaxation=temperature)
        self.temperature = temperature

    def forward(self, given: Tensor) -> Distribution:
        """p(z); what is given is ignored."""
        return relaxed_bernoulli(self.logits, self.temperature)


class RelaxedCategoricalPrior(PriorLogits):
    """Relaxed categorical variables with a temperature of their own.

    Args:
        shape: Shape of one event: the number of categories, or `[variables, categories]`.
        temperature: Of the relaxation.
        learned: Whether the logits are learned; otherwise all categories are equally likely.
    """

    provides: frozenset[Need] = lacking(Need.FACTORISED)
    domain: Domain = "simplex"

    def __init__(self, shape: int | Sequence[int], temperature: float = 0.67, *, learned: bool = False) -> None:
        super().__init__([shape] if isinstance(shape, int) else shape, learned=learned)
        check_positive(relaxation=temperature)
        self.temperature = temperature

    def forward(self, given: Tensor) -> Distribution:
        """p(z); what is given is ignored."""
        return relaxed_categorical(self.logits, self.temperature, len(self.event_shape))
