"""The Sylvester transformation: a planar one of D directions at once."""

from __future__ import annotations

import torch
from torch import Tensor

LIMIT = 0.999
"""Bound of the triangular matrices' diagonals; their product stays above -1, so the map is one-to-one."""


class Sylvester:
    r"""\(f(z) = z + Q R \tanh(\tilde R Q^T z + b)\), Q orthogonal, R and R~ upper triangular.

    Q is a product of Householder reflections \(I - 2 v v^T / |v|^2\). By Sylvester's identity
    \(\log|\det J| = \sum_i \log(1 + R_{ii} \tilde R_{ii} (1 - \tanh^2)_i)\), and the map is one-to-one where every
    \(R_{ii} \tilde R_{ii} > -1\). Its inverse has no closed form.

    Args:
        triangles: `[*batch, D, D]`: the upper triangle with the diagonal is R (its diagonal before tanh), the strictly
            lower one, transposed, the strictly upper triangle of R~. A zero upper triangle gives the identity.
        diagonal: Diagonal of R~ before tanh, `[*batch, D]`.
        b: Offset, `[*batch, D]`.
        reflections: The vectors v, `[*batch, H, D]`.

    References:
        van den Berg, Hasenclever, Tomczak, Welling, Sylvester normalizing flows for variational inference, 2018,
        arXiv:1803.05649, the Householder variant.
    """

    def __init__(self, triangles: Tensor, diagonal: Tensor, b: Tensor, reflections: Tensor) -> None:
        first = LIMIT * torch.tanh(triangles.diagonal(dim1=-2, dim2=-1))
        second = LIMIT * torch.tanh(diagonal)
        self._outer = triangles.triu(1) + torch.diag_embed(first)
        self._inner = triangles.tril(-1).mT + torch.diag_embed(second)
        self._product, self._b = first * second, b
        tiny = torch.finfo(reflections.dtype).tiny
        lengths = reflections.square().sum(-1, keepdim=True).clamp_min(tiny)
        self._mirrors = tuple(zip(reflections.unbind(-2), (reflections / lengths).unbind(-2), strict=True))

    def _turned(self, x: Tensor, *, back: bool) -> Tensor:
        """Q^T x, or Q x with `back`: the same reflections in reverse."""
        for v, scaled in reversed(self._mirrors) if back else self._mirrors:
            x = x - 2 * (scaled * x).sum(-1, keepdim=True) * v
        return x

    def push(self, u: Tensor) -> tuple[Tensor, Tensor]:
        """The image, and log|det J|."""
        bent = torch.tanh((self._inner @ self._turned(u, back=False).unsqueeze(-1)).squeeze(-1) + self._b)
        shift = self._turned((self._outer @ bent.unsqueeze(-1)).squeeze(-1), back=True)
        return u + shift, torch.log1p(self._product * (1 - bent.square())).sum(-1)
