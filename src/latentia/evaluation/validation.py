"""The objective's own terms over a held-out split: what training watches."""

from __future__ import annotations

import torch
from torch import Tensor

from latentia.bounds import bits_per_dim
from latentia.data.source import Source
from latentia.data_model import DataModel, evaluating, seeded
from latentia.evaluation.latent_health import active_units, posterior_means
from latentia.objectives import Objective, Step


def validate(
    model: DataModel, objective: Objective, source: Source, *, seed: int = 0, batch_size: int = 512
) -> dict[str, float]:
    """Means of the objective's terms over a split, and how many latent dimensions are active.

    The same objective and the same walk as in training, with gradients off, the KL at full weight and the noise
    fixed by the seed, so that epochs differ by the model alone.

    Args:
        model: What is being trained.
        objective: What it is trained on.
        source: The split.
        seed: Of the noise.
        batch_size: Rows at a time.

    Returns:
        The terms in nats for each example, in the data's units; `objective`, what is trained with its sign turned
        (early stopping looks at it); `bits_per_dim` of the tightest bound; `active_units`.
    """
    sums: dict[str, Tensor] = {}
    means: list[Tensor] = []
    with torch.no_grad(), evaluating(model), seeded(seed, model.device):
        for batch in source.batches(batch_size, seed=None):
            x = model.preparation(batch.x.to(model.device))
            loss = objective(model.vae, x, Step())
            for name, values in {**loss.terms, "objective": -loss.loss.expand(len(x))}.items():
                total = values.sum()
                sums[name] = sums[name] + total if name in sums else total
            means.append(posterior_means(model.vae.trace(x)).cpu())
    result = model.in_data_units({name: float(total) / len(source) for name, total in sums.items()})
    bound = result.get("bound", result.get("elbo"))
    if bound is not None:
        result["bits_per_dim"] = bits_per_dim(bound, model.spec.num_dims)
    result["active_units"] = float(active_units(torch.cat(means)))
    return result
