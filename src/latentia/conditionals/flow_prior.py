"""Priors as flows: a standard normal made into whatever shape the codes want."""

from __future__ import annotations

from typing import Literal, get_args

import torch
from torch import Tensor, nn
from torch.distributions import Distribution

from latentia.conditionals.flow_posterior import check_flow
from latentia.conditionals.flow_steps import AutoregressiveStep
from latentia.conditionals.protocol import Need, lacking
from latentia.distributions.flow import Flow
from latentia.names import Domain

FlowPriorKind = Literal["maf", "coupling", "spline"]
"""Families of flow priors."""


class FlowPrior(nn.Module):
    r"""p(z) as a flow of a standard normal, which it is at the start.

    Each direction counts: a prior is scored at every step and sampled seldom, so densities take one pass. `maf`
    is an autoregressive affine flow, `spline` the same with rational-quadratic splines, `coupling` an affine one of two
    halves, whose samples are as fast as its densities.

    Args:
        dim: Number of latent dimensions.
        kind: Which transformations.
        transforms: How many; every other one takes the dimensions in reverse.

    Raises:
        ConfigurationError: No such kind, or no transformation.

    References:
        Chen, Kingma, Salimans, Duan, Dhariwal, Schulman, Sutskever, Abbeel, Variational lossy autoencoder, 2017,
        arXiv:1611.02731 (flow priors); Papamakarios, Pavlakou, Murray, 2017, arXiv:1705.07057; Dinh, Sohl-Dickstein,
        Bengio, 2017, arXiv:1605.08803; Durkan, Bekasov, Murray, Papamakarios, 2019, arXiv:1906.04032.

    >>> FlowPrior(2, "maf")(torch.empty(0)).sample().shape
    torch.Size([2])
    """

    provides: frozenset[Need] = lacking(Need.FACTORISED)
    domain: Domain = "real"

    def __init__(self, dim: int, kind: FlowPriorKind = "maf", transforms: int = 4) -> None:
        super().__init__()
        check_flow(kind, get_args(FlowPriorKind), transforms)
        self.event_shape, self.kind = torch.Size([dim]), kind
        self.register_buffer("zero", torch.zeros(dim), persistent=False)
        self.register_buffer("one", torch.ones(dim), persistent=False)
        self.zero: Tensor
        self.one: Tensor
        univariate: Literal["affine", "spline"] = "spline" if kind == "spline" else "affine"
        self.steps = nn.ModuleList(
            AutoregressiveStep(dim, univariate, reverse=index % 2 == 1, coupling=kind == "coupling", inverted=True)
            for index in range(transforms)
        )

    def forward(self, given: Tensor) -> Distribution:
        """p(z); what is given is ignored."""
        return Flow(self.zero, self.one, [step() for step in self.steps])

    def extra_repr(self) -> str:
        """What `print` shows."""
        return f"{self.kind}, transforms={len(self.steps)}"
