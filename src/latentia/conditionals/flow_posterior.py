"""Posteriors richer than a diagonal Gaussian: one pushed through transformations that depend on x."""

from __future__ import annotations

from typing import Literal, get_args

import torch
from torch import Tensor, nn
from torch.distributions import Distribution

from latentia.conditionals.flow_steps import AutoregressiveStep, PlanarStep, RadialStep, SylvesterStep
from latentia.conditionals.protocol import Need, lacking
from latentia.distributions import at_least_float32, smooth_bound
from latentia.distributions.affine import Affine
from latentia.distributions.flow import Flow
from latentia.errors import ConfigurationError
from latentia.names import Domain

FlowPosteriorKind = Literal["planar", "radial", "sylvester", "iaf", "maf", "spline"]
"""Families of flow posteriors."""


def check_flow(kind: str, kinds: tuple[str, ...], transforms: int) -> None:
    """Refuse a kind that does not exist and a flow without transformations.

    Args:
        kind: What is asked for.
        kinds: What there is.
        transforms: How many transformations.

    Raises:
        ConfigurationError: Says what would fit.
    """
    if kind not in kinds:
        raise ConfigurationError(f"there is no flow {kind!r} here; there are {', '.join(kinds)}")
    if transforms < 1:
        raise ConfigurationError(f"transforms is {transforms}; a flow has at least one transformation")


class FlowPosterior(nn.Module):
    r"""q(z|x) as a flow of a Gaussian, all of it given the features h.

    \(z = f_n \circ \dots \circ f_1(u)\) with \(u \sim N(\mu(h), diag(\sigma^2(h)))\) and each f_i a function of h too.

    Every flow starts as the identity, so at first the posterior is the diagonal Gaussian of a plain VAE.

    `planar`, `radial` and `sylvester` have no inverse: their density is known at own draws only. `iaf` and `spline`
    draw in one pass and score any other z in as many as there are dimensions; `maf` the other way round. The spline
    acts on the noise itself, before mean and scale, because its pieces lie on (-5, 5).

    Args:
        features: Length of the feature vector.
        dim: Number of latent dimensions.
        kind: Which transformations.
        transforms: How many.

    Shapes:
        `[*lead, features]` to a distribution with batch `[*lead]` and event `[dim]`.

    Raises:
        ConfigurationError: No such kind, or no transformation.

    References:
        Rezende, Mohamed, 2015, arXiv:1505.05770 (planar, radial); van den Berg, Hasenclever, Tomczak, Welling, 2018,
        arXiv:1803.05649 (Sylvester); Kingma and others, 2016, arXiv:1606.04934 (IAF); Papamakarios, Pavlakou, Murray,
        2017, arXiv:1705.07057 (MAF); Durkan, Bekasov, Murray, Papamakarios, 2019, arXiv:1906.04032 (spline).

    >>> FlowPosterior(4, 2, "planar", 3)(torch.zeros(3, 4)).rsample().shape
    torch.Size([3, 2])
    """

    LOW, HIGH = -8.0, 8.0
    domain: Domain = "real"

    def __init__(self, features: int, dim: int, kind: FlowPosteriorKind, transforms: int = 4) -> None:
        super().__init__()
        check_flow(kind, get_args(FlowPosteriorKind), transforms)
        self.event_shape = torch.Size([dim])
        self.kind = kind
        self.base = nn.Linear(features, 2 * dim)
        self.steps = nn.ModuleList(_step(kind, features, dim, index) for index in range(transforms))
        without_inverse = {Need.EVALUABLE} if kind in ("planar", "radial", "sylvester") else set()
        self.provides: frozenset[Need] = lacking(Need.FACTORISED, Need.MOMENTS, *without_inverse)

    def forward(self, given: Tensor) -> Distribution:
        """q(z | features)."""
        loc, raw = at_least_float32(self.base(given)).chunk(2, dim=-1)
        log_scale = smooth_bound(raw, self.LOW, self.HIGH)
        steps = [step(given) for step in self.steps]
        if self.kind == "spline":
            return Flow(torch.zeros_like(loc), torch.ones_like(loc), [*steps, Affine(loc, log_scale)])
        return Flow(loc, log_scale.exp(), steps)

    def extra_repr(self) -> str:
        """What `print` shows."""
        return f"{self.kind}, transforms={len(self.steps)}"


def _step(kind: FlowPosteriorKind, features: int, dim: int, index: int) -> nn.Module:
    match kind:
        case "planar":
            return PlanarStep(features, dim)
        case "radial":
            return RadialStep(features, dim)
        case "sylvester":
            return SylvesterStep(features, dim)
        case "iaf" | "maf":
            return AutoregressiveStep(dim, "affine", features=features, reverse=index % 2 == 1, inverted=kind == "maf")
        case "spline":
            return AutoregressiveStep(dim, "spline", features=features, reverse=index % 2 == 1)
