"""Free probabilities over equally spaced levels: a likelihood for pixels that assumes nothing of their order."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.distributions import Distribution, constraints


class LevelCategorical(Distribution):
    """A probability for each of L grid points 0, 1/(L - 1), ..., 1, by a softmax.

    The logits are L times as many numbers as there are pixels, so nothing of that size is kept besides them: a
    log-probability is one logit less their log-sum, not a look-up in a normalised copy.

    Args:
        logits: Unnormalised log-probabilities, `[*batch, L]`; a strided view is fine.

    References:
        Oord, Kalchbrenner, Kavukcuoglu, Pixel recurrent neural networks, 2016, arXiv:1601.06759, section 3.2.

    >>> LevelCategorical(torch.tensor([0.0, 0.0, -torch.inf])).mean
    tensor(0.2500)
    """

    arg_constraints = {"logits": constraints.real_vector}  # noqa: RUF012 -- torch's own protocol
    has_rsample = False

    def __init__(self, logits: Tensor) -> None:
        self.logits = logits
        self.levels = logits.shape[-1]
        super().__init__(logits.shape[:-1], validate_args=False)

    @property
    def support(self) -> constraints.Constraint:
        """The unit interval; only grid points have mass."""
        return constraints.unit_interval

    def expand(self, batch_shape: Any, _instance: Any = None) -> LevelCategorical:
        """The same distribution with its batch broadcast to `batch_shape`."""
        return LevelCategorical(self.logits.expand(torch.Size([*batch_shape, self.levels])))

    def log_prob(self, value: Tensor) -> Tensor:
        """Log-probability of grid points, elementwise, in nats."""
        index = torch.round(value * (self.levels - 1))
        # NaN and what is outside the grid have no index: the first level's is taken, and the result set below.
        inside = (index >= 0) & (index < self.levels)
        number = torch.where(inside, index, torch.zeros_like(index)).long()
        shape = torch.broadcast_shapes(number.shape, self.batch_shape)
        logits = self.logits.expand(torch.Size([*shape, self.levels]))
        chosen = logits.gather(-1, number.expand(shape)[..., None])[..., 0]
        outside = torch.where(value.isnan(), torch.nan, -torch.inf).to(chosen.dtype)
        return torch.where(inside, chosen - self.logits.logsumexp(-1), outside)

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Draws on the grid, `[*sample_shape, *batch]`, by the largest of logits with Gumbel noise."""
        shape = torch.Size([*self._extended_shape(torch.Size(sample_shape)), self.levels])
        with torch.no_grad():
            tiny = torch.finfo(self.logits.dtype).tiny
            noise = torch.empty(shape, dtype=self.logits.dtype, device=self.logits.device)
            noise = noise.exponential_().clamp_min_(tiny).log_()
            number = torch.argmax(self.logits - noise, dim=-1)
            return number.to(self.logits.dtype) / (self.levels - 1)

    def _moment(self, power: int) -> Tensor:
        grid = torch.linspace(0, 1, self.levels, dtype=self.logits.dtype, device=self.logits.device)
        return self.logits.softmax(-1) @ grid.pow(power)

    @property
    def mean(self) -> Tensor:
        """The exact mean over the grid."""
        return self._moment(1)

    @property
    def variance(self) -> Tensor:
        """The exact variance over the grid."""
        grid = torch.linspace(0, 1, self.levels, dtype=self.logits.dtype, device=self.logits.device)
        away = (grid - self.mean[..., None]).square()
        return (self.logits.softmax(-1) * away).sum(-1)
