"""Where coordinate ascent of a mixture starts: k-means++ seeds and a few rounds of Lloyd's algorithm."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from latentia.inference.cavi.mixture_sweep import CHUNK, Accumulator, Moments

ROUNDS = 20


def _squared_distances(columns: Tensor, centres: Tensor) -> Tensor:
    """`[R, K, n]` but for the rows' own lengths, which no comparison between centres needs."""
    lengths = centres.square().sum(-1)[..., None]
    return lengths - 2 * (centres @ columns)


def _seeds(rows: Tensor, components: int, restarts: int, generator: torch.Generator) -> Tensor:
    """k-means++: every next centre is a row drawn in proportion to its squared distance from those before."""
    index = torch.randint(len(rows), (restarts,), generator=generator)
    chosen = [rows[index]]
    nearest = torch.full((restarts, len(rows)), torch.inf, dtype=rows.dtype)
    for _ in range(components - 1):
        for r, centre in enumerate(chosen[-1]):
            nearest[r] = torch.minimum(nearest[r], (rows - centre).square().sum(1))
        cumulative = nearest.cumsum(1)
        # Where every row is a centre already, the total is zero and any row will do.
        target = torch.rand(restarts, 1, generator=generator, dtype=rows.dtype) * cumulative[:, -1:]
        index = torch.searchsorted(cumulative, target, right=True)[:, 0].clamp_max(len(rows) - 1)
        chosen.append(rows[index])
    return torch.stack(chosen, 1)


def _labels(columns: Tensor, centres: Tensor) -> Tensor:
    chunks = columns.split(max(64, CHUNK // centres[..., 0].numel()), dim=1)
    return torch.cat([_squared_distances(chunk, centres).argmin(1) for chunk in chunks], dim=1)


def _moments(columns: Tensor, labels: Tensor, reference: Tensor) -> Moments:
    sums = Accumulator(reference)
    size = max(64, CHUNK // reference.numel())
    for chunk, part in zip(columns.split(size, dim=1), labels.split(size, dim=1), strict=True):
        sums.add(chunk, one_hot(part, reference.shape[1]).mT.to(columns.dtype))
    return sums.moments()


def starting_moments(rows: Tensor, components: int, restarts: int, generator: torch.Generator) -> Moments:
    """Moments of hard clusters.

    Args:
        rows: Centred x, `[N, D]`.
        components: K.
        restarts: R.
        generator: Where the seeds come from.

    Returns:
        Of R clusterings.

    References:
        Arthur, Vassilvitskii, k-means++: the advantages of careful seeding, 2007; Lloyd, Least squares quantization in
        PCM, 1982, doi:10.1109/TIT.1982.1056489.
    """
    scale = rows.std(0, correction=0)
    scale = torch.where(scale > 0, scale, 1.0)
    columns = (rows / scale).mT.contiguous()
    centres = _seeds(columns.mT, components, restarts, generator)
    labels = _labels(columns, centres)
    for _ in range(ROUNDS):
        sums = torch.zeros_like(centres)
        counts = torch.zeros_like(centres[..., 0])
        for r in range(restarts):
            sums[r].index_add_(0, labels[r], columns.mT)
            counts[r] = torch.bincount(labels[r], minlength=components).to(counts)
        centres = torch.where(counts[..., None] > 0, sums / counts.clamp_min(1)[..., None], centres)
        before, labels = labels, _labels(columns, centres)
        if torch.equal(before, labels):
            break
    return _moments(rows.mT.contiguous(), labels, centres * scale)
