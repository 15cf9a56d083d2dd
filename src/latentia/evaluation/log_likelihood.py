"""The importance-weighted estimate of log p(x) for every row: what comparisons and scores of single rows need."""

from __future__ import annotations

import torch
from torch import Tensor

from latentia.conditionals import Need
from latentia.data.source import Source
from latentia.data_model import DataModel, evaluating, seeded
from latentia.errors import CompatibilityError
from latentia.evaluation.blocks import blocks
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
        batch_size: Rows decoded at a time, at most; by default as many as keep about 2,000 decoded rows in memory. The
            noise does not depend on it.

    Returns:
        `[N]` float64 on the CPU, in nats, of the data in their own units.

    Raises:
        CompatibilityError: The model has no densities.
        ConfigurationError: K or the batch size below one.

    References:
        Burda, Grosse, Salakhutdinov, 2016, arXiv:1509.00519.
    """
    require_density(model)
    portion = portions(model, num_samples, batch_size)
    found: list[Tensor] = []
    with torch.no_grad(), evaluating(model), seeded(seed, model.device):
        for block in blocks(model, source, portion.rows, seed=seed):
            rows = row_evidence(
                model.vae, block.x, num_samples, portion.samples, dense=True, decoded=portion.decoded
            )  # fmt: skip
            assert rows.iwae is not None, "the model has densities"
            found.append(rows.iwae + block.offset)
    return torch.cat(found)


def require_density(model: DataModel) -> None:
    """Refuse a model that has no likelihood to estimate.

    Args:
        model: Any.

    Raises:
        CompatibilityError: Its prior or its posterior has no density.
    """
    if Need.DENSITY not in model.vae.provides:
        raise CompatibilityError(
            "this model has no likelihood to estimate: its posterior or its prior has no density; use a recipe with "
            "both (such as vae), or give it a prior by an ex-post density"
        )
