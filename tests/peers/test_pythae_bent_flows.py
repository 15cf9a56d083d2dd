"""Planar and radial flows against pythae's on equal weights, and its VAE with them."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from latentia.distributions import Flow
from latentia.distributions.planar import Planar, Radial, above_minus_one
from tests.distributions.flows import F64
from tests.exact.mutants import killed
from tests.peers.pythae_vae import flows, losses, theirs
from tests.peers.small_vae import LATENT, batch, equal, moments, noise, small_vae

X = 2 * noise(50, LATENT)
U, W, B = noise(LATENT), noise(LATENT, seed=3), noise(1, seed=4)
CENTRE, LOG_ALPHA, BETA = noise(LATENT, seed=5), noise(1, seed=6), noise(1, seed=7)
FLOOR = 1e-4
FLOAT32 = 1e-5


def given(flow: Any, **parameters: Tensor) -> Any:
    flow = flow.double()
    with torch.no_grad():
        for name, value in parameters.items():
            getattr(flow, name).copy_(value.reshape(getattr(flow, name).shape))
    return flow


def direction() -> Tensor:
    """The direction in which ours moves: u, held to w.u > -1. pythae does not hold it."""
    along = (U * W).sum()
    return U + (above_minus_one(along) - along) * W / W.square().sum()


def planar(u: Tensor) -> Any:
    return given(flows.PlanarFlow(flows.PlanarFlowConfig(input_dim=(LATENT,), activation="tanh")), u=u, w=W, b=B)


def radial() -> Any:
    # beta + alpha is a softplus there, and alpha (1 + above_minus_one) here.
    total = LOG_ALPHA.exp() * (1 + above_minus_one(BETA))
    parameters = {"x0": CENTRE, "log_alpha": LOG_ALPHA, "beta": torch.log(torch.expm1(total))}
    return given(flows.RadialFlow(flows.RadialFlowConfig(input_dim=(LATENT,))), **parameters)


def test_the_planar_transformation_is_pythaes_but_for_a_floor_under_its_determinant() -> None:
    # log(|det| + 1e-4) in place of log |det|: a log-density too low by up to 1e-4 / |det|, at every layer.
    y, log_det = Planar(U, W, B[0]).push(X)
    found = planar(direction())(X)
    equal(y, found.out)
    equal(torch.log(log_det.exp() + FLOOR), found.log_abs_det_jac)
    with killed():
        equal(log_det, found.log_abs_det_jac, 1e-6)


def test_pythaes_planar_flow_folds_space_where_ours_stays_one_to_one() -> None:
    # At w.u = -5 the slope along w turns negative near the plane: two points have one image, and the density counts
    # one of them.
    folded = planar(-5 * W / W.square().sum())
    steps = torch.linspace(-4, 4, 201, dtype=F64)[:, None] * W / W.norm()
    along = folded(steps).out @ W
    assert (along.diff() < 0).any()
    kept, _ = Planar(-5 * W / W.square().sum(), W, B[0]).push(steps)
    assert ((kept @ W).diff() > 0).all()


def test_the_radial_transformation_is_pythaes() -> None:
    y, log_det = Radial(CENTRE, LOG_ALPHA[0], BETA[0]).push(X)
    found = radial()(X)
    equal(y, found.out)
    equal(log_det, found.log_abs_det_jac)
    with killed():
        equal(Radial(CENTRE, LOG_ALPHA[0], -BETA[0]).push(X)[1], found.log_abs_det_jac)


def test_the_loss_with_a_flow_is_pythaes_up_to_that_floor() -> None:
    model, x = small_vae(), batch()
    loc, scale = moments(model, x)
    q = Flow(loc, scale, [Planar(U, W, B[0]), Radial(CENTRE, LOG_ALPHA[0], BETA[0])])
    torch.manual_seed(3)
    eps = (q.base.rsample() - loc) / scale
    torch.manual_seed(3)
    z = q.rsample()

    peer = theirs("VAE_LinNF", model, eps.detach(), flows=["Planar", "Radial"], reconstruction_loss="bce")
    peer.net = torch.nn.ModuleList([planar(direction()), radial()])
    found = losses(peer, x)
    trace = model.trace(x, given={"z": z})
    floored = Planar(U, W, B[0]).push(loc + scale * eps)[1]
    correction = torch.log(floored.exp() + FLOOR) - floored
    ours = q.log_prob(z) - correction - trace.log_pz[0, 0] - trace.log_px[0]
    equal(ours.mean(), found.loss, FLOAT32)  # its sum of log-determinants is float32
    equal(z, found.z)
    with killed():  # the transformations in the other order
        peer.net = torch.nn.ModuleList([radial(), planar(direction())])
        equal(ours.mean(), losses(peer, x).loss, FLOAT32)
