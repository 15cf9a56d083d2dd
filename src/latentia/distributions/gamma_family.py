r"""Gamma, Beta and Dirichlet whose log-densities stay finite at the edges of their support, in float32 too.

A float cannot tell values next to an edge apart: below about 1e-31 (float32) and within 2e-6 of one. With a
concentration below one a share of the draws lies there. Such a value is scored by the mass of all that it stands for,
\(\int_0^\epsilon x^{a-1} dx = \epsilon^a / a\), in place of a density that runs to infinity. Two members of a family
treat the same values so; hence the ratio of their densities stays right, and importance weights average to one.

Samples and their gradients are torch's: implicit reparameterisation, dz/da = -(dF/da)/p, with a relative error below
0.2 % (rational approximations).

References:
    Figurnov, Mohamed, Mnih, Implicit reparameterization gradients, 2018, arXiv:1805.08498; Jankowiak, Obermeyer,
    Pathwise derivatives beyond the reparameterization trick, 2018, arXiv:1806.01851 (what torch implements).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch import distributions as base
from torch.distributions import Distribution

from latentia.distributions.factors import factors


def least_positive(dtype: torch.dtype) -> float:
    """The edge at zero: a value at or below it stands for all that are smaller.

    Args:
        dtype: A floating-point type.

    Returns:
        A number well above the smallest normal one, so that nothing on the way underflows.

    >>> f"{least_positive(torch.float32):.0e}"
    '1e-31'
    """
    information = torch.finfo(dtype)
    return information.tiny / information.eps


def edge_at_one(dtype: torch.dtype) -> float:
    """The edge at one: a value within this distance of one stands for all that are nearer.

    Args:
        dtype: A floating-point type.

    Returns:
        A few units in the last place: beyond it log(1 - x) would be mostly rounding.

    >>> f"{edge_at_one(torch.float32):.0e}"
    '2e-06'
    """
    return 16 * torch.finfo(dtype).eps


def power_law(x: Tensor, concentration: Tensor, edge: float) -> Tensor:
    r"""(a - 1) log x, and at or below the edge the log mass up to there, \(a \log\epsilon - \log a\).

    Args:
        x: Zero or more, any shape.
        concentration: a, positive, broadcastable to `x`.
        edge: \(\epsilon\), positive.

    Returns:
        The same shape; finite, and so is its gradient.
    """
    inside = (concentration - 1) * x.clamp_min(edge).log()
    return torch.where(x <= edge, concentration * math.log(edge) - concentration.log(), inside)


class Gamma(base.Gamma):
    r"""\(p(z) = r^a z^{a-1} e^{-rz} / \Gamma(a)\), finite at zero.

    >>> Gamma(torch.tensor(0.5), torch.tensor(1.0)).log_prob(torch.tensor(0.0)).isfinite()
    tensor(True)
    """

    def log_prob(self, value: Tensor) -> Tensor:
        """Log-density, elementwise, in nats; at or below the edge at zero the log mass up to there."""
        a, rate = self.concentration, self.rate
        power = power_law(value, a, least_positive(value.dtype))
        return power + a * rate.log() - rate * value - a.lgamma()

    @property
    def centre(self) -> Tensor:
        """The mean."""
        return self.mean

    def cooled(self, temperature: float) -> Gamma:
        """The same mean, the standard deviation times `temperature`."""
        square = temperature**2
        return Gamma(self.concentration / square, self.rate / square, validate_args=False)


class Beta(base.Beta):
    r"""\(p(z) = z^{a-1} (1-z)^{b-1} / B(a, b)\), finite at zero and at one.

    >>> Beta(torch.tensor(0.5), torch.tensor(2.0)).log_prob(torch.tensor([0.0, 1.0])).isfinite()
    tensor([True, True])
    """

    def log_prob(self, value: Tensor) -> Tensor:
        """Log-density, elementwise, in nats; at the edges the log mass beyond them."""
        a, b = self.concentration1, self.concentration0
        low = power_law(value, a, least_positive(value.dtype))
        high = power_law(1 - value, b, edge_at_one(value.dtype))
        return low + high + (a + b).lgamma() - a.lgamma() - b.lgamma()

    @property
    def centre(self) -> Tensor:
        """The mean."""
        return self.mean

    def cooled(self, temperature: float) -> Beta:
        """The same mean; both concentrations divided by the square of `temperature`."""
        square = temperature**2
        return Beta(self.concentration1 / square, self.concentration0 / square, validate_args=False)


class Dirichlet(base.Dirichlet):
    r"""\(p(z) \propto \prod_k z_k^{a_k - 1}\) on the simplex, finite where shares are zero."""

    def log_prob(self, value: Tensor) -> Tensor:
        """Log-density, in nats; a share at or below the edge at zero counts with its log mass up to there."""
        a = self.concentration
        power = power_law(value, a, least_positive(value.dtype))
        return (power - a.lgamma()).sum(-1) + a.sum(-1).lgamma()

    @property
    def centre(self) -> Tensor:
        """The mean."""
        return self.mean

    def cooled(self, temperature: float) -> Dirichlet:
        """The same mean; the concentrations divided by the square of `temperature`."""
        return Dirichlet(self.concentration / temperature**2, validate_args=False)


def gamma(concentration: Tensor, rate: Tensor, event_dims: int = 1) -> Distribution:
    """Independent Gamma variables.

    Args:
        concentration: a, positive, `[*batch, *event]`.
        rate: r, positive, broadcastable to it; the mean is a / r.
        event_dims: How many trailing dimensions form one event, at least 1.

    Returns:
        A distribution over positive vectors.
    """
    return factors(Gamma(concentration, rate, validate_args=False), event_dims)


def beta(concentration1: Tensor, concentration0: Tensor, event_dims: int = 1) -> Distribution:
    """Independent Beta variables.

    Args:
        concentration1: a, positive, `[*batch, *event]`; the mean is a / (a + b).
        concentration0: b, positive, broadcastable to it.
        event_dims: How many trailing dimensions form one event, at least 1.

    Returns:
        A distribution over vectors in the unit interval.
    """
    return factors(Beta(concentration1, concentration0, validate_args=False), event_dims)


def dirichlet(concentration: Tensor, event_dims: int = 1) -> Distribution:
    """Shares that add up to one along the last dimension; several such sets where an event has more dimensions.

    Args:
        concentration: Positive, `[*batch, *event]`.
        event_dims: How many trailing dimensions form one event, at least 1.

    Returns:
        A distribution over the simplex, or over a product of them.

    >>> dirichlet(torch.ones(5, 2, 3), 2).sample().sum((1, 2)).round()
    tensor([2., 2., 2., 2., 2.])
    """
    return factors(Dirichlet(concentration, validate_args=False), event_dims)
