"""A posterior refined by Hamiltonian dynamics: draws that are carried towards the true posterior."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor
from torch.distributions import Distribution, constraints, kl_divergence, register_kl

from latentia.distributions.operations import factor_means
from latentia.errors import CompatibilityError

Force = Callable[[Tensor], Tensor]


def leapfrog(
    force: Force, z: Tensor, momentum: Tensor, step: Tensor, cooling: Sequence[Tensor]
) -> tuple[Tensor, Tensor]:
    r"""Leapfrog steps of the dynamics of unit mass, the momentum scaled after each.

    One step is \(\rho' = \rho + \frac\epsilon2 f(z)\), \(z \gets z + \epsilon \rho'\),
    \(\rho \gets c\,(\rho' + \frac\epsilon2 f(z))\). All its parts but the scaling by c keep the volume, whatever f is.

    Args:
        force: f, the gradient of the log-density that is to be approached; `[*lead, D]` to the same shape.
        z: Positions, `[*lead, D]`.
        momentum: `[*lead, D]`.
        step: Step sizes, broadcastable to `z`; they may differ between dimensions and rows, but not depend on z.
        cooling: The factor c of each step; as many steps are made.

    Returns:
        Positions and momentum after the last step.

    References:
        Neal, MCMC using Hamiltonian dynamics, 2011, arXiv:1206.1901, section 5.2.3.
    """
    pull = force(z) if cooling else z
    for factor in cooling:
        momentum = momentum + step / 2 * pull
        z = z + step * momentum
        pull = force(z)
        momentum = factor * (momentum + step / 2 * pull)
    return z, momentum


def quadratic_cooling(root_beta: Tensor, steps: int) -> list[Tensor]:
    r"""Factors that take the momentum from inverse temperature \(\beta_0\) to 1.

    With \(1/\sqrt{\beta_l} = (1 - 1/\sqrt{\beta_0})\, l^2 / L^2 + 1/\sqrt{\beta_0}\) the l-th factor is
    \(\sqrt{\beta_{l-1} / \beta_l}\); their product is \(\sqrt{\beta_0}\).

    Args:
        root_beta: The square root of beta_0, in (0, 1].
        steps: L.

    Returns:
        L factors.

    >>> [round(float(c), 3) for c in quadratic_cooling(torch.tensor(0.5), 2)]
    [0.875, 0.571]
    """
    heat = [1 / root_beta + (1 - 1 / root_beta) * (step / steps) ** 2 for step in range(steps + 1)]
    return [after / before for before, after in pairwise(heat)]


@dataclass(frozen=True, slots=True)
class _Path:
    """A draw: where it began and ended, the log-density of its beginning, and how that changed on the way."""

    start: Tensor
    end: Tensor
    log_start: Tensor
    change: Tensor


class Hamiltonian(Distribution):
    r"""z_L, reached in L leapfrog steps from \(z_0 \sim q\) with a momentum \(\rho_0 \sim N(0, I/\beta_0)\).

    The momentum makes the marginal density of z_L unknown, but not the weights of importance sampling. With

    \[ \log \tilde q = \log q(z_0) + \log N(\rho_0; 0, I/\beta_0) - \tfrac D2 \log \beta_0 - \log N(\rho_L; 0, I) \]

    the mean of \(p(x, z_L) / \tilde q\) is p(x). `log_prob` is this number, known for own draws alone, which are kept
    as long as the distribution. With no steps it is the log-density of q.

    Args:
        base: q, with batch `[*batch]` and event `[D]`; differentiable samples.
        log_target: \(\log p(x, z)\) up to a constant as a function of z: `[*lead, D]` to `[*lead]`, row by row.
        step: Step sizes, broadcastable to `[*batch, D]`.
        root_beta: The square root of beta_0, in (0, 1]; 1 for no tempering.
        steps: L, 0 or more.

    References:
        Caterini, Doucet, Sejdinovic, Hamiltonian variational auto-encoder, 2018, arXiv:1805.11328.
    """

    arg_constraints = {}  # noqa: RUF012 -- torch's own protocol
    has_rsample = True

    def __init__(
        self,
        base: Distribution,
        log_target: Callable[[Tensor], Tensor],
        *,
        step: Tensor,
        root_beta: Tensor,
        steps: int,
    ) -> None:
        self.base, self.log_target = base, log_target
        self.step, self.root_beta, self.steps = step, root_beta, steps
        self._draws: list[_Path] = []
        super().__init__(base.batch_shape, base.event_shape, validate_args=False)

    @property
    def support(self) -> constraints.Constraint:
        """All real vectors."""
        return constraints.independent(constraints.real, len(self.event_shape))

    def expand(self, batch_shape: Any, _instance: Any = None) -> Hamiltonian:
        """The same with its batch broadcast to `batch_shape`; the draws of either are known to both."""
        base = self.base.expand(torch.Size(batch_shape))
        wider = Hamiltonian(base, self.log_target, step=self.step, root_beta=self.root_beta, steps=self.steps)
        wider._draws = self._draws
        return wider

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Draws `[*sample_shape, *batch, D]`, differentiable in q, the steps and the target where gradients are on."""
        start = self.base.rsample(torch.Size(sample_shape))
        log_start = self.base.log_prob(start)
        if self.steps == 0:
            self._draws.append(_Path(start, start, log_start, torch.zeros_like(log_start)))
            return start
        noise = torch.randn_like(start)
        z, momentum = self._moved(start, noise / self.root_beta)
        # log N(rho_0; 0, I/beta_0) - (D/2) log beta_0 = log N(noise; 0, I), and the constants of both momenta cancel.
        self._draws.append(_Path(start, z, log_start, (momentum.square() - noise.square()).sum(-1) / 2))
        return z

    def log_prob(self, value: Tensor) -> Tensor:
        """The number that makes importance weights unbiased, `[*lead]` in nats, for an own draw.

        Raises:
            CompatibilityError: `value` is none of the tensors that were drawn.
        """
        for path in self._draws:
            if path.end is value:
                return path.log_start + path.change
        raise CompatibilityError(
            "a posterior refined by leapfrog steps knows a density for its own draws alone, and was asked for that of "
            "another z; draw from it and score that draw, or use the posterior without refinement (leapfrog 0)"
        )

    @cached_property
    def centre(self) -> Tensor:
        """Where the leapfrog leads from the centre of q with no momentum, `[*batch, D]`: the refined code, no noise."""
        start = factor_means(self.base, torch.Size([1]) + self.batch_shape)
        z: Tensor = self._moved(start, torch.zeros_like(start))[0][0]
        return z

    def _moved(self, z: Tensor, momentum: Tensor) -> tuple[Tensor, Tensor]:
        return leapfrog(
            lambda at: force_of(self.log_target, at),
            z,
            momentum,
            self.step,
            quadratic_cooling(self.root_beta, self.steps),
        )


def force_of(log_target: Callable[[Tensor], Tensor], z: Tensor) -> Tensor:
    """The gradient of a log-density, itself differentiable where gradients are on, and a constant where they are off.

    Args:
        log_target: `[*lead, D]` to `[*lead]`, row by row.
        z: `[*lead, D]`.

    Returns:
        `[*lead, D]`.
    """
    differentiable = torch.is_grad_enabled()
    with torch.enable_grad():
        at = z if z.requires_grad else z.detach().requires_grad_()
        (gradient,) = torch.autograd.grad(log_target(at).sum(), at, create_graph=differentiable)
    return gradient if differentiable else gradient.detach()


def _divergence(q: Hamiltonian, p: Distribution) -> Tensor:
    r"""The sampled \(\log \tilde q(z_L) - \log p(z_L)\) with less noise, for the one draw that was made.

    The same difference at the start of the path is taken off and its mean, the KL of the inner posterior, put in its
    place: a control variate, which changes no mean. On the digits a thirtieth of the gradient's variance is left early
    in training, and a third later.
    """
    if len(q._draws) != 1:
        raise NotImplementedError("known for a single draw")
    inner, (path,) = kl_divergence(q.base, p), q._draws
    return inner + path.change - p.log_prob(path.end) + p.log_prob(path.start)


register_kl(Hamiltonian, Distribution)(_divergence)
