r"""Concrete variables: relaxed coin tosses and relaxed categories, with densities that hold in float32.

A Concrete variable is a squashed logistic (or Gumbel) one, and at a low temperature much of it lies so near to 0 or 1
that a float cannot say how near. What cannot be told apart is scored by the mass of all that it stands for: at the
ends of the interval the tail of the logistic distribution; for shares of the simplex that vanish, the closed form that
integrating them out leaves (see `RelaxedCategorical`). Importance weights then average to one at any temperature.

References:
    Maddison, Mnih, Teh, The Concrete distribution, 2017, arXiv:1611.00712; Jang, Gu, Poole, Categorical
    reparameterization with Gumbel-softmax, 2017, arXiv:1611.01144.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor
from torch.distributions import Distribution, constraints
from torch.nn.functional import logsigmoid, softplus

from latentia.distributions.factors import factors
from latentia.distributions.gamma_family import edge_at_one, least_positive


class RelaxedBernoulli(Distribution):
    r"""\(z = \mathrm{sigmoid}((l + \Lambda) / t)\) with logistic noise: a coin toss with log-odds l, softened.

    Args:
        logits: l, any shape; this is the batch shape.
        temperature: t, positive; towards 0 the variable becomes a coin toss.

    >>> d = RelaxedBernoulli(torch.tensor([0.3]), 0.1)
    >>> d.log_prob(torch.tensor([[0.0], [0.4], [1.0]])).isfinite().all()
    tensor(True)
    """

    arg_constraints = {"logits": constraints.real}  # noqa: RUF012 -- torch's own protocol
    has_rsample = True

    def __init__(self, logits: Tensor, temperature: float) -> None:
        self.logits, self.temperature = logits, temperature
        super().__init__(logits.shape, validate_args=False)

    @property
    def support(self) -> constraints.Constraint:
        """The unit interval."""
        return constraints.unit_interval

    def expand(self, batch_shape: Any, _instance: Any = None) -> RelaxedBernoulli:
        """The same distribution with its batch broadcast to `batch_shape`."""
        return RelaxedBernoulli(self.logits.expand(torch.Size(batch_shape)), self.temperature)

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Differentiable draws, `[*sample_shape, *batch]`, that never leave the open interval."""
        shape = self._extended_shape(torch.Size(sample_shape))
        uniform = torch.rand(shape, dtype=self.logits.dtype, device=self.logits.device)
        # torch.rand never returns one; at zero the noise would be infinite.
        uniform = uniform.clamp_min(torch.finfo(uniform.dtype).eps / 2)
        z = torch.sigmoid((self.logits + uniform.log() - torch.log1p(-uniform)) / self.temperature)
        edge = edge_at_one(z.dtype)
        return z.clamp(edge, 1 - edge)

    def log_prob(self, value: Tensor) -> Tensor:
        """Log-density, elementwise, in nats; at the edges the log mass beyond them."""
        edge = edge_at_one(value.dtype)
        inner = value.clamp(edge, 1 - edge)
        log_odds, reach = inner.log() - torch.log1p(-inner), math.log1p(-edge) - math.log(edge)
        t = self.logits - self.temperature * log_odds
        density = math.log(self.temperature) + t - 2 * softplus(t) - inner.log() - torch.log1p(-inner)
        above = logsigmoid(self.logits - self.temperature * reach)
        below = logsigmoid(-self.logits - self.temperature * reach)
        return torch.where(value >= 1 - edge, above, torch.where(value <= edge, below, density))

    @property
    def centre(self) -> Tensor:
        """The median, sigmoid(l / t); the mean has no closed form."""
        return torch.sigmoid(self.logits / self.temperature)

    def cooled(self, temperature: float) -> RelaxedBernoulli:
        """The noise multiplied by `temperature`."""
        return RelaxedBernoulli(self.logits / temperature, self.temperature / temperature)


