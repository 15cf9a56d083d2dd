"""The evidence of each row by importance sampling, streamed over samples so that memory does not grow with K."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from latentia import bounds
from latentia.evaluation.latent_health import kl_by_dim, log_scale_saturation, posterior_means
from latentia.model import VAE


@dataclass(frozen=True, slots=True)
class RowEvidence:
    """What is known of each row after K samples, on the CPU in float64.

    Attributes:
        reconstruction: E_q[log p(x|z)], `[B]`.
        kl: KL(q || p) summed over groups, `[B]`, or None without densities.
        kl_per_dim: The same for each dimension, `[B, L]`, from the first samples; or None.
        iwae: log of the mean weight, `[B]`, or None without densities.
        means: Posterior means, `[B, L]`.
        saturation: Share of posterior log-scales at their bounds, or None.
    """

    reconstruction: Tensor
    kl: Tensor | None
    kl_per_dim: Tensor | None
    iwae: Tensor | None
    means: Tensor
    saturation: float | None

    @staticmethod
    def join(parts: Sequence[RowEvidence]) -> RowEvidence:
        """The rows of several batches, in order.

        Args:
            parts: At least one.

        Returns:
            All rows.
        """
        weights = torch.tensor([len(part.means) for part in parts], dtype=torch.float64)
        saturations = [part.saturation for part in parts if part.saturation is not None]
        return RowEvidence(
            torch.cat([part.reconstruction for part in parts]),
            _joined([part.kl for part in parts]),
            _joined([part.kl_per_dim for part in parts]),
            _joined([part.iwae for part in parts]),
            torch.cat([part.means for part in parts]),
            float((torch.tensor(saturations) * weights).sum() / weights.sum()) if saturations else None,
        )


def _joined(parts: Sequence[Tensor | None]) -> Tensor | None:
    known = [part for part in parts if part is not None]
    return torch.cat(known) if known else None


def row_evidence(vae: VAE, x: Tensor, num_samples: int, chunk: int, *, dense: bool) -> RowEvidence:
    r"""ELBO terms and \(\log \frac1K \sum_k w_k\) for each row, with one pass of the encoder.

    Args:
        vae: The model.
        x: `[B, *shape]` in the model's units.
        num_samples: K.
        chunk: Samples in memory at a time.
        dense: Whether prior and posterior have densities.

    Returns:
        The evidence of B rows.
    """
    evidence = vae.encoder(x)
    lead = x.shape[0]
    reconstruction, kl = torch.zeros(lead, dtype=torch.float64), torch.zeros(lead, dtype=torch.float64)
    log_sum = torch.full((lead,), -math.inf, dtype=torch.float64)
    kl_dims, means, saturated = torch.empty(0), torch.empty(0), None
    for start in range(0, num_samples, chunk):
        size = min(chunk, num_samples - start)
        trace = vae.trace(x, num_samples=size, evidence=evidence)
        reconstruction += bounds.reconstruction(trace).double().cpu() * (size / num_samples)
        if start == 0:
            means, saturated = posterior_means(trace).double().cpu(), log_scale_saturation(trace)
            kl_dims = kl_by_dim(trace).double().cpu() if dense else kl_dims
        if dense:
            kl += bounds.divergence(trace).double().cpu() * (size / num_samples)
            # log sum_k w_k of this chunk is its bound plus log of its size.
            log_sum = torch.logaddexp(log_sum, bounds.iwae(trace).double().cpu() + math.log(size))
    if not dense:
        return RowEvidence(reconstruction, None, None, None, means, saturated)
    return RowEvidence(reconstruction, kl, kl_dims, log_sum - math.log(num_samples), means, saturated)
