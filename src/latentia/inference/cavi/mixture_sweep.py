"""One coordinate update of a Gaussian mixture, for several starting points at once.

Shapes: R restarts, K components, N rows, D columns. Rows are taken in chunks that fit the processor's cache, and within
a chunk every component of every restart is in one matrix product.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from latentia.inference.cavi.dirichlet_gauss_wishart import DirichletGaussWishart

CHUNK = 2**17
"""Numbers in the largest array of a chunk: a megabyte."""


@dataclass(frozen=True, slots=True)
class Moments:
    """What the data say about each component.

    Attributes:
        counts: N_k, `[R, K]` (equation 10.51).
        means: The weighted means, `[R, K, D]` (10.52).
        scatter: N_k S_k, `[R, K, D, D]` (10.53).
    """

    counts: Tensor
    means: Tensor
    scatter: Tensor


def log_responsibilities(columns: Tensor, q: DirichletGaussWishart) -> Tensor:
    r"""\(\log \rho_{nk}\), the responsibilities before they are normalised (equation 10.46 with 10.64 to 10.66).

    Args:
        columns: x transposed, `[D, N]`.
        q: Batch `[R]`.

    Returns:
        `[R, K, N]`, in nats.
    """
    d = q.dim
    root = q.whitener * (q.freedom / 2).sqrt()[..., None, None]
    offset = root @ q.mean[..., None]
    scaled = torch.addmm(offset.reshape(-1, 1), root.reshape(-1, d), columns, beta=-1).square_()
    squared = scaled.view(*q.freedom.shape, d, -1).sum(2)
    constant = q.expected_log_weight + (q.expected_log_det - d / q.mean_precision - d * math.log(2 * math.pi)) / 2
    return constant[..., None] - squared


def chunk_rows(q: DirichletGaussWishart) -> int:
    """How many rows a chunk has.

    Args:
        q: Batch `[R]`.

    Returns:
        A positive number.
    """
    return max(64, CHUNK // q.mean.numel())


class Accumulator:
    """Sums over rows, taken about a reference for each component so that little cancels.

    Args:
        reference: A point near each component's mean, `[R, K, D]`.
    """

    def __init__(self, reference: Tensor) -> None:
        self.reference = reference
        self.counts = reference.new_zeros(reference.shape[:2])
        self.sums = torch.zeros_like(reference)
        d = reference.shape[-1]
        self.scatter = reference.new_zeros(reference.shape[0] * reference.shape[1], d, d)

    def add(self, columns: Tensor, responsibilities: Tensor) -> None:
        """Add some rows.

        Args:
            columns: x transposed, `[D, n]`.
            responsibilities: `[R, K, n]`.
        """
        difference = columns - self.reference[..., None]
        weighted = difference * responsibilities[:, :, None]
        self.counts += responsibilities.sum(-1)
        self.sums += weighted.sum(-1)
        self.scatter.baddbmm_(weighted.flatten(0, 1), difference.flatten(0, 1).mT)

    def moments(self) -> Moments:
        """The moments of all rows added so far."""
        shift = self.sums / self.counts.clamp_min(1e-300)[..., None]
        scatter = self.scatter.view(*self.reference.shape, -1) - self.sums[..., None] * shift[..., None, :]
        return Moments(self.counts, self.reference + shift, scatter)


def posterior(prior: DirichletGaussWishart, moments: Moments) -> DirichletGaussWishart:
    """The beliefs after the responsibilities (equations 10.58 and 10.60 to 10.63).

    Args:
        prior: Without a batch.
        moments: Of R restarts.

    Returns:
        Batch `[R]`.
    """
    counts = moments.counts
    precision = prior.mean_precision + counts
    mean = (prior.mean_precision[..., None] * prior.mean + counts[..., None] * moments.means) / precision[..., None]
    apart = moments.means - prior.mean
    share = prior.mean_precision * counts / precision
    between = share[..., None, None] * apart[..., :, None] * apart[..., None, :]
    inverse_scale = prior.inverse_scale + moments.scatter + between
    return DirichletGaussWishart(
        prior.concentration + counts, mean, precision, prior.freedom + counts, (inverse_scale + inverse_scale.mT) / 2
    )


def expectation(columns: Tensor, q: DirichletGaussWishart) -> tuple[Tensor, Moments]:
    """The best responsibilities for q, through what is needed of them.

    Args:
        columns: x transposed, `[D, N]`.
        q: Batch `[R]`.

    Returns:
        The sum over rows of log sum_k rho_nk, `[R]`, and the moments.
    """
    sums = Accumulator(q.mean)
    evidence = q.mean.new_zeros(len(q.mean))
    for chunk in columns.split(chunk_rows(q), dim=1):
        log_rho = log_responsibilities(chunk, q)
        normaliser = log_rho.logsumexp(1)
        evidence += normaliser.sum(-1)
        sums.add(chunk, log_rho.sub_(normaliser[:, None]).exp_())
    return evidence, sums.moments()
