"""Modules that make one transformation of a flow: from features, or from nothing but their own parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import torch
from torch import Tensor, nn

from latentia.distributions import at_least_float32, smooth_bound
from latentia.distributions.autoregressive import Autoregressive
from latentia.distributions.flow import Transformation
from latentia.distributions.planar import Planar, Radial
from latentia.distributions.sylvester import Sylvester

Univariate = Literal["affine", "spline"]
"""What an autoregressive step does to each dimension, given those before it."""
BINS = 8
"""Pieces of a spline over (-5, 5)."""


class _FromFeatures(nn.Module):
    """A linear map of the features gives the parameters; those that must be zero for the identity start at zero."""

    def __init__(self, features: int, sizes: Sequence[int]) -> None:
        super().__init__()
        self._sizes = list(sizes)
        self.linear = nn.Linear(features, sum(sizes))

    def _start_at_zero(self, rows: Tensor | slice) -> None:
        with torch.no_grad():
            self.linear.weight[rows] = 0.0
            self.linear.bias[rows] = 0.0

    def _parameters_of(self, given: Tensor) -> tuple[Tensor, ...]:
        return torch.split(at_least_float32(self.linear(given)), self._sizes, dim=-1)


class PlanarStep(_FromFeatures):
    """A planar transformation from features (see `Planar`).

    Args:
        features: Length of the feature vector.
        dim: Number of latent dimensions.
    """

    def __init__(self, features: int, dim: int) -> None:
        super().__init__(features, (dim, dim, 1))
        self._start_at_zero(slice(0, dim))

    def forward(self, given: Tensor) -> Transformation:
        """The transformation given features `[*lead, F]`."""
        u, w, b = self._parameters_of(given)
        return Planar(u, w, b.squeeze(-1))


class RadialStep(_FromFeatures):
    """A radial transformation from features (see `Radial`).

    Args:
        features: Length of the feature vector.
        dim: Number of latent dimensions.
    """

    LOW, HIGH = -8.0, 8.0

    def __init__(self, features: int, dim: int) -> None:
        super().__init__(features, (dim, 1, 1))
        self._start_at_zero(slice(dim + 1, dim + 2))

    def forward(self, given: Tensor) -> Transformation:
        """The transformation given features `[*lead, F]`."""
        centre, alpha, beta = self._parameters_of(given)
        return Radial(centre, smooth_bound(alpha, self.LOW, self.HIGH).squeeze(-1), beta.squeeze(-1))


class SylvesterStep(_FromFeatures):
    """A Sylvester transformation from features (see `Sylvester`).

    Args:
        features: Length of the feature vector.
        dim: Number of latent dimensions.
        reflections: Householder reflections that make up its rotation.
    """

    def __init__(self, features: int, dim: int, reflections: int = 4) -> None:
        super().__init__(features, (dim * dim, dim, dim, reflections * dim))
        self._square, self._mirrors = (dim, dim), (reflections, dim)
        rows = torch.ones(dim, dim).triu().flatten().nonzero().squeeze(1)
        self._start_at_zero(rows)

    def forward(self, given: Tensor) -> Transformation:
        """The transformation given features `[*lead, F]`."""
        triangles, diagonal, b, mirrors = self._parameters_of(given)
        return Sylvester(triangles.unflatten(-1, self._square), diagonal, b, mirrors.unflatten(-1, self._mirrors))


class AutoregressiveStep(nn.Module):
    """A masked autoregressive transformation of zuko's, which starts as the identity.

    Args:
        dim: Number of dimensions.
        univariate: `affine`, or a monotonic rational-quadratic `spline` on (-5, 5), the identity outside.
        features: Length of the feature vector; 0 where nothing is given.
        context: Length to which a longer feature vector is brought before it enters the masked network.
        hidden: Widths of the masked network.
        reverse: Take the dimensions in descending order.
        coupling: Two halves, of which one moves given the other, in place of an order of all dimensions.
        inverted: Draw through the inverse: slow draws, fast densities.

    References:
        Kingma and others, 2016, arXiv:1606.04934; Papamakarios and others, 2017, arXiv:1705.07057; Dinh,
        Sohl-Dickstein, Bengio, Density estimation using Real NVP, 2017, arXiv:1605.08803 (coupling); Durkan, Bekasov,
        Murray, Papamakarios, Neural spline flows, 2019, arXiv:1906.04032.
    """

    def __init__(
        self,
        dim: int,
        univariate: Univariate,
        *,
        features: int = 0,
        context: int = 64,
        hidden: Sequence[int] = (64, 64),
        reverse: bool = False,
        coupling: bool = False,
        inverted: bool = False,
    ) -> None:
        super().__init__()
        width = min(features, context)
        self.context = nn.Linear(features, width) if features > context else None
        self.inverted = inverted
        self.masked = _masked(dim, univariate, width, hidden, reverse=reverse, coupling=coupling)

    def forward(self, given: Tensor | None = None) -> Transformation:
        """The transformation given features `[*lead, F]`, or nothing."""
        if given is not None:
            given = at_least_float32(given if self.context is None else self.context(given))
        return Autoregressive(self.masked(given), inverted=self.inverted)


def _masked(
    dim: int, univariate: Univariate, context: int, hidden: Sequence[int], *, reverse: bool, coupling: bool
) -> nn.Module:
    from latentia.distributions.zuko_import import zuko

    package: Any = zuko()
    options: dict[str, Any] = {}
    if univariate == "spline":
        shapes = [(BINS,), (BINS,), (BINS - 1,)]
        options = {"univariate": package.transforms.MonotonicRQSTransform, "shapes": shapes}
    order = torch.arange(dim)
    step: nn.Module = package.flows.autoregressive.MaskedAutoregressiveTransform(
        dim,
        context,
        passes=2 if coupling else None,
        order=order.flip(0) if reverse else order,
        hidden_features=tuple(hidden),
        activation=nn.SiLU,
        **options,
    )
    # One dimension and no context leave the parameters themselves; otherwise a network gives them.
    last = step.phi if hasattr(step, "phi") else step.hyper[-1]  # type: ignore[index] # a Sequential
    with torch.no_grad():
        for parameter in last.parameters():  # type: ignore[union-attr] # a module in either case
            parameter.zero_()
    return step
