"""The squared Frobenius norm of a network's Jacobian, exact or estimated, and differentiable in its weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import torch
from torch import Tensor
from torch.func import vjp, vmap

Function = Callable[[Tensor], Tensor]
Pull = Callable[[Tensor], tuple[Tensor]]


def squared_jacobian(function: Function, at: Tensor, probes: int = 0) -> Tensor:
    r"""\(\|\partial f/\partial x\|_F^2\) for each row.

    Exactly, by pushing or pulling a basis through the network, from whichever of its sides has fewer dimensions; or
    without bias from random signs v, \(E\|v^T J\|^2 = \|J\|_F^2\) (Hutchinson), at the cost of one backward pass a
    probe. Works where gradients are switched off, too.

    Args:
        function: Maps `[B, *in]` to `[B, *out]`, each row by itself.
        at: x, `[B, *in]`.
        probes: Number of random directions; 0 is exact.

    Returns:
        `[B]`.

    References:
        Hutchinson, A stochastic estimator of the trace of the influence matrix, 1989, doi:10.1080/03610918908812806.

    >>> float(squared_jacobian(lambda x: 3 * x, torch.zeros(1, 4)))
    36.0
    """
    output, pull = cast(tuple[Tensor, Pull], vjp(function, at))
    if probes:
        signs = torch.randint(0, 2, (probes, *output.shape), device=output.device).to(output.dtype) * 2 - 1
        return _squared(vmap(pull)(signs)[0]).mean(0)
    if output[0].numel() <= at[0].numel():
        return _squared(vmap(pull)(_basis(output))[0]).sum(0)
    # v -> J v is the transpose of u -> J^T u: reverse mode twice, as forward mode lacks some layers.
    _, push = cast(tuple[Tensor, Pull], vjp(lambda cotangent: pull(cotangent)[0], torch.zeros_like(output)))
    return _squared(vmap(push)(_basis(at))[0]).sum(0)


def _squared(directions: Tensor) -> Tensor:
    """`[n, B, *event]` to `[n, B]`, in float32 at least."""
    wide = directions if directions.dtype == torch.float64 else directions.float()
    return wide.flatten(2).square().sum(2)


def _basis(like: Tensor) -> Tensor:
    """The unit vectors of one event for every row: `[n, B, *event]`."""
    size = like[0].numel()
    eye = torch.eye(size, dtype=like.dtype, device=like.device)
    return eye.reshape(torch.Size([size, 1]) + like.shape[1:]).expand(torch.Size([size]) + like.shape)
