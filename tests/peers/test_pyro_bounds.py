"""Bounds and their gradients against Pyro's, on the same networks and the same draws."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from latentia import bounds
from latentia.latents import Trace
from latentia.objectives import Importance, Step
from tests.exact.mutants import killed
from tests.peers.pyro_vae import gaussian, infer
from tests.peers.small_vae import LATENT, ROWS, batch, equal, moments, noise, small_vae, traced

K = 4
EPS = noise(K, ROWS, LATENT)
PARTICLES = {"num_particles": K, "vectorize_particles": True, "max_plate_nesting": 1}
Bound = Callable[[Trace], Tensor]


def agrees(ours: Bound, theirs: Any, eps: Tensor = EPS) -> None:
    """Ours is a number for each row; Pyro's losses are sums over rows with the sign turned."""
    model, x = small_vae(), batch()
    loss, found = gaussian(model, EPS).gradients(theirs, x)
    total = ours(traced(model, x, eps)).sum()
    equal(total, torch.tensor(-loss, dtype=total.dtype))
    for mine, other in zip(torch.autograd.grad(-total, list(model.parameters())), found, strict=True):
        equal(mine, other)


def test_the_elbo_from_log_weights_is_pyros_trace_elbo() -> None:
    bound = infer.Trace_ELBO(**PARTICLES)
    agrees(lambda trace: trace.log_w.mean(0), bound)
    agrees(lambda trace: bounds.renyi(trace, 1.0), bound)
    with killed():  # the closed form is another estimate
        agrees(bounds.elbo, bound)


def test_the_elbo_with_a_closed_kl_is_pyros_mean_field_elbo() -> None:
    bound = infer.TraceMeanField_ELBO(**PARTICLES)
    agrees(bounds.elbo, bound)
    with killed():
        agrees(lambda trace: trace.log_w.mean(0), bound)


@pytest.mark.parametrize("alpha", [-1.0, 0.0, 0.5, 0.99, 2.0])
def test_the_renyi_bound_of_each_row_is_pyros(alpha: float) -> None:
    bound = infer.RenyiELBO(alpha=alpha, **PARTICLES)
    agrees(lambda trace: bounds.renyi(trace, alpha), bound)
    with killed():
        agrees(lambda trace: bounds.renyi(trace, alpha + 0.1), bound)
    with killed():  # the rows' draws exchanged
        agrees(lambda trace: bounds.renyi(trace, alpha), bound, EPS.flip(1))


def test_the_importance_weighted_bound_is_pyros_renyi_bound_of_order_zero() -> None:
    agrees(bounds.iwae, infer.RenyiELBO(alpha=0.0, **PARTICLES))
    with killed():  # the surrogate with the same gradient, reported as a bound
        agrees(
            lambda trace: (trace.log_w.softmax(0).detach() * trace.log_w).sum(0),
            infer.RenyiELBO(alpha=0.0, **PARTICLES),
        )


def test_the_limit_of_order_one_is_ours_and_refused_by_pyro() -> None:
    with pytest.raises(ValueError, match="alpha"):
        infer.RenyiELBO(alpha=1.0, **PARTICLES)
    trace = traced(small_vae(), batch(), EPS)
    equal(bounds.renyi(trace, 1.0), bounds.renyi(trace, 1.0 - 1e-9), 1e-6)


def test_the_training_loss_is_pyros_over_the_number_of_rows() -> None:
    # Our objectives draw for themselves: the noise is recovered from the draw.
    model, x = small_vae(), batch()
    torch.manual_seed(3)
    drawn = model.trace(x, num_samples=K).draw.z[0]
    loc, scale = moments(model, x)
    eps = ((drawn - loc) / scale).detach()
    loss, found = gaussian(model, eps).gradients(infer.RenyiELBO(alpha=0.5, **PARTICLES), x)
    torch.manual_seed(3)
    ours = Importance(K, alpha=0.5)(model, x, Step()).loss
    equal(ours, torch.tensor(loss / ROWS, dtype=ours.dtype))
    for mine, other in zip(torch.autograd.grad(ours, list(model.parameters())), found, strict=True):
        equal(mine, other / ROWS)
