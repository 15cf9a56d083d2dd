"""Autoregressive flows against pythae's: its masked networks within our transformations."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.distributions.transforms import AffineTransform

from latentia.distributions.autoregressive import Autoregressive
from latentia.distributions.zuko_import import zuko
from tests.distributions.flows import disturbed
from tests.exact.mutants import killed
from tests.peers.pythae_vae import flows, losses, theirs
from tests.peers.small_vae import LATENT, batch, drawn_noise, equal, moments, noise, same_gradients, small_vae

X = noise(20, LATENT)
BLOCKS = 2
FLOAT32 = 1e-5
"""Its sums of log-determinants are float32."""


def of_pythae(name: str) -> Any:
    torch.manual_seed(0)
    options = {"n_made_blocks": BLOCKS, "n_hidden_in_made": 2, "hidden_size": 16}
    flow = getattr(flows, name)(getattr(flows, f"{name}Config")(input_dim=(LATENT,), **options))
    disturbed(flow, 0)
    return flow.double().eval()


def steps(flow: Any, *, masked: bool) -> list[Autoregressive]:
    """Our transformations from noise to codes with pythae's networks, which look at the code where `masked`."""
    package: Any = zuko().transforms

    def step(made: Any) -> Autoregressive:
        def given(at: Tensor) -> Any:
            out = made(at)
            loc, scale = out.mu, out.log_var.exp()  # a log-scale, whatever its name
            affine = AffineTransform(-loc / scale, 1 / scale) if masked else AffineTransform(loc, scale)
            return package.DependentTransform(affine, 1)

        return Autoregressive(package.AutoregressiveTransform(given, passes=LATENT), inverted=masked)

    return [step(made) for made in reversed(list(flow.net))]


def pushed(flow: Any, u: Tensor, *, masked: bool) -> tuple[Tensor, Tensor]:
    """From noise to codes; pythae reverses the dimensions before each of its blocks."""
    total = u.new_zeros(len(u))
    for step in steps(flow, masked=masked):
        u, log_det = step.push(u.flip(1))
        total = total + log_det
    return u, total


def pulled(flow: Any, z: Tensor, *, masked: bool) -> tuple[Tensor, Tensor]:
    """From codes to noise."""
    total = z.new_zeros(len(z))
    for step in reversed(steps(flow, masked=masked)):
        z, log_det = step.pull(z)
        z, total = z.flip(1), total + log_det
    return z, total


def same_flow(name: str, *, masked: bool) -> None:
    flow = of_pythae(name)
    z, log_det = pushed(flow, X, masked=masked)
    found = flow.inverse(X)
    equal(z, found.out)
    equal(log_det.float(), found.log_abs_det_jac.float(), FLOAT32)
    u, of_inverse = pulled(flow, z, masked=masked)
    found = flow(z.detach())
    equal(u, found.out)
    equal(of_inverse.float(), found.log_abs_det_jac.float(), FLOAT32)


def test_the_inverse_autoregressive_flow_is_pythaes_in_both_directions() -> None:
    same_flow("IAF", masked=False)
    with killed():
        same_flow("IAF", masked=True)


def test_the_masked_autoregressive_flow_is_pythaes_in_both_directions() -> None:
    same_flow("MAF", masked=True)
    with killed():
        same_flow("MAF", masked=False)


def test_the_loss_with_an_inverse_autoregressive_flow_is_pythaes() -> None:
    model, x = small_vae(), batch()
    eps = drawn_noise(model, x)[0]
    peer = theirs(
        "VAE_IAF", model, eps, n_made_blocks=BLOCKS, n_hidden_in_made=2, hidden_size=16, reconstruction_loss="bce"
    )
    disturbed(peer.iaf_flow, 0)
    found = losses(peer, x)
    loc, scale = moments(model, x)
    z, log_det = pushed(peer.iaf_flow, loc + scale * eps, masked=False)
    trace = model.trace(x, given={"z": z})
    log_q = torch.distributions.Normal(loc, scale).log_prob(loc + scale * eps).sum(-1) - log_det
    ours = (log_q - trace.log_pz[0, 0] - trace.log_px[0]).mean()
    equal(ours, found.loss, FLOAT32)
    same_gradients(ours, found.loss, model, FLOAT32)
    with killed():  # the log-determinant left out
        equal(ours + log_det.mean(), found.loss, FLOAT32)
