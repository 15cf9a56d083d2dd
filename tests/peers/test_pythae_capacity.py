"""The capacity objective against pythae's DisentangledBetaVAE: a distance for each row, and a target that lags."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from latentia.objectives import ELBO, Ramp, Step
from tests.exact.mutants import killed
from tests.peers.pythae_vae import losses, theirs
from tests.peers.small_vae import batch, drawn_noise, equal, small_vae

BETA, CAPACITY, WARMUP = 10.0, 4.0, 25


def of_pythae(x: Tensor, epoch: int | None, capacity: float = CAPACITY) -> Tensor:
    model = small_vae()
    eps = drawn_noise(model, x)[0]
    peer = theirs(
        "DisentangledBetaVAE", model, eps, beta=BETA, C=capacity, warmup_epoch=WARMUP, reconstruction_loss="bce"
    )
    loss: Tensor = losses(peer, x, **({} if epoch is None else {"epoch": epoch})).loss
    return loss


def of_ours(x: Tensor, capacity: float, fraction: float = 1.0) -> Tensor:
    model = small_vae()
    torch.manual_seed(3)
    return ELBO(beta=BETA, capacity=Ramp(capacity))(model, x, Step(fraction=fraction)).loss


@pytest.mark.parametrize("epoch", [0, 13, 26])
def test_on_a_single_row_the_loss_is_pythaes(epoch: int) -> None:
    # The target rises with epoch / (warm-up + 1): at the warm-up's end, where evaluation stands, it is not yet reached.
    x = batch(1)
    equal(of_ours(x, CAPACITY, epoch / (WARMUP + 1)), of_pythae(x, epoch))
    with killed():
        equal(of_ours(x, CAPACITY + 0.1, (epoch + 1) / (WARMUP + 2)), of_pythae(x, epoch))


def test_pythae_evaluates_short_of_the_full_capacity() -> None:
    x = batch(1)
    equal(of_ours(x, CAPACITY * WARMUP / (WARMUP + 1)), of_pythae(x, None))
    with killed():
        equal(of_ours(x, CAPACITY), of_pythae(x, None))


def test_pythae_holds_the_kl_of_every_row_to_the_target_and_ours_its_mean() -> None:
    # E |KL - C| exceeds |E KL - C| where some rows lie above and others below: pythae makes all rows equally
    # informative, ours leaves it to the data which need more.
    x = batch(40)
    model = small_vae()
    kl = model.trace(x).kl[0, 0].detach()
    middle = float(kl.median())
    assert kl.min() < middle < kl.max()
    gap = of_pythae(x, WARMUP + 1, middle) - of_ours(x, middle)
    equal(gap, BETA * ((kl - middle).abs().mean() - (kl.mean() - middle).abs()))
    assert gap > 1
    with killed():
        equal(of_pythae(x, WARMUP + 1, middle), of_ours(x, middle))
    # With the target below all rows the two are one.
    equal(of_pythae(x, WARMUP + 1, 0.0), of_ours(x, 0.0))
