"""The refinement of a posterior by Hamiltonian dynamics."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torch.distributions import Distribution

from latentia.conditionals.protocol import Conditional, Need
from latentia.distributions import at_least_float32, smooth_bound
from latentia.distributions.hamiltonian import Hamiltonian
from latentia.errors import CompatibilityError, ConfigurationError
from latentia.names import Domain

# Adam moves a parameter by about its rate a step; with a gain the few numbers of the dynamics keep up.
GAIN = 10.0


class HamiltonianPosterior(nn.Module):
    r"""Draws of any differentiable posterior, carried on by leapfrog steps on \(\log p(x|z) + \log p(z)\).

    Step sizes are learned for each dimension, in units of the inner posterior's standard deviation where that is known,
    and so is the temperature at which the momentum starts. The dynamics need x: the evidence is the inner posterior's
    features and, behind them, x itself (see `nets.WithInput`).

    Prior and likelihood are the model's own, looked at and not owned: they are parts of the model already.

    Args:
        inner: q(z|x), a conditional of the features; on the real line, with a density and differentiable samples.
        prior: p(z).
        likelihood: p(x|z).
        features: Length of the feature vector.
        shape: Shape of one x.
        steps: L, leapfrog steps.
        step: The initial step size.

    Shapes:
        `[*lead, features + D]` to a distribution with batch `[*lead]` and the event of `inner`; D is the size of x.

    Raises:
        CompatibilityError: A posterior that cannot be refined, or a prior without a density.
        ConfigurationError: Fewer than 0 steps.

    References:
        Caterini, Doucet, Sejdinovic, Hamiltonian variational auto-encoder, 2018, arXiv:1805.11328.
    """

    LOW, HIGH = -8.0, 1.0
    domain: Domain = "real"

    def __init__(
        self,
        inner: nn.Module,
        prior: nn.Module,
        likelihood: nn.Module,
        *,
        features: int,
        shape: Sequence[int],
        steps: int,
        step: float = 0.2,
    ) -> None:
        super().__init__()
        _check(inner, prior, steps)
        self.inner = inner
        # In a tuple, so that their parameters are not registered a second time.
        self._target = (cast(Conditional, prior), cast(Conditional, likelihood))
        self.event_shape = cast(torch.Size, inner.event_shape)
        self.provides = cast(frozenset[Need], inner.provides) - {Need.EVALUABLE, Need.FACTORISED, Need.MOMENTS}
        self.features, self.shape, self.steps = features, tuple(shape), steps
        self.in_spreads = Need.MOMENTS in cast(frozenset[Need], inner.provides)
        self.initial = math.log(step)
        if steps > 0:
            self.raw_log_step = nn.Parameter(torch.zeros(self.event_shape))
            self.raw_beta = nn.Parameter(torch.zeros(()))

    def extra_repr(self) -> str:
        """How many steps."""
        return f"{self.steps} leapfrog steps"

    def forward(self, given: Tensor) -> Distribution:
        """q(z | features, x)."""
        flat = given[..., self.features :]
        q = cast(Conditional, self.inner)(given[..., : self.features])
        if self.steps == 0:
            return q
        x = flat.reshape(flat.shape[:-1] + torch.Size(self.shape))
        prior, likelihood = self._target
        # One p(z) for all steps: some priors are costly to build.
        p = prior(given.new_empty(given.shape[:-1] + torch.Size([0])))

        def log_target(z: Tensor) -> Tensor:
            px = likelihood(z)
            px = px.observe(x) if hasattr(px, "observe") else px  # as the trace does
            return at_least_float32(px.log_prob(x)) + at_least_float32(p.log_prob(z))

        step = smooth_bound(self.initial + GAIN * self.raw_log_step, self.LOW, self.HIGH).exp()
        if self.in_spreads:
            step = step * q.stddev
        root_beta = torch.sigmoid(2.0 + GAIN * self.raw_beta)
        return Hamiltonian(q, log_target, step=step, root_beta=root_beta, steps=self.steps)


def _check(inner: nn.Module, prior: nn.Module, steps: int) -> None:
    if steps < 0:
        raise ConfigurationError(f"leapfrog is {steps}; the number of leapfrog steps is 0 (none) or more")
    if inner.domain != "real":
        raise CompatibilityError(
            f"leapfrog steps move through real space, and the posterior ({type(inner).__name__}) is not over real "
            "vectors; use leapfrog 0, or a posterior such as diagonal, full, laplace or spline"
        )
    offered = cast(frozenset[Need], inner.provides)
    if not {Need.DENSITY, Need.REPARAMETERISED} <= offered:
        raise CompatibilityError(
            f"leapfrog steps refine a posterior with a density and differentiable samples, and {type(inner).__name__} "
            "lacks one of them; use leapfrog 0, or a posterior such as diagonal, full, laplace or spline"
        )
    if not {Need.DENSITY, Need.EVALUABLE} <= cast(frozenset[Need], prior.provides):
        raise CompatibilityError(
            f"leapfrog steps follow the gradient of log p(z), and the prior ({type(prior).__name__}) has no density; "
            "use leapfrog 0, or a prior such as standard"
        )
