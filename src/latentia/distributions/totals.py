"""Distributions over vectors of counts given their total: a document's length, a cell's number of molecules.

They score x given its own total, n(x) = sum_i x_i; the total itself is not modelled. Where there is no x (samples,
decoded codes) a typical total stands in, and a trace, which has an x, fixes it to that of x (`observe`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.distributions import Distribution, constraints


class _GivenTotal(Distribution):
    """What the two families share: an event that is a vector, and a total of shape `[*batch, 1]`."""

    arg_constraints = {}  # noqa: RUF012 -- torch's own protocol
    has_rsample = False
    total: Tensor

    @property
    def support(self) -> constraints.Constraint:
        """Vectors of whole numbers from zero."""
        return constraints.independent(constraints.nonnegative_integer, 1)


class Multinomial(_GivenTotal):
    r"""\(p(x \mid n) = n!/\prod_i x_i! \prod_i p_i^{x_i}\), from the logits of p.

    torch's class needs one total for the whole batch; here every row has its own.

    Args:
        logits: Unnormalised log-probabilities, `[*batch, D]`.
        total: n where there is no x, broadcastable to `[*batch, 1]`.
    """

    def __init__(self, logits: Tensor, total: Tensor) -> None:
        self.log_p = torch.log_softmax(logits, -1)
        self.total = total
        super().__init__(logits.shape[:-1], logits.shape[-1:], validate_args=False)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Multinomial:
        """The same distribution with its batch broadcast to `batch_shape`."""
        return Multinomial(self.log_p.expand(torch.Size(batch_shape) + self.event_shape), self.total)

    def observe(self, value: Tensor) -> Multinomial:
        """The distribution with the total of `value`."""
        return Multinomial(self.log_p, value.sum(-1, keepdim=True))

    def log_prob(self, value: Tensor) -> Tensor:
        """Log p(x | its total), in nats, summed over the vector."""
        coefficient = torch.lgamma(value.sum(-1) + 1) - torch.lgamma(value + 1).sum(-1)
        return coefficient + (value * self.log_p).sum(-1)

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Draws with the total in force, `[*sample_shape, *batch, D]`: categories drawn one by one, then counted."""
        shape = self._extended_shape(torch.Size(sample_shape))
        size = shape[-1]
        with torch.no_grad():
            p = self.log_p.exp().expand(shape).reshape(-1, size)
            total = self.total.round().long().expand(shape[:-1] + torch.Size([1])).reshape(-1, 1)
            longest = max(int(total.max()), 1)
            drawn = torch.multinomial(p, longest, replacement=True)
            # Rows with a smaller total do not count what they drew beyond it.
            counted = (torch.arange(longest, device=p.device) < total).to(p.dtype)
            return torch.zeros_like(p).scatter_add(-1, drawn, counted).reshape(shape)

    @property
    def mean(self) -> Tensor:
        """Expected counts, n p."""
        return self.total * self.log_p.exp()

    @property
    def variance(self) -> Tensor:
        """Of each count, n p (1 - p)."""
        p = self.log_p.exp()
        return self.total * p * (1 - p)


class Scaled(_GivenTotal):
    r"""Independent counts whose means are shares of the row's total, \(\mu_i = n(x) \rho_i\).

    This conditions on the observed size of the library, as scvi-tools does by default: a likelihood of the counts given
    their total, in the sense of a plug-in, not a distribution that is normalised over all x at once.

    Args:
        family: From the logarithm of the means `[*batch, D]` to a distribution with that batch shape.
        log_share: log rho, `[*batch, D]`, its exponentials add up to one.
        total: n where there is no x, broadcastable to `[*batch, 1]`.

    References:
        Lopez, Regier, Cole, Jordan, Yosef, 2018, doi:10.1038/s41592-018-0229-2.
    """

    def __init__(self, family: Callable[[Tensor], Distribution], log_share: Tensor, total: Tensor) -> None:
        self.family, self.log_share, self.total = family, log_share, total
        super().__init__(log_share.shape[:-1], log_share.shape[-1:], validate_args=False)

    def _with(self, total: Tensor) -> Distribution:
        # An empty row has no library; its counts are all zero and certain in the limit.
        return self.family(self.log_share + total.clamp_min(torch.finfo(total.dtype).tiny).log())

    def expand(self, batch_shape: Any, _instance: Any = None) -> Scaled:
        """The same distribution with its batch broadcast to `batch_shape`."""
        return Scaled(self.family, self.log_share.expand(torch.Size(batch_shape) + self.event_shape), self.total)

    def observe(self, value: Tensor) -> Scaled:
        """The distribution with the total of `value`."""
        return Scaled(self.family, self.log_share, value.sum(-1, keepdim=True))

    def log_prob(self, value: Tensor) -> Tensor:
        """Log-probability of the counts given their total, in nats, summed over the vector."""
        return self._with(value.sum(-1, keepdim=True)).log_prob(value).sum(-1)

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Draws with the total in force, `[*sample_shape, *batch, D]`."""
        return self._with(self.total).sample(torch.Size(sample_shape))

    @property
    def mean(self) -> Tensor:
        """Expected counts."""
        return self._with(self.total).mean

    @property
    def variance(self) -> Tensor:
        """Of each count."""
        return self._with(self.total).variance
