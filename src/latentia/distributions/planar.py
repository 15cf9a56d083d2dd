"""Planar and radial transformations: each bends space along one direction, or around one point."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn.functional import softplus

MARGIN = 1e-3
"""How far the determinant's smallest factor stays from zero."""


def above_minus_one(raw: Tensor) -> Tensor:
    r"""A smooth, increasing map of the real line onto (-1 + margin, inf) that keeps zero: no transformation at all.

    The usual choice \(-1 + \log(1 + e^r)\) is about -0.31 at zero, so that a flow could not start as the identity.

    Args:
        raw: Any shape.

    Returns:
        The same shape.

    >>> above_minus_one(torch.tensor([-1e9, 0.0]))
    tensor([-0.9990,  0.0000])
    """
    return (1 - MARGIN) * (softplus(raw + math.log(math.e - 1)) - 1)


class Planar:
    r"""\(f(z) = z + \hat u \tanh(w^T z + b)\), with \(w^T \hat u > -1\) so that it is one-to-one.

    \(\hat u = u + (m(w^T u) - w^T u)\, w / |w|^2\), m as in `above_minus_one`, and
    \(\log|\det J| = \log(1 + w^T \hat u\, (1 - \tanh^2))\). Its inverse has no closed form.

    Args:
        u: Direction of the shift, `[*batch, D]`; zero gives the identity.
        w: Normal of the planes that move together, `[*batch, D]`.
        b: Offset, `[*batch]`.

    References:
        Rezende, Mohamed, Variational inference with normalizing flows, 2015, arXiv:1505.05770, section 4.1 and
        appendix A.1.
    """

    def __init__(self, u: Tensor, w: Tensor, b: Tensor) -> None:
        along = (w * u).sum(-1, keepdim=True)
        # Kept as it is: to compute w.u_hat anew would lose the margin to rounding.
        self._along = above_minus_one(along)
        tiny = torch.finfo(w.dtype).tiny
        self._shift = u + (self._along - along) * w / w.square().sum(-1, keepdim=True).clamp_min(tiny)
        self._w, self._b = w, b.unsqueeze(-1)

    def push(self, u: Tensor) -> tuple[Tensor, Tensor]:
        """The image, and log|det J|."""
        bent = torch.tanh((self._w * u).sum(-1, keepdim=True) + self._b)
        log_det = torch.log1p(self._along * (1 - bent.square()))
        return u + self._shift * bent, log_det.squeeze(-1)


class Radial:
    r"""\(f(z) = z + \frac{\beta}{\alpha + r} (z - z_0)\) with \(r = |z - z_0|\), alpha > 0 and beta > -alpha.

    \(\log|\det J| = (D-1) \log(1 + \beta h) + \log(1 + \alpha \beta h^2)\) with \(h = 1/(\alpha + r)\).

    Args:
        centre: z_0, `[*batch, D]`.
        log_alpha: log alpha, `[*batch]`.
        beta: Unconstrained; beta is alpha times `above_minus_one` of it, `[*batch]`; zero gives the identity.

    References:
        Rezende, Mohamed, Variational inference with normalizing flows, 2015, arXiv:1505.05770, section 4.1 and
        appendix A.2.
    """

    def __init__(self, centre: Tensor, log_alpha: Tensor, beta: Tensor) -> None:
        self._centre = centre
        self._alpha = log_alpha.exp().unsqueeze(-1)
        self._beta = self._alpha * above_minus_one(beta).unsqueeze(-1)

    def push(self, u: Tensor) -> tuple[Tensor, Tensor]:
        """The image, and log|det J|."""
        away = u - self._centre
        h = 1 / (self._alpha + torch.linalg.vector_norm(away, dim=-1, keepdim=True))
        around = torch.log1p(self._beta * h)
        outwards = torch.log1p(self._alpha * self._beta * h.square())
        return u + self._beta * h * away, ((u.shape[-1] - 1) * around + outwards).squeeze(-1)
