"""Oracle 6: the linear autoencoder is PCA, and a non-linear one beats it where the data are curved."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from latentia.conditionals import Likelihood
from latentia.model import VAE
from latentia.nets import MLP
from latentia.objectives import Step
from latentia.recipes import autoencoder, linear_autoencoder
from tests.exact.linear_gaussian import F64
from tests.exact.mutants import killed
from tests.exact.test_linear_vae import EIGENVALUES, D, K, data
from tests.ledger import spec


def fit_linear(x: Tensor, latent_dim: int) -> VAE:
    torch.manual_seed(0)
    model, objective = linear_autoencoder(spec((x.shape[1],), "real"), latent_dim=latent_dim)
    model.double()
    optimiser = torch.optim.LBFGS(
        model.parameters(), max_iter=3000, max_eval=4000, tolerance_grad=1e-11, tolerance_change=1e-16,
        history_size=50, line_search_fn="strong_wolfe",
    )  # fmt: skip

    def loss() -> Tensor:
        optimiser.zero_grad()
        value = objective(model, x, Step()).loss
        value.backward()
        return value

    optimiser.step(loss)
    return model


def linear_decoder(model: VAE) -> nn.Linear:
    net = cast(MLP, cast(Likelihood, model.likelihood).net)
    return cast(nn.Linear, net.layers[0])


def reconstructions(model: VAE, x: Tensor) -> Tensor:
    with torch.no_grad():
        return model.trace(x).px.mean[0]


def is_pca(model: VAE, x: Tensor) -> None:
    values = torch.tensor(EIGENVALUES, dtype=F64)
    lost = (reconstructions(model, x) - x).square().sum(1).mean()
    assert abs(float(lost) - float(values[K:].sum())) < 1e-7
    principal = torch.linalg.eigh(torch.cov(x.T, correction=0)).eigenvectors.flip(1)[:, :K]
    decoder = linear_decoder(model).weight
    cosines = torch.linalg.svdvals(principal.T @ torch.linalg.qr(decoder).Q)
    assert (cosines > 1 - 1e-8).all()
    # PCA of its reconstructions gives back the components themselves, not only their span.
    again = torch.linalg.eigh(torch.cov(reconstructions(model, x).T, correction=0))
    torch.testing.assert_close(again.eigenvalues.flip(0)[:K], values[:K], rtol=1e-5, atol=1e-6)
    assert ((principal * again.eigenvectors.flip(1)[:, :K]).sum(0).abs() > 1 - 1e-6).all()


def test_6_a_linear_autoencoder_is_pca() -> None:
    is_pca(fit_linear(data(), K), data())


def test_6_mutants() -> None:
    model = fit_linear(data(), K)
    with killed():  # a code one dimension too small
        is_pca(fit_linear(data(), K - 1), data())
    with killed(), torch.no_grad():  # a forgotten offset
        linear_decoder(model).bias.zero_()
        is_pca(model, data())


def test_6_a_non_linear_autoencoder_wins_on_a_curve() -> None:
    angle = torch.linspace(-2.5, 2.5, 200, dtype=F64)
    circle = torch.stack([angle.cos(), angle.sin(), torch.zeros_like(angle)], dim=1)
    linear = (reconstructions(fit_linear(circle, 1), circle) - circle).square().sum(1).mean()
    torch.manual_seed(0)
    model, objective = autoencoder(
        spec((3,), "real"), latent_dim=1, hidden=(32,), activation="tanh", scale="fixed", sigma=0.1
    )
    model.double()
    optimiser = torch.optim.Adam(model.parameters(), 1e-2)
    for _ in range(800):
        optimiser.zero_grad()
        objective(model, circle, Step()).loss.backward()
        optimiser.step()
    curved = (reconstructions(model, circle) - circle).square().sum(1).mean()
    assert curved < linear / 10
    assert circle.shape[1] < D
