"""Which latent dimensions carry information, and how much."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from latentia.data_model import ACTIVE, BLOCK, DataModel, evaluating
from latentia.distributions import factor_means, kl_per_dim
from latentia.operate.decoding import has_prior


@dataclass(frozen=True, slots=True)
class Activity:
    """How much each latent dimension says of the data.

    Attributes:
        variance: `[L]`, variance over the data of the posterior mean.
        kl: `[L]`, mean KL of posterior to prior in nats; None where the KL does not split over dimensions or there is
            no prior.
        spread: `[L]`, one unit of each dimension (see `DataModel.prior_spread`).
    """

    variance: Tensor
    kl: Tensor | None
    spread: Tensor | float = 1.0

    @property
    def active(self) -> Tensor:
        """`[L]`, whether the posterior mean varies by more than `ACTIVE`, in squared units of the spread."""
        return self.variance > ACTIVE * self.spread**2

    @property
    def ranking(self) -> tuple[int, ...]:
        """All dimensions, the most active first: by KL where it is known, else by variance; ties in their order."""
        by = self.variance if self.kl is None else self.kl
        return tuple(by.argsort(descending=True, stable=True).tolist())


def measure_activity(model: DataModel, data: Any) -> Activity:
    r"""Measure \(Var_x[E_q[z_j]]\) and \(E_x[KL(q(z_j|x) \| p(z_j))]\) for every latent dimension j.

    In a hierarchy the groups above are held at their posterior means.

    Args:
        model: L latent dimensions in all.
        data: `[N, *shape]` in the data's units; a few hundred rows are enough.

    Returns:
        Activity of the L dimensions, in the order of `DataModel.encode`.

    References:
        Burda, Grosse, Salakhutdinov, Importance weighted autoencoders, 2016, arXiv:1509.00519, section 5.2 (active
        units).
    """
    x = model.as_batch(data)
    means: list[Tensor] = []
    divergences: list[Tensor] = []
    splits = has_prior(model)
    with torch.no_grad(), evaluating(model):
        for block in x.split(BLOCK):
            evidence = model.vae.encoder(model.preparation.expected(block))
            drawn = model.vae.latents.infer(evidence, num_samples=1, pick=factor_means)
            means.append(torch.cat([z[0].flatten(1) for z in drawn.z], 1).double().cpu())
            parts = [
                part.expand(z.shape)[0].flatten(1)
                for q, p, z in zip(drawn.q, drawn.p, drawn.z, strict=True)
                if splits and not drawn.entangled and (part := kl_per_dim(q, p)) is not None
            ]
            splits = len(parts) == len(drawn.z)
            if splits:
                divergences.append(torch.cat(parts, 1).double().sum(0).cpu())
    variance = torch.cat(means).var(0, correction=0)
    return Activity(variance, torch.stack(divergences).sum(0) / len(x) if splits else None, model.prior_spread())
