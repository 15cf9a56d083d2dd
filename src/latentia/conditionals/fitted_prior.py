"""Priors that were fitted to the codes of a trained model: fixed densities, not trained with it."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.distributions import Categorical, Distribution, MixtureSameFamily

from latentia.conditionals.flow_prior import FlowPrior
from latentia.conditionals.protocol import Need, lacking
from latentia.distributions import Flow, FullNormal
from latentia.distributions.affine import Affine
from latentia.names import Domain


class _Normal(FullNormal):
    """A Gaussian that can be cooled."""

    def tempered(self, temperature: float) -> _Normal:
        """The Gaussian with its spread multiplied by `temperature`."""
        return _Normal(self.loc, scale_tril=temperature * self.scale_tril, validate_args=False)


class FittedMixture(nn.Module):
    r"""A fixed mixture of Gaussians with full covariances, \(p(z) = \sum_c \pi_c N(\mu_c, L_c L_c^\top)\).

    Args:
        weights: pi, `[C]`, positive; they are normalised.
        loc: mu, `[C, D]`.
        scale_tril: L, lower triangular with positive diagonals, `[C, D, D]`.

    >>> FittedMixture(torch.ones(1), torch.zeros(1, 2), torch.eye(2)[None])(torch.empty(0)).sample().shape
    torch.Size([2])
    """

    provides: frozenset[Need] = lacking(Need.FACTORISED)
    domain: Domain = "real"

    def __init__(self, weights: Tensor, loc: Tensor, scale_tril: Tensor) -> None:
        super().__init__()
        self.event_shape = torch.Size([loc.shape[-1]])
        self.register_buffer("log_weights", torch.log(weights / weights.sum()))
        self.register_buffer("loc", loc)
        self.register_buffer("scale_tril", scale_tril)
        self.log_weights: Tensor
        self.loc: Tensor
        self.scale_tril: Tensor

    def forward(self, given: Tensor) -> Distribution:
        """p(z); what is given is ignored."""
        if len(self.loc) == 1:
            return _Normal(self.loc[0], scale_tril=self.scale_tril[0], validate_args=False)
        parts = _Normal(self.loc, scale_tril=self.scale_tril, validate_args=False)
        return MixtureSameFamily(Categorical(logits=self.log_weights, validate_args=False), parts, validate_args=False)


class FittedFlow(nn.Module):
    """A fixed flow in the units of the codes it was fitted to.

    Args:
        flow: A flow over standardised codes.
        loc: Mean of the codes, `[D]`.
        scale: Their standard deviations, `[D]`, positive.
    """

    provides: frozenset[Need] = lacking(Need.FACTORISED)
    domain: Domain = "real"

    def __init__(self, flow: FlowPrior, loc: Tensor, scale: Tensor) -> None:
        super().__init__()
        self.event_shape = flow.event_shape
        self.flow = flow.requires_grad_(False)
        self.register_buffer("loc", loc)
        self.register_buffer("log_scale", scale.log())
        self.loc: Tensor
        self.log_scale: Tensor

    def forward(self, given: Tensor) -> Distribution:
        """p(z); what is given is ignored."""
        standard = self.flow(given)
        assert isinstance(standard, Flow), "a flow prior is a flow"
        return Flow(standard.loc, standard.scale, [*standard.transformations, Affine(self.loc, self.log_scale)])