class RelaxedCategorical(Distribution):
    r"""\(z = \mathrm{softmax}((l + G) / t)\) with Gumbel noise: one of C categories, softened.

    Its density over the m shares O above the edge \(\epsilon\), the others integrated over \((0, \epsilon)\), is
    \[\Gamma(m)\, t^{m-1} \prod_{k \in O} e^{l_k} z_k^{-t-1} \Big/ \Big(\sum_k e^{l_k} \max(z_k,\epsilon)^{-t}\Big)^m,\]
    Maddison's density where all are above it, and a categorical probability where only one is.

    Args:
        logits: l, unnormalised log-probabilities `[*batch, C]`.
        temperature: t, positive.

    >>> RelaxedCategorical(torch.zeros(2, 3), 0.5).rsample().sum(-1)
    tensor([1., 1.])
    """

    arg_constraints = {"logits": constraints.real_vector}  # noqa: RUF012 -- torch's own protocol
    has_rsample = True

    def __init__(self, logits: Tensor, temperature: float) -> None:
        self.logits, self.temperature = logits, temperature
        super().__init__(logits.shape[:-1], logits.shape[-1:], validate_args=False)

    @property
    def support(self) -> constraints.Constraint:
        """The simplex."""
        return constraints.simplex

    def expand(self, batch_shape: Any, _instance: Any = None) -> RelaxedCategorical:
        """The same distribution with its batch broadcast to `batch_shape`."""
        return RelaxedCategorical(self.logits.expand(torch.Size(batch_shape) + self.event_shape), self.temperature)

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Differentiable draws, `[*sample_shape, *batch, C]`."""
        shape = self._extended_shape(torch.Size(sample_shape))
        waiting = torch.empty(shape, dtype=self.logits.dtype, device=self.logits.device).exponential_()
        gumbel = -waiting.clamp_min(torch.finfo(waiting.dtype).tiny).log()
        return torch.softmax((self.logits + gumbel) / self.temperature, dim=-1)

    def log_prob(self, value: Tensor) -> Tensor:
        """Log-density, in nats; shares at or below the edge at zero are integrated out."""
        edge, t = least_positive(value.dtype), self.temperature
        seen = value > edge
        log_z = value.clamp_min(edge).log()
        number = seen.sum(-1).to(value.dtype)
        over_seen = torch.where(seen, self.logits - (t + 1) * log_z, torch.zeros_like(log_z)).sum(-1)
        normaliser = torch.logsumexp(self.logits - t * log_z, dim=-1)
        return number.lgamma() + (number - 1) * math.log(t) + over_seen - number * normaliser

    @property
    def centre(self) -> Tensor:
        """Where every category has the same noise: softmax(l / t); the mean has no closed form."""
        return torch.softmax(self.logits / self.temperature, dim=-1)

    def cooled(self, temperature: float) -> RelaxedCategorical:
        """The noise multiplied by `temperature`."""
        return RelaxedCategorical(self.logits / temperature, self.temperature / temperature)


def relaxed_bernoulli(logits: Tensor, temperature: float, event_dims: int = 1) -> Distribution:
    """Independent relaxed coin tosses.

    Args:
        logits: Log-odds `[*batch, *event]`.
        temperature: Positive.
        event_dims: How many trailing dimensions form one event, at least 1.

    Returns:
        A distribution over vectors in the unit interval.
    """
    return factors(RelaxedBernoulli(logits, temperature), event_dims)


def relaxed_categorical(logits: Tensor, temperature: float, event_dims: int = 1) -> Distribution:
    """Relaxed categories along the last dimension; several where an event has more dimensions.

    Args:
        logits: Unnormalised log-probabilities `[*batch, *event]`.
        temperature: Positive.
        event_dims: How many trailing dimensions form one event, at least 1.

    Returns:
        A distribution over the simplex, or over a product of them.
    """
    return factors(RelaxedCategorical(logits, temperature), event_dims)
