"""A log-density with its gradient for all chains in one pass, and the checks of where chains start."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from latentia.errors import CompatibilityError, ConfigurationError, NonFiniteError

LogProb = Callable[[Tensor], Tensor]
"""A log-density up to a constant, `[C, D]` to `[C]`, row by row, in nats."""


@dataclass(frozen=True, slots=True)
class Point:
    """Where the chains are.

    Attributes:
        z: Positions, `[C, D]`.
        log_prob: The log-density there, `[C]`.
        gradient: Its gradient, `[C, D]`.
    """

    z: Tensor
    log_prob: Tensor
    gradient: Tensor

    def moved(self, accepted: Tensor, to: Point) -> Point:
        """The other point where a move was accepted.

        Args:
            accepted: `[C]`.
            to: The proposals.

        Returns:
            One of the two for each chain.
        """
        wide = accepted[:, None]
        return Point(
            torch.where(wide, to.z, self.z),
            torch.where(accepted, to.log_prob, self.log_prob),
            torch.where(wide, to.gradient, self.gradient),
        )


class Target:
    """A log-density that is evaluated together with its gradient.

    Args:
        log_prob: `[C, D]` to `[C]`; each row must depend on its own row alone.
    """

    def __init__(self, log_prob: LogProb) -> None:
        self.log_prob = log_prob
        self._ones = torch.empty(0)

    def __call__(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Values `[C]` and gradients `[C, D]`, by one backward pass for all chains."""
        with torch.enable_grad():
            at = z.detach().requires_grad_()
            value = self.log_prob(at)
            if self._ones.shape != value.shape or self._ones.dtype != value.dtype:
                self._ones = torch.ones_like(value)
            (gradient,) = torch.autograd.grad(value, at, self._ones)
        return value.detach(), gradient

    def at(self, z: Tensor) -> Point:
        """The point at z."""
        return Point(z, *self(z))

    def start(self, initial: Tensor) -> Point:
        """Where chains begin, checked.

        Args:
            initial: `[C, D]`, floating point.

        Returns:
            The point.

        Raises:
            CompatibilityError: `initial` is not of that shape, or `log_prob` does not return one number a chain.
            ConfigurationError: `log_prob` does not depend on its argument in a differentiable way.
            NonFiniteError: The density or its gradient is not finite where a chain begins.
        """
        if initial.dim() != 2 or 0 in initial.shape or not initial.is_floating_point():
            raise CompatibilityError(
                f"initial is a {initial.dtype} tensor of shape {tuple(initial.shape)}; expected floating-point "
                "positions (chains, dimensions), one row a chain"
            )
        with torch.no_grad():
            value = self.log_prob(initial)
        if value.shape != initial.shape[:1]:
            raise CompatibilityError(
                f"log_prob returned shape {tuple(value.shape)} for {tuple(initial.shape)}; expected one number a "
                f"chain, ({len(initial)},): sum over everything but the chains"
            )
        try:
            point = self.at(initial.detach().clone())
        except RuntimeError as error:
            if "grad" not in str(error) and "differentiated" not in str(error):
                raise
            raise ConfigurationError(
                f"log_prob has no gradient with respect to its argument ({error}); compute it from the tensor it is "
                "given with differentiable operations, without detach() or no_grad()"
            ) from None
        fine = point.log_prob.isfinite() & point.gradient.isfinite().all(-1) & initial.isfinite().all(-1)
        if not bool(fine.all()):
            bad = int((~fine).nonzero()[0, 0])
            raise NonFiniteError(
                f"chain {bad} starts where the log-density is {float(point.log_prob[bad]):g} and its gradient "
                f"{'finite' if bool(point.gradient[bad].isfinite().all()) else 'not finite'} "
                f"({int((~fine).sum())} of {len(fine)} chains); start the chains inside the support"
            )
        return point
