"""The total correlation of a model's codes, the same way for every model."""

from __future__ import annotations

import torch

from latentia.data import Resident
from latentia.data_model import DataModel, evaluating, seeded
from latentia.evaluation.decomposition import gaussian_total_correlation


def total_correlation(model: DataModel, source: Resident, *, seed: int = 0) -> float:
    """Total correlation of a Gaussian with the sampled codes' correlations, see `gaussian_total_correlation`.

    Args:
        model: With one group of latent variables.
        source: The rows to encode.
        seed: Of the posterior samples.

    Returns:
        Nats.
    """
    with torch.no_grad(), evaluating(model), seeded(seed, model.device):
        z = [model.trace(batch.x).draw.z[0][0].flatten(1) for batch in source.batches(500, seed=None)]
    return gaussian_total_correlation(torch.cat(z))
