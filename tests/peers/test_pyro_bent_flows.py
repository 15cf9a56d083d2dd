"""Planar, radial and Sylvester transformations and Householder reflections against Pyro's on equal weights."""

from __future__ import annotations

import torch
from torch import Tensor

from latentia.distributions.planar import Planar, Radial, above_minus_one
from latentia.distributions.sylvester import LIMIT, Sylvester
from tests.distributions.flows import F64
from tests.exact.mutants import killed
from tests.peers.pyro_vae import transforms
from tests.peers.small_vae import equal, noise

D = 4
X = 2 * noise(50, D)


def given(transform: torch.nn.Module, **parameters: Tensor) -> torch.nn.Module:
    """A transform of Pyro's with these parameters, in float64."""
    transform = transform.double()
    with torch.no_grad():
        for name, value in parameters.items():
            getattr(transform, name).copy_(value)
    return transform


def same_map(ours: tuple[Tensor, Tensor], theirs: torch.nn.Module, atol: float = 1e-10) -> None:
    y = theirs(X)
    equal(ours[0], y, atol)
    equal(ours[1], theirs.log_abs_det_jacobian(X, y), atol)  # type: ignore[operator] # Pyro is untyped


def inverse_softplus(x: Tensor) -> Tensor:
    return x + torch.log(-torch.expm1(-x))


def test_the_planar_transformation_is_pyros() -> None:
    # Both hold w.u above -1, Pyro by softplus - 1, ours by a map that keeps zero.
    u, w, b = noise(D), noise(D, seed=3), noise(1, seed=4)
    along = (u * w).sum()
    shift = u + (above_minus_one(along) - along) * w / w.square().sum()
    kept = inverse_softplus(above_minus_one(along) + 1)
    of_pyro = shift + (kept - above_minus_one(along)) * w / w.square().sum()
    same_map(Planar(u, w, b[0]).push(X), given(transforms.Planar(D), u=of_pyro, w=w, bias=b))
    with killed():  # the unconstrained direction
        same_map(Planar(u, w, b[0]).push(X), given(transforms.Planar(D), u=u, w=w, bias=b))


def test_the_radial_transformation_is_pyros() -> None:
    centre, log_alpha, beta = noise(D), noise(1, seed=3), noise(1, seed=4)
    alpha = log_alpha.exp()
    theirs = given(
        transforms.Radial(D),
        x0=centre,
        alpha_prime=inverse_softplus(alpha),
        beta_prime=inverse_softplus(alpha * (1 + above_minus_one(beta))),
    )
    same_map(Radial(centre, log_alpha[0], beta[0]).push(X), theirs)
    with killed():
        same_map(Radial(centre, log_alpha[0], -beta[0]).push(X), theirs)


def triangles(outer: Tensor, inner: Tensor) -> Tensor:
    """Two upper triangular matrices with diagonals before tanh as our single argument; that of `inner` is apart."""
    return outer.triu() + inner.triu(1).mT


def test_householder_reflections_are_pyros() -> None:
    outer, inner, b, mirrors = noise(D, D), noise(D, D, seed=3), noise(D, seed=4), noise(3, D, seed=5)
    rotation = given(transforms.Householder(D, count_transforms=3), u_unnormed=mirrors)
    r = outer.triu(1) + torch.diag(LIMIT * outer.diagonal().tanh())
    s = inner.triu(1) + torch.diag(LIMIT * inner.diagonal().tanh())
    # z + Q R tanh(S Q^T z + b), with Pyro's rotation as Q^T.
    bent = torch.tanh(rotation(X) @ s.mT + b)
    y, _ = Sylvester(triangles(outer, inner), inner.diagonal(), b, mirrors).push(X)
    equal(y, X + rotation.inv(bent @ r.mT))  # type: ignore[operator] # Pyro is untyped
    with killed():  # the reflections in the other order
        y, _ = Sylvester(triangles(outer, inner), inner.diagonal(), b, mirrors.flip(0)).push(X)
        equal(y, X + rotation.inv(bent @ r.mT))  # type: ignore[operator] # Pyro is untyped


def sylvester_of_pyro(mirrors: Tensor) -> torch.nn.Module:
    outer, inner, b = noise(D, D), noise(D, D, seed=3), noise(D, seed=4)
    diagonals = {"R_diag": outer.diagonal(), "S_diag": inner.diagonal()}
    transform = transforms.Sylvester(D, count_transforms=len(mirrors))
    return given(transform, R_dense=outer, S_dense=inner, b=b, u_unnormed=mirrors, **diagonals)


def log_det_by_autograd(transform: torch.nn.Module, x: Tensor) -> Tensor:
    jacobians = torch.stack([torch.autograd.functional.jacobian(transform, row) for row in x])
    log_det: Tensor = torch.linalg.slogdet(jacobians).logabsdet
    return log_det


def test_the_sylvester_transformation_is_pyros_where_pyros_rotation_is_none() -> None:
    # Pyro multiplies rows from the left, so its matrices act transposed: z + R^T Q^T tanh(Q S^T z + b). Reversing the
    # dimensions, itself a product of two reflections of ours, makes the lower triangles upper ones.
    theirs = sylvester_of_pyro(noise(1, D).repeat(2, 1))  # twice the same reflection
    outer, inner, b = noise(D, D), noise(D, D, seed=3), noise(D, seed=4)
    reversal = torch.tensor([[1.0, 0.0, 0.0, -1.0], [0.0, 1.0, -1.0, 0.0]], dtype=F64)
    r, s = ((outer.triu(1).mT).flip(0, 1), (inner.triu(1).mT).flip(0, 1))
    # Pyro's diagonals are bounded by 1, ours by 0.999.
    first, second = (torch.atanh(m.diagonal().tanh().flip(0) / LIMIT) for m in (outer, inner))
    ours = Sylvester(triangles(r + torch.diag(first), s), second, b.flip(0), reversal)
    same_map(ours.push(X), theirs, 1e-6)  # Pyro adds 1e-8 within each logarithm
    equal(ours.push(X)[1], log_det_by_autograd(theirs, X))
    with killed():
        same_map(Sylvester(triangles(r + torch.diag(first), s), second, b.flip(0), reversal[:1]).push(X), theirs, 1e-6)


def test_pyros_sylvester_with_a_rotation_reports_another_determinant_than_its_own_and_ours_does_not() -> None:
    # det(I + R^T Q^T H Q S^T) is a product over the diagonals only for z + Q R tanh(S Q^T z + b), which is ours.
    mirrors = noise(2, D, seed=5)
    theirs = sylvester_of_pyro(mirrors)
    y = theirs(X)
    error = theirs.log_abs_det_jacobian(X, y) - log_det_by_autograd(theirs, X)  # type: ignore[operator] # untyped
    assert error.abs().mean() > 0.05

    outer, inner, b = noise(D, D), noise(D, D, seed=3), noise(D, seed=4)
    ours = Sylvester(triangles(outer, inner), inner.diagonal(), b, mirrors)
    jacobians = torch.stack([torch.autograd.functional.jacobian(lambda z: ours.push(z)[0], row) for row in X])
    equal(ours.push(X)[1], torch.linalg.slogdet(jacobians).logabsdet)
