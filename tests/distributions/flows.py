"""Flows with arbitrary parameters, far from the identity at which they start."""

from __future__ import annotations

from typing import get_args

import torch
from torch import Tensor, nn

from latentia.conditionals import FlowPosterior, FlowPrior
from latentia.conditionals.flow_posterior import FlowPosteriorKind
from latentia.conditionals.flow_prior import FlowPriorKind
from latentia.distributions import Flow

F64 = torch.float64
POSTERIORS: tuple[FlowPosteriorKind, ...] = get_args(FlowPosteriorKind)
PRIORS: tuple[FlowPriorKind, ...] = get_args(FlowPriorKind)
EVALUABLE: tuple[FlowPosteriorKind, ...] = ("iaf", "maf", "spline")
FEATURES = 5


def disturbed(module: nn.Module, seed: int, noise: float = 0.8) -> None:
    """Noise on every parameter, of a size that its layer's width does not multiply."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in module.parameters():
            size = noise / parameter.shape[-1] ** 0.5 if parameter.dim() == 2 else noise / 4
            parameter.add_(size * torch.randn(parameter.shape, generator=generator).to(parameter.dtype))


def head(
    kind: FlowPosteriorKind, dim: int = 2, transforms: int = 2, noise: float = 0.8, dtype: torch.dtype = F64
) -> FlowPosterior:
    torch.manual_seed(0)
    module = FlowPosterior(FEATURES, dim, kind, transforms)
    disturbed(module, 0, noise)
    return module.to(dtype)


def features(*batch: int, seed: int = 7) -> Tensor:
    return torch.randn(*batch, FEATURES, generator=torch.Generator().manual_seed(seed), dtype=F64)


def posterior(kind: FlowPosteriorKind, dim: int = 2, *batch: int, noise: float = 0.8) -> Flow:
    flow = head(kind, dim, noise=noise)(features(*batch))
    assert isinstance(flow, Flow)
    return flow


def prior(kind: FlowPriorKind, dim: int = 2, transforms: int = 2, noise: float = 0.8) -> Flow:
    torch.manual_seed(0)
    module = FlowPrior(dim, kind, transforms)
    disturbed(module, 0, noise)
    flow = module.double()(torch.empty(0))
    assert isinstance(flow, Flow)
    return flow
