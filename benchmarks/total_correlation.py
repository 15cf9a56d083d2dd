"""The total correlation of a model's codes, the same way for every model."""

from __future__ import annotations

import torch

from latentia.data import Resident
from latentia.data_model import DataModel, evaluating, seeded


def total_correlation(model: DataModel, source: Resident, *, seed: int = 0) -> float:
    r"""Total correlation of a Gaussian with the sampled codes' correlations R, \(-\frac12 \log\det R\).

    It needs no estimate of a density, and is zero exactly where codes are uncorrelated. Codes with no variance are left
    out.

    Args:
        model: With one group of latent variables.
        source: The rows to encode.
        seed: Of the posterior samples.

    Returns:
        Nats.
    """
    with torch.no_grad(), evaluating(model), seeded(seed, model.device):
        z = torch.cat(
            [model.trace(batch.x).draw.z[0][0].flatten(1) for batch in source.batches(500, seed=None)]
        ).double()
    z = z[:, z.std(0) > 1e-6]
    return float(-0.5 * torch.linalg.slogdet(torch.corrcoef(z.T)).logabsdet)
