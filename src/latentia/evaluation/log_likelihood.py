"""The importance-weighted estimate of log p(x) for every row: what comparisons and scores of single rows need."""

from __future__ import annotations

import torch
from torch import Tensor

from latentia.conditionals import Need
from latentia.data.source import Source
from latentia.data_model import DataModel, evaluating, seeded
from latentia.errors import CompatibilityError
from latentia.evaluation.importance import row_evidence
from latentia.evaluation.portions import portions


def log_likelihood(
    model: DataModel, source: Source, *, num_samples: int = 100, seed: int = 0, batch_size: int | None = None
) -> Tensor:
    r"""\(\log \frac1K \sum_k w_k\) for each row, a lower bound of log p(x) in expectation.

    Args:
        model: Any model whose prior and posterior have densities.
        source: The rows.
        num_samples: K; memory does not grow with it.
        seed: Of all noise.
        batch_size: Rows at a time; by default as many as keep about 4,000 decoded rows in memory.

    Returns:
        `[N]` float64 on the CPU, in nats, of the data in their own units.

    Raises:
        CompatibilityError: The model has no densities.
        ConfigurationError: K or the batch size below one.

    References:
        Burda, Grosse, Salakhutdinov, 2016, arXiv:1509.00519.
    """
    if Need.DENSITY not in model.vae.provides:
        raise CompatibilityError(
            "this model has no likelihood to estimate: its posterior or its prior has no density; use a recipe with "
            "both (such as vae), or give it a prior by an ex-post density"
        )
    portion = portions(model, num_samples, batch_size)
    found: list[Tensor] = []
    with torch.no_grad(), evaluating(model), seeded(seed, model.device):
        for batch in source.batches(portion.rows, seed=None):
            x = model.preparation(batch.x.to(model.device))
            iwae = row_evidence(model.vae, x, num_samples, portion.samples, dense=True).iwae
            assert iwae is not None, "the model has densities"
            found.append(iwae + model.preparation.log_scale)
    return torch.cat(found)
