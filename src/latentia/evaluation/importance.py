"""The evidence of each row by importance sampling, streamed over samples so that memory does not grow with K."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.distributions import Distribution

from latentia import bounds
from latentia.evaluation.latent_health import kl_by_dim, log_scale_saturation, posterior_means
from latentia.evaluation.weights import RunningWeights
from latentia.latents import Draw, Trace
from latentia.model import VAE


@dataclass(frozen=True, slots=True)
class RowEvidence:
    """What is known of each row after K samples, on the CPU in float64.

    Attributes:
        reconstruction: E_q[log p(x|z)], `[B]`.
        kl: KL(q || p) summed over groups, `[B]`, or None without densities.
        kl_per_dim: The same for each dimension, `[B, L]`, from the first samples; or None.
        iwae: log of the mean weight, `[B]`, or None without densities.
        k_hat: Shape of the tail of the weights, `[B]`; inf where it cannot be judged. None without densities.
        ess: How many samples of p(z|x) the weighted ones are worth, `[B]`, between 1 and K; or None.
        means: Posterior means, `[B, L]`.
        saturation: Share of posterior log-scales at their bounds, or None.
    """

    reconstruction: Tensor
    kl: Tensor | None
    kl_per_dim: Tensor | None
    iwae: Tensor | None
    k_hat: Tensor | None
    ess: Tensor | None
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
            _joined([part.k_hat for part in parts]),
            _joined([part.ess for part in parts]),
            torch.cat([part.means for part in parts]),
            float((torch.tensor(saturations) * weights).sum() / weights.sum()) if saturations else None,
        )


def _joined(parts: Sequence[Tensor | None]) -> Tensor | None:
    known = [part for part in parts if part is not None]
    return torch.cat(known) if known else None


def row_evidence(
    vae: VAE, x: Tensor, num_samples: int, chunk: int, *, dense: bool, decoded: int | None = None
) -> RowEvidence:
    r"""ELBO terms and \(\log \frac1K \sum_k w_k\) for each row, with one pass of the encoder.

    Args:
        vae: The model.
        x: `[B, *shape]` in the model's units.
        num_samples: K.
        chunk: Samples in memory at a time.
        dense: Whether prior and posterior have densities.
        decoded: Rows that are decoded at a time, all by default; it changes memory, not the noise.

    Returns:
        The evidence of B rows.
    """
    evidence = vae.encoder(x)
    lead = x.shape[0]
    reconstruction, kl = torch.zeros(lead, dtype=torch.float64), torch.zeros(lead, dtype=torch.float64)
    weights = RunningWeights(num_samples)
    kl_dims, means, saturated = torch.empty(0), torch.empty(0), None
    for start in range(0, num_samples, chunk):
        size = min(chunk, num_samples - start)
        trace = traced(vae, x, vae.latents.infer(evidence, num_samples=size), decoded)
        reconstruction += bounds.reconstruction(trace).double().cpu() * (size / num_samples)
        if start == 0:
            means, saturated = posterior_means(trace).double().cpu(), log_scale_saturation(trace)
            kl_dims = kl_by_dim(trace).double().cpu() if dense else kl_dims
        if dense:
            kl += bounds.divergence(trace).double().cpu() * (size / num_samples)
            weights.add(trace.log_w + trace.draw.log_r + math.log(size))
    if not dense:
        return RowEvidence(reconstruction, None, None, None, None, None, means, saturated)
    return RowEvidence(
        reconstruction, kl, kl_dims, weights.log_mean, weights.k_hat, weights.ess, means, saturated
    )  # fmt: skip


def traced(vae: VAE, x: Tensor, drawn: Draw, decoded: int | None = None) -> Trace:
    """A trace whose p(x|z) is decoded some rows at a time.

    Args:
        vae: The model.
        x: `[B, *shape]` in the model's units.
        drawn: The walk, lead (K, B).
        decoded: Rows at a time; all by default.

    Returns:
        A trace with lead (K, B).
    """
    if decoded is None or decoded >= len(x):
        return Trace(x, drawn, vae.px(drawn.state))
    return Trace(x, drawn, _InParts(vae, drawn, decoded))


class _InParts(Distribution):
    """p(x|z) that is never in memory as a whole: it can be scored, and nothing else."""

    def __init__(self, vae: VAE, drawn: Draw, rows: int) -> None:
        super().__init__(drawn.log_r.shape, validate_args=False)
        self._vae, self._drawn, self._rows = vae, drawn, rows

    def log_prob(self, value: Tensor) -> Tensor:
        """`[K, B]`."""
        scored, first = [], 0
        for x in value.split(self._rows):
            rows = slice(first, first + len(x))
            state, log_r = self._drawn.state[:, rows], self._drawn.log_r[:, rows]
            scored.append(Trace(x, replace(self._drawn, state=state, log_r=log_r), self._vae.px(state)).log_px)
            first += len(x)
        return torch.cat(scored, dim=1)
