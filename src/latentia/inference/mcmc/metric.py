r"""The mass of the momentum: coordinates in which the target has about unit scale.

With \(\Sigma = L L^T\) for the inverse mass, a momentum \(r \sim N(0, I)\) moves z by \(L r\) and is pushed by
\(L^T \nabla \log p\). That is Hamiltonian dynamics with mass \(\Sigma^{-1}\) in which the kinetic energy and the U-turn
need plain scalar products.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

import torch
from torch import Tensor

Mass = Literal["identity", "diagonal", "dense"]
"""What is learned of the target's scale during warm-up: nothing, variances, or the covariance."""


class Stride(Protocol):
    """The two halves of a leapfrog step of given length and direction."""

    def move(self, z: Tensor, momentum: Tensor) -> Tensor:
        """The position after a full step."""
        ...

    def push(self, momentum: Tensor, gradient: Tensor) -> Tensor:
        """The momentum after half a step."""
        ...


class Metric(Protocol):
    """A positive definite matrix for each group of chains."""

    def stride(self, step: Tensor) -> Stride:
        """Leapfrog steps of these lengths, `[C]`; negative ones go back in time."""
        ...


@dataclass(frozen=True, slots=True)
class _DiagonalStride:
    full: Tensor
    half: Tensor

    def move(self, z: Tensor, momentum: Tensor) -> Tensor:
        return torch.addcmul(z, self.full, momentum)

    def push(self, momentum: Tensor, gradient: Tensor) -> Tensor:
        return torch.addcmul(momentum, self.half, gradient)


@dataclass(frozen=True, slots=True)
class Diagonal:
    """A scale for each dimension.

    Attributes:
        scale: Standard deviations `[C, D]`, or `[C, 1]`.
    """

    scale: Tensor

    def stride(self, step: Tensor) -> Stride:
        """Leapfrog steps of these lengths, `[C]`."""
        full = step[:, None] * self.scale
        return _DiagonalStride(full, full / 2)


@dataclass(frozen=True, slots=True)
class _DenseStride:
    root: Tensor
    full: Tensor
    half: Tensor

    def _times(self, vectors: Tensor, matrix: Tensor) -> Tensor:
        return (vectors.reshape(len(matrix), -1, matrix.shape[-1]) @ matrix).reshape(vectors.shape)

    def move(self, z: Tensor, momentum: Tensor) -> Tensor:
        return torch.addcmul(z, self.full, self._times(momentum, self.root.mT))

    def push(self, momentum: Tensor, gradient: Tensor) -> Tensor:
        return torch.addcmul(momentum, self.half, self._times(gradient, self.root))


@dataclass(frozen=True, slots=True)
class Dense:
    """A covariance for each group of chains.

    Attributes:
        root: Its Cholesky factor `[G, D, D]`; consecutive chains form a group.
    """

    root: Tensor

    def stride(self, step: Tensor) -> Stride:
        """Leapfrog steps of these lengths, `[C]`."""
        full = step[:, None]
        return _DenseStride(self.root, full, full / 2)


class Moments:
    """Mean and covariance of the draws of a warm-up window, pooled over the chains of a group (Welford, 1962).

    Args:
        groups: G.
        like: Positions `[C, D]`.
        mass: What is to be estimated.
    """

    def __init__(self, groups: int, like: Tensor, mass: Mass) -> None:
        self.groups, self.mass = groups, mass
        self.count = 0
        self.mean = like.new_zeros(groups, 1, like.shape[1])
        shape = (groups, like.shape[1], like.shape[1]) if mass == "dense" else (groups, like.shape[1])
        self.scatter = like.new_zeros(shape)

    def add(self, z: Tensor) -> None:
        """Take in the positions of all chains, `[C, D]`."""
        if self.mass == "identity":
            return
        rows = z.reshape(self.groups, -1, z.shape[1])
        self.count += rows.shape[1]
        before = rows - self.mean
        self.mean = self.mean + before.sum(1, keepdim=True) * (1 / self.count)
        # Chan, Golub, LeVeque: the scatter about the new mean, exact for a batch of rows.
        within = rows - rows.mean(1, keepdim=True)
        shift = before.mean(1)
        size, earlier = rows.shape[1], self.count - rows.shape[1]
        weight = size * earlier / self.count
        if self.mass == "dense":
            self.scatter = self.scatter + within.mT @ within + weight * shift[:, :, None] * shift[:, None, :]
        else:
            self.scatter = self.scatter + within.square().sum(1) + weight * shift.square()

    def metric(self, chains: int) -> Metric | None:
        r"""The metric that these draws suggest, shrunk towards a small multiple of the identity as Stan does.

        \(\frac{n}{n+5} \hat\Sigma + 10^{-3} \frac{5}{n+5} I\).

        Args:
            chains: C.

        Returns:
            A metric, or None where nothing is to be learned or the draws do not tell.
        """
        if self.mass == "identity" or self.count < 2:
            return None
        weight, ridge = self.count / (self.count + 5), 1e-3 * 5 / (self.count + 5)
        estimate = self.scatter / (self.count - 1) * weight
        if not bool(estimate.isfinite().all()):
            return None
        if self.mass == "dense":
            root, info = torch.linalg.cholesky_ex(estimate + ridge * torch.eye(estimate.shape[-1]).to(estimate))
            return None if bool(info.any()) else Dense(root)
        return Diagonal((estimate + ridge).sqrt().repeat_interleave(chains // self.groups, 0))


def unit_metric(z: Tensor) -> Metric:
    """No scale at all.

    Args:
        z: Positions `[C, D]`.

    Returns:
        The identity.
    """
    return Diagonal(z.new_ones(len(z), 1))
