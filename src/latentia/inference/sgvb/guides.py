"""Guides: the families of approximations over the unconstrained vector, each a map of standard normal noise."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, cast, get_args

import torch
from torch import Tensor, nn

from latentia.conditionals.flow_steps import AutoregressiveStep
from latentia.distributions.affine import Affine
from latentia.distributions.flow import Bijection, Flow
from latentia.errors import CompatibilityError, ConfigurationError

GuideName = Literal["mean_field", "full_rank", "iaf", "coupling", "spline"]
"""Families of guides."""


class Triangular:
    r"""\(z = \mu + L u\) with L lower triangular and a positive diagonal.

    Args:
        shift: mu, `[D]`.
        factor: L, `[D, D]`.

    >>> z, log_det = Triangular(torch.zeros(2), torch.tensor([[1.0, 0.0], [2.0, 1.0]])).push(torch.ones(2))
    >>> z, float(log_det)
    (tensor([1., 3.]), 0.0)
    """

    def __init__(self, shift: Tensor, factor: Tensor) -> None:
        self.shift, self.factor = shift, factor
        self._log_det = factor.diagonal().log().sum()

    def push(self, u: Tensor) -> tuple[Tensor, Tensor]:
        """The image, and log|det J|."""
        return self.shift + u @ self.factor.T, self._log_det

    def pull(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """The inverse image, and log|det| of the inverse."""
        u = torch.linalg.solve_triangular(self.factor, (z - self.shift)[..., None], upper=False)
        return u.squeeze(-1), -self._log_det


class DiagonalMap(nn.Module):
    """The elementwise affine map of a mean-field Gaussian.

    Args:
        loc: Where it starts, `[D]`.
        scale: The standard deviation it starts with, `[D]`.
    """

    def __init__(self, loc: Tensor, scale: Tensor) -> None:
        super().__init__()
        self.loc, self.log_scale = nn.Parameter(loc.clone()), nn.Parameter(scale.log())

    def forward(self) -> Bijection:
        """The map as it is now."""
        return Affine(self.loc, self.log_scale)


class TriangularMap(nn.Module):
    r"""The triangular map of a full-rank Gaussian, \(L = diag(\sigma) (I + N)\) with N strictly lower triangular.

    N is free of units, so one step size fits entries of any scale.

    Args:
        loc: Where it starts, `[D]`.
        scale: The standard deviation it starts with, `[D]`.
    """

    def __init__(self, loc: Tensor, scale: Tensor) -> None:
        super().__init__()
        self.loc, self.log_scale = nn.Parameter(loc.clone()), nn.Parameter(scale.log())
        size = len(loc)
        self.below = nn.Parameter(loc.new_zeros(size * (size - 1) // 2))
        rows, columns = torch.tril_indices(size, size, -1)
        self.register_buffer("place", rows * size + columns, persistent=False)
        self.place: Tensor

    def forward(self) -> Bijection:
        """The map as it is now."""
        size = len(self.loc)
        below = self.below.new_zeros(size * size).scatter(0, self.place, self.below).reshape(size, size)
        unit = below + torch.eye(size, dtype=below.dtype, device=below.device)
        return Triangular(self.loc, self.log_scale.exp()[:, None] * unit)


class Guide(nn.Module):
    r"""q(theta) as the distribution of \(\theta = f_n \circ \dots \circ f_1(\epsilon)\), \(\epsilon \sim N(0, I)\).

    Called, it returns the distribution; `push` maps noise, so that its caller owns the generator.

    Args:
        size: D.
        maps: Modules that return a `Bijection`, in the order in which they act.
        gaussian: Whether all of them are affine.
    """

    def __init__(self, size: int, maps: Sequence[nn.Module], *, gaussian: bool) -> None:
        super().__init__()
        self.size, self.gaussian = size, gaussian
        self.maps = nn.ModuleList(maps)

    def forward(self) -> Flow:
        """q(theta), event `[D]`."""
        like = next(self.parameters())
        zero = like.new_zeros(self.size)
        return Flow(zero, torch.ones_like(zero), self._bijections())

    def _bijections(self) -> list[Bijection]:
        return [cast(Bijection, each()) for each in self.maps]

    def push(self, noise: Tensor) -> tuple[Tensor, Tensor]:
        """What noise becomes, and its log-density there.

        Args:
            noise: Standard normal, `[*lead, D]`.

        Returns:
            theta `[*lead, D]` and log q(theta) `[*lead]`, in nats.
        """
        theta, log_q = noise, -0.5 * (noise.square() + math.log(2 * math.pi)).sum(-1)
        for each in self._bijections():
            theta, log_det = each.push(theta)
            log_q = log_q - log_det
        return theta, log_q

    def entropy(self) -> Tensor | None:
        """The entropy in nats, where it is known: of Gaussian guides."""
        if not self.gaussian:
            return None
        zero = next(self.parameters()).new_zeros(self.size)
        # Affine maps have the same log-determinant everywhere; the noise itself has D (1 + ln 2 pi) / 2.
        return -self.push(zero)[1] + 0.5 * self.size

    @torch.no_grad()
    def moments(self) -> tuple[Tensor, Tensor]:
        """Mean `[D]` and covariance `[D, D]` of a Gaussian guide over the unconstrained vector.

        Raises:
            CompatibilityError: The guide is a flow.
        """
        if not self.gaussian:
            raise CompatibilityError(
                "the moments of a flow are not known in closed form; draw from it: guide().sample((1000,))"
            )
        like = next(self.parameters())
        loc = self.push(like.new_zeros(self.size))[0]
        columns = self.push(torch.eye(self.size, dtype=like.dtype, device=like.device))[0] - loc
        return loc, columns.T @ columns


def guide_named(name: str, loc: Tensor, scale: Tensor, *, transforms: int = 4, seed: int = 0) -> Guide:
    """A guide that starts as a Gaussian with independent coordinates.

    Flows transform the noise itself, before a final scale and shift: `iaf` by inverse autoregressive affine maps,
    `coupling` by affine maps of one half given the other, `spline` by autoregressive rational-quadratic splines on
    (-5, 5). All start as the identity. Flows of one coordinate are affine or, with `spline`, monotonic curves.

    Args:
        name: One of `mean_field`, `full_rank`, `iaf`, `coupling`, `spline`.
        loc: Mean at the start, `[D]`.
        scale: Standard deviation at the start, `[D]`.
        transforms: How many transformations a flow has.
        seed: Of a flow's networks.

    Returns:
        The guide, in the dtype and on the device of `loc`.

    Raises:
        ConfigurationError: No such guide, or a flow without transformations.

    References:
        Kucukelbir, Tran, Ranganath, Gelman, Blei, Automatic differentiation variational inference, 2017,
        arXiv:1603.00788 (mean-field and full-rank); Rezende, Mohamed, 2015, arXiv:1505.05770 (flows).

    >>> guide_named("full_rank", torch.zeros(2), torch.ones(2))().sample((3,)).shape
    torch.Size([3, 2])
    """
    if name not in get_args(GuideName):
        raise ConfigurationError(f"there is no guide {name!r}; there are {', '.join(get_args(GuideName))}")
    size = len(loc)
    if name == "mean_field":
        return Guide(size, [DiagonalMap(loc, scale)], gaussian=True)
    if name == "full_rank":
        return Guide(size, [TriangularMap(loc, scale)], gaussian=True)
    if transforms < 1:
        raise ConfigurationError(f"transforms is {transforms}; a flow has at least one transformation")
    univariate: Literal["affine", "spline"] = "spline" if name == "spline" else "affine"
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        steps = [
            AutoregressiveStep(size, univariate, reverse=index % 2 == 1, coupling=name == "coupling")
            for index in range(transforms)
        ]
    return Guide(size, [*steps, DiagonalMap(loc, scale)], gaussian=False).to(loc)
