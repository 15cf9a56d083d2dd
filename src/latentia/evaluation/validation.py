"""The objective's own terms over a held-out split: what training watches."""

from __future__ import annotations

import torch
from torch import Tensor

from latentia.bounds import bits_per_dim
from latentia.data.source import Source
from latentia.data_model import DataModel, evaluating, seeded
from latentia.evaluation.gaps import observed_cells
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
    gaps = model.spec.missing > 0
    cells, offset = 0, 0.0
    with torch.no_grad(), evaluating(model), seeded(seed, model.device):
        for batch in source.batches(batch_size, seed=None):
            raw = batch.x.to(model.device)
            x = model.preparation(raw)
            if gaps:  # the change of variables is then another for each row
                cells += observed_cells(raw)
                offset += float(model.preparation.log_scale_of(raw).sum())
            loss = objective(model.vae, x, Step())
            for name, values in {**loss.terms, "objective": -loss.loss.expand(len(x))}.items():
                total = values.sum()
                sums[name] = sums[name] + total if name in sums else total
            means.append(posterior_means(model.vae.trace(x)).cpu())
    totals = {name: float(total) / len(source) for name, total in sums.items()}
    result = model.in_data_units(totals, offset / len(source) if gaps else None)
    bound = result.get("bound", result.get("elbo"))
    if bound is not None:
        dims = max(cells, 1) / len(source) if gaps else model.spec.num_dims
        result["bits_per_dim"] = bits_per_dim(bound, dims)
    result["active_units"] = float(active_units(torch.cat(means), model.prior_spread()))
    return result
