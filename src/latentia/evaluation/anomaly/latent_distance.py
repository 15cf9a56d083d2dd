"""How far a row's code lies from those of the training rows."""

from __future__ import annotations

import torch
from torch import Tensor

from latentia.data.source import Source
from latentia.data_model import BLOCK, DataModel, evaluating, seeded

_SINGULAR = 1e-10
"""Directions with less than this share of the largest variance have no scale to measure a distance by."""


def aggregate_moments(model: DataModel, source: Source, *, draws: int = 10, seed: int = 0) -> tuple[Tensor, Tensor]:
    r"""Mean and covariance of the aggregate posterior \(q(z) = \frac1N \sum_n q(z|x_n)\), from draws of it.

    Args:
        model: Any model.
        source: The N rows.
        draws: Of each row's posterior.
        seed: Of the draws.

    Returns:
        `[L]` and `[L, L]` in float64 on the CPU, the groups side by side.

    References:
        Makhzani, Shlens, Jaitly, Goodfellow, Frey, Adversarial autoencoders, 2015, arXiv:1511.05644, section 2.
    """
    found = []
    with torch.no_grad(), evaluating(model), seeded(seed, model.device):
        for batch in source.batches(BLOCK, seed=None):
            evidence = model.vae.encoder(model.preparation(batch.x.to(model.device)))
            z = model.vae.latents.infer(evidence, num_samples=draws).z
            found.append(torch.cat([each.flatten(2) for each in z], dim=2).flatten(0, 1).double().cpu())
    codes = torch.cat(found)
    return codes.mean(0), torch.atleast_2d(torch.cov(codes.T))


def mahalanobis(codes: Tensor, mean: Tensor, covariance: Tensor) -> Tensor:
    r"""\(\sqrt{(z - m)^\top C^{-1} (z - m)}\), leaving out directions in which C has no spread.

    Args:
        codes: z, `[N, L]`.
        mean: m, `[L]`.
        covariance: C, `[L, L]`.

    Returns:
        `[N]`; in units of standard deviations.

    >>> mahalanobis(torch.tensor([[2.0, 3.0]]), torch.zeros(2), torch.diag(torch.tensor([4.0, 0.0]))).tolist()
    [1.0]
    """
    values, directions = torch.linalg.eigh(covariance.double())
    kept = values > _SINGULAR * values[-1].clamp_min(0)
    along: Tensor = (codes.double() - mean.double()) @ directions[:, kept]
    squared: Tensor = (along.square() / values[kept]).sum(1)
    return squared.sqrt()
