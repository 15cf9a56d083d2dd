"""A Gaussian likelihood whose sigma is not learned but computed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import torch
from torch import Tensor
from torch.distributions import Distribution, Independent

from latentia.conditionals.likelihoods import _Head
from latentia.distributions import OptimalNormal, normal
from latentia.names import LikelihoodName, Scale, Space

RATE = 0.1
"""Weight of the newest batch in the running variance, once there have been 10: errors still fall in short runs."""


class OptimalGaussianHead(_Head):
    r"""\(N(\mu(z), \sigma^2)\) with the sigma of greatest likelihood: the root mean square residual of the batch.

    In training each batch is scored with its own sigma, so the reconstruction term of D dimensions is
    \(-\frac D2 (\log(2\pi\,MSE) + 1)\). A moving average of those variances is kept with the weights; in evaluation
    mode it is the sigma, so that a saved model scores every row alike.

    Args:
        shape: Shape of one x.
        sigma: The standard deviation until a batch has been seen, in the units of x.

    References:
        Rybkin, Daniilidis, Levine, Simple and effective VAE training with calibrated decoders, 2021, arXiv:2006.13202.
    """

    family: LikelihoodName = "gaussian"
    space: Space = "real"
    scale: Scale = "optimal"
    exempt: ClassVar[Mapping[str, str]] = {
        "rows_do_not_influence_one_another": "in training mode sigma is computed from all rows of the batch"
    }

    def __init__(self, shape: Sequence[int], *, sigma: float = 1.0) -> None:
        super().__init__(shape)
        self.register_buffer("variance", torch.tensor(sigma * sigma))
        self.register_buffer("batches", torch.zeros(()))
        self.variance: Tensor
        self.batches: Tensor

    def forward(self, features: Tensor) -> Distribution:
        """p(x | features)."""
        (loc,) = self._split(features)
        # A copy: scoring a batch changes the buffer in place.
        scale = self.variance.to(loc.dtype).sqrt().expand_as(loc)
        if not self.training:
            return normal(loc, scale, len(self.event_shape))
        return Independent(OptimalNormal(loc, scale, self._record), len(self.event_shape), validate_args=False)

    @torch.no_grad()
    def _record(self, variance: Tensor) -> None:
        """Take a batch's variance into the running one; the mean of all until there are enough of them."""
        self.batches += 1
        rate = (1 / self.batches).clamp_min(RATE)
        self.variance += rate * (variance.to(self.variance.dtype) - self.variance)
