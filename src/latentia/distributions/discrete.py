"""Hard discrete latent variables: coin tosses and one-hot vectors. They have no differentiable samples."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch import distributions as base
from torch.distributions import Distribution, constraints
from torch.nn.functional import one_hot

from latentia.distributions.factors import factors


class Binary(base.Bernoulli):
    """A coin toss as a latent variable: torch's, with the likelier side as its representative."""

    @property
    def centre(self) -> Tensor:
        """The mode, 0 or 1 (0 where both are equally likely): the mean lies outside {0, 1}."""
        return (self.logits > 0).to(self.logits.dtype)

    def cooled(self, temperature: float) -> Binary:
        """The log-odds divided by `temperature`."""
        return Binary(logits=self.logits / temperature, validate_args=False)


class OneHot(Distribution):
    """One of C categories as a one-hot vector, with the likeliest as its representative.

    Args:
        logits: Unnormalised log-probabilities `[*batch, C]`.

    >>> d = OneHot(torch.zeros(7, 4))
    >>> d.sample().sum(-1)
    tensor([1., 1., 1., 1., 1., 1., 1.])
    """

    arg_constraints = {"logits": constraints.real_vector}  # noqa: RUF012 -- torch's own protocol
    has_rsample = False

    def __init__(self, logits: Tensor) -> None:
        self.logits = logits.log_softmax(-1)
        super().__init__(logits.shape[:-1], logits.shape[-1:], validate_args=False)

    @property
    def support(self) -> constraints.Constraint:
        """One-hot vectors."""
        return constraints.one_hot

    def expand(self, batch_shape: Any, _instance: Any = None) -> OneHot:
        """The same distribution with its batch broadcast to `batch_shape`."""
        return OneHot(self.logits.expand(torch.Size(batch_shape) + self.event_shape))

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Draws, `[*sample_shape, *batch, C]`."""
        shape = self._extended_shape(torch.Size(sample_shape))
        with torch.no_grad():
            # The first of exponential waiting times with rates p is a draw from p.
            waiting = torch.empty(shape, dtype=self.logits.dtype, device=self.logits.device).exponential_()
            return self._hard((waiting.log() - self.logits).argmin(-1))

    def log_prob(self, value: Tensor) -> Tensor:
        """Log-probability, in nats: linear in `value`."""
        return (value * self.logits).sum(-1)

    def entropy(self) -> Tensor:
        """Entropy, in nats."""
        return -(self.mean * self.logits).sum(-1)

    @property
    def mean(self) -> Tensor:
        """The probabilities."""
        return self.logits.exp()

    @property
    def variance(self) -> Tensor:
        """Of each entry: p times 1 - p."""
        return self.mean * (1 - self.mean)

    @property
    def centre(self) -> Tensor:
        """The mode (the first of equally likely categories): the mean is no one-hot vector."""
        return self._hard(self.logits.argmax(-1))

    def cooled(self, temperature: float) -> OneHot:
        """The logits divided by `temperature`."""
        return OneHot(self.logits / temperature)

    def _hard(self, index: Tensor) -> Tensor:
        return one_hot(index, self.event_shape[-1]).to(self.logits.dtype)


def binary(logits: Tensor, event_dims: int = 1) -> Distribution:
    """Independent coin tosses as latent variables.

    Args:
        logits: Log-odds `[*batch, *event]`.
        event_dims: How many trailing dimensions form one event, at least 1.

    Returns:
        A distribution over vectors of zeros and ones.
    """
    return factors(Binary(logits=logits, validate_args=False), event_dims)


def categories(logits: Tensor, event_dims: int = 1) -> Distribution:
    """One-hot vectors along the last dimension; several where an event has more dimensions.

    Args:
        logits: Unnormalised log-probabilities `[*batch, *event]`.
        event_dims: How many trailing dimensions form one event, at least 1.

    Returns:
        A distribution over one-hot vectors.
    """
    return factors(OneHot(logits), event_dims)
