"""Probabilistic PCA in the parts of a variational autoencoder."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.distributions import Distribution

from latentia.conditionals import GaussianHead, Likelihood, Need, StandardNormal, lacking
from latentia.distributions import full_normal
from latentia.latents import LatentGroup, TopDown
from latentia.model import VAE
from latentia.names import Domain


class FixedCovariance(nn.Module):
    r"""A Gaussian whose mean is the evidence itself and whose covariance is the same for every x, \(N(e, L L^\top)\).

    Args:
        scale_tril: L, lower triangular with a positive diagonal, `[d, d]`.

    >>> FixedCovariance(torch.eye(2))(torch.ones(3, 2)).mean.shape
    torch.Size([3, 2])
    """

    provides: frozenset[Need] = lacking(Need.FACTORISED)
    domain: Domain = "real"

    def __init__(self, scale_tril: Tensor) -> None:
        super().__init__()
        self.event_shape = torch.Size([scale_tril.shape[-1]])
        self.register_buffer("scale_tril", scale_tril.clone())
        self.scale_tril: Tensor

    def forward(self, given: Tensor) -> Distribution:
        """q(z | evidence), for evidence `[*lead, d]`."""
        return full_normal(given, self.scale_tril.expand(*given.shape, -1))


def _affine(matrix: Tensor, bias: Tensor) -> nn.Linear:
    layer = nn.Linear(matrix.shape[1], matrix.shape[0], dtype=matrix.dtype, device=matrix.device)
    with torch.no_grad():
        layer.weight.copy_(matrix)
        layer.bias.copy_(bias)
    return layer


def composed(weights: Tensor, mean: Tensor, sigma: float, to_code: Tensor, scale_tril: Tensor) -> VAE:
    """A VAE with linear maps for encoder and decoder.

    Args:
        weights: W of the decoder, `[D, d]`.
        mean: The decoder's bias, which the encoder subtracts, `[D]`.
        sigma: Standard deviation of the noise.
        to_code: The encoder's matrix, `[d, D]`.
        scale_tril: Cholesky factor of the posterior's covariance, `[d, d]`.

    Returns:
        A model with one latent group, `z`.
    """
    prior = StandardNormal(weights.shape[1]).to(weights)
    group = LatentGroup("z", prior, FixedCovariance(scale_tril))
    head = GaussianHead((len(mean),), scale="fixed", sigma=sigma)
    encoder = _affine(to_code, -to_code @ mean)
    return VAE(encoder, TopDown([group]), Likelihood(_affine(weights, mean), head))
