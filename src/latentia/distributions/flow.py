"""A diagonal Gaussian pushed through a sequence of transformations."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol, TypeGuard

import torch
from torch import Tensor
from torch.distributions import Distribution, constraints

from latentia.distributions.constructors import normal
from latentia.errors import CompatibilityError


class Transformation(Protocol):
    """A smooth, one-to-one map of vectors; its parameters broadcast to the batch of what it maps."""

    def push(self, u: Tensor, /) -> tuple[Tensor, Tensor]:
        """The image of u `[*batch, D]`, and log|det| of the Jacobian there, a shape that broadcasts to `[*batch]`."""
        ...


class Bijection(Transformation, Protocol):
    """A transformation whose inverse can be computed."""

    def pull(self, z: Tensor, /) -> tuple[Tensor, Tensor]:
        """The u that `push` takes to z `[*batch, D]`, and log|det| of the inverse's Jacobian there."""
        ...


def invertible(transformation: Transformation) -> TypeGuard[Bijection]:
    """Whether the inverse of a transformation can be computed."""
    return hasattr(transformation, "pull")


class Flow(Distribution):
    r"""The distribution of \(z = f_n \circ \dots \circ f_1(u)\) for \(u \sim N(\mu, diag(\sigma^2))\).

    \(\log q(z) = \log N(u; \mu, \sigma) - \sum_i \log |\det J_{f_i}|\). The log-density of a draw falls out of drawing
    it and is kept, so that training needs no inverse: `log_prob` gives it for the very tensor that `rsample` returned.
    For any other z the transformations are inverted, where all of them can be.

    Draws are kept as long as the distribution is, which is one step of training.

    Args:
        loc: Mean of the base, `[*batch, D]`.
        scale: Standard deviation of the base, positive, `[*batch, D]`.
        transformations: In the order in which they act; their parameters broadcast to `[*batch, D]`.

    References:
        Rezende, Mohamed, Variational inference with normalizing flows, 2015, arXiv:1505.05770.
        Papamakarios and others, Normalizing flows for probabilistic modeling and inference, 2021, arXiv:1912.02762.

    >>> from latentia.distributions.affine import Affine
    >>> flow = Flow(torch.zeros(2), torch.ones(2), [Affine(torch.ones(2), torch.zeros(2))])
    >>> z = flow.rsample(torch.Size([3]))
    >>> torch.allclose(flow.log_prob(z), flow.log_prob(z.clone()))
    True
    """

    arg_constraints = {}  # noqa: RUF012 -- torch's own protocol
    has_rsample = True

    def __init__(self, loc: Tensor, scale: Tensor, transformations: Iterable[Transformation]) -> None:
        self.loc, self.scale = torch.broadcast_tensors(loc, scale)
        self.base = normal(self.loc, self.scale)
        self.transformations = tuple(transformations)
        # A draw, its log-density, and whether gradients were recorded when it was drawn.
        self._draws: list[tuple[Tensor, Tensor, bool]] = []
        self._differentiable = torch.is_grad_enabled()
        super().__init__(self.base.batch_shape, self.base.event_shape, validate_args=False)

    @property
    def support(self) -> constraints.Constraint:
        """All real vectors."""
        return constraints.real_vector

    @property
    def evaluable(self) -> bool:
        """Whether the density is known at any z, not only at own draws."""
        return all(invertible(each) for each in self.transformations)

    @property
    def centre(self) -> Tensor:
        """The image of the base's mean, `[*batch, D]`: what stands for the distribution, whose mean is unknown."""
        return self._push(self.loc)[0]

    def expand(self, batch_shape: Any, _instance: Any = None) -> Flow:
        """The same distribution with its batch broadcast to `batch_shape`; draws of either are known to both."""
        shape = torch.Size(batch_shape) + self.event_shape
        expanded = Flow(self.loc.expand(shape), self.scale.expand(shape), self.transformations)
        expanded._draws, expanded._differentiable = self._draws, self._differentiable
        return expanded

    def tempered(self, temperature: float) -> Flow:
        """The flow with the spread of its base multiplied by `temperature`; at 0 every draw is the centre.

        Args:
            temperature: Zero or more.

        Returns:
            A distribution of the same shapes.
        """
        return Flow(self.loc, self.scale * temperature, self.transformations)

    def _push(self, u: Tensor) -> tuple[Tensor, Tensor]:
        total = u.new_zeros(())
        # The walk of an exact density: half precision would make the image and its log-determinant disagree.
        with torch.autocast(u.device.type, enabled=False):
            for each in self.transformations:
                u, log_det = each.push(u)
                total = total + log_det
        return u, total

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Differentiable draws `[*sample_shape, *batch, D]`, whose log-density is kept."""
        u = self.base.rsample(torch.Size(sample_shape))
        z, log_det = self._push(u)
        self._draws.append((z, self.base.log_prob(u) - log_det, torch.is_grad_enabled()))
        return z

    def log_prob(self, value: Tensor) -> Tensor:
        """Log-density of z `[*sample_shape, *batch, D]`, in nats.

        Raises:
            CompatibilityError: z is no draw of this distribution and a transformation has no inverse.
        """
        for z, log_q, with_gradient in self._draws:
            if z is value and (with_gradient or not self._wants_gradient()):
                return log_q
        if not self.evaluable:
            raise CompatibilityError(self._advice(value))
        return self._by_inverse(value)

    def _by_inverse(self, z: Tensor) -> Tensor:
        total = z.new_zeros(())
        # One z under many parameters, as in a mixture of flows: autoregressive networks want the whole batch.
        z = z.expand(torch.broadcast_shapes(z.shape, self.batch_shape + self.event_shape))
        with torch.autocast(z.device.type, enabled=False):
            for each in reversed(self.transformations):
                assert invertible(each)
                z, log_det = each.pull(z)
                total = total + log_det
        return self.base.log_prob(z) + total

    def _wants_gradient(self) -> bool:
        """Whether a log-density without a gradient would be taken for a constant by mistake."""
        return torch.is_grad_enabled() and self._differentiable and (self.evaluable or self.loc.requires_grad)

    def _advice(self, value: Tensor) -> str:
        names = ", ".join(sorted({type(each).__name__ for each in self.transformations if not invertible(each)}))
        if any(z is value for z, _, _ in self._draws):
            return (
                f"this z was drawn without gradients, and a flow of {names} transformations cannot differentiate the "
                "density of a fixed z: use rsample, or a posterior whose density is known at any z (diagonal, full, "
                "iaf, maf or spline)"
            )
        return (
            f"the density of a flow of {names} transformations, which have no inverse, is known only at its own draws, "
            "and this z is none: use a posterior whose density is known at any z (diagonal, full, iaf, maf or spline)"
        )
