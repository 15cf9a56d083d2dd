"""Bounds as functions of log importance weights, and what gradient estimators need to know of them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from latentia.bounds import elbo, in_groups, power_mean
from latentia.errors import ConfigurationError
from latentia.latents import Trace


@dataclass(frozen=True, slots=True)
class Weighting:
    r"""\(\beta \sum_k r_k \log w_k + (1-\beta) \frac1{1-\alpha} \log \sum_k r_k w_k^{1-\alpha}\), a mean over M groups.

    Three independent choices give IWAE (none of them), MIWAE (groups), CIWAE (a share of the ELBO) and the Rényi bounds
    (alpha), and whatever lies between.

    Args:
        groups: M.
        alpha: Of the Rényi bound; 0 for the importance-weighted one, 1 for the mean log-weight.
        elbo_share: beta, between 0 and 1.
    """

    groups: int = 1
    alpha: float = 0.0
    elbo_share: float = 0.0

    def __post_init__(self) -> None:
        if self.groups < 1:
            raise ConfigurationError(f"groups is {self.groups}; there is at least one group of samples")
        if math.isnan(self.alpha):
            raise ConfigurationError("alpha is not a number; the Rényi bound takes any real number, or -inf")
        if not 0.0 <= self.elbo_share <= 1.0:
            raise ConfigurationError(f"the share of the ELBO is {self.elbo_share:g}; it lies between 0 and 1")

    @property
    def linear(self) -> bool:
        """Whether the bound is the mean log-weight, however many samples there are."""
        return self.alpha == 1.0 or self.elbo_share == 1.0

    def within(self, log_w: Tensor, log_r: Tensor) -> Tensor:
        """The bound of one group: `[K, ...]` to `[...]`."""
        if self.linear or self.elbo_share == 0.0:
            return power_mean(log_w, log_r, 1.0 if self.linear else self.alpha)
        tight = power_mean(log_w, log_r, self.alpha)
        return self.elbo_share * power_mean(log_w, log_r, 1.0) + (1.0 - self.elbo_share) * tight

    def __call__(self, log_w: Tensor, log_r: Tensor) -> Tensor:
        """The bound from log-weights.

        Args:
            log_w: `[M * K, B]`.
            log_r: Log-shares of the samples, `[M * K, B]`.

        Returns:
            `[B]`, in nats.
        """
        if self.groups == 1:
            return self.within(log_w, log_r)
        log_w, log_r, mass = in_groups(log_w, log_r, self.groups)
        return (mass * self.within(log_w, log_r)).sum(0)

    def bound(self, trace: Trace) -> Tensor:
        """The bound of a trace, with the KL of the ELBO's share in closed form where there is one.

        Args:
            trace: Lead (M K, B).

        Returns:
            `[B]`, in nats.
        """
        if self.elbo_share == 0.0:
            return self(trace.log_w, trace.draw.log_r)
        if self.elbo_share == 1.0:
            return elbo(trace)
        tight = Weighting(self.groups, self.alpha)(trace.log_w, trace.draw.log_r)
        return self.elbo_share * elbo(trace) + (1.0 - self.elbo_share) * tight

    def path_scale(self, log_w: Tensor, log_r: Tensor) -> Tensor:
        r"""By how much the doubly reparameterised gradient of each sample differs from the plain path derivative.

        With slopes \(v_k = \partial L / \partial \log w_k\), the score term \(-v_k \nabla_\phi \log q(z_k)\) equals in
        mean the path derivative \(-(\partial v_k / \partial \log w_k) \nabla \log w_k\). So where the chain rule gives
        \(v_k \nabla \log w_k\), the estimator has \((v_k - \partial v_k/\partial \log w_k) \nabla \log w_k\): for IWAE
        \(v_k^2\) instead of \(v_k\). Returned is the ratio of the two.

        Args:
            log_w: `[M * K, B]`.
            log_r: `[M * K, B]`.

        Returns:
            `[M * K, B]`, without gradient.

        References:
            Tucker, Lawson, Gu, Maddison, Doubly reparameterized gradient estimators for Monte Carlo objectives, 2019,
            arXiv:1810.04152 (section 8 for other functions of the weights).
        """
        if self.linear:
            return torch.ones_like(log_w)
        log_w, log_r, _ = in_groups(log_w.detach(), log_r, self.groups)
        power = 1.0 - self.alpha
        normalised = torch.softmax(log_r + power * log_w, dim=0)
        if self.elbo_share == 0.0:
            scale = 1.0 - power * (1.0 - normalised)
        else:
            rest = 1.0 - self.elbo_share
            slope = self.elbo_share * log_r.exp() + rest * normalised
            scale = 1.0 - rest * power * normalised * (1.0 - normalised) / slope
        return scale.transpose(0, 1).flatten(0, 1)
