"""The maximum mean discrepancy between codes and draws from the prior."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar

import torch
from torch import Tensor
from torch.distributions import Distribution

from latentia.conditionals import Need
from latentia.distributions import draw
from latentia.latents import Trace
from latentia.model import VAE
from latentia.names import Kernel, KernelScale
from latentia.objectives.protocol import Step

KERNELS: Mapping[Kernel, Callable[[Tensor, Tensor], Tensor]] = MappingProxyType(
    {
        "rbf": lambda squared, scale: torch.exp(-squared / (2 * scale)),
        "imq": lambda squared, scale: scale / (scale + squared),
    }
)
r"""Name to k as a function of squared distances and of the scale s: \(e^{-d^2/2s}\), and \(s/(s+d^2)\)."""


def squared_distances(a: Tensor, b: Tensor) -> Tensor:
    """Between all rows of two sets, from their differences (a matrix product would cancel and narrow).

    Args:
        a: `[N, D]`.
        b: `[M, D]`.

    Returns:
        `[N, M]`.
    """
    return (a.unsqueeze(1) - b.unsqueeze(0)).square().sum(2)


def mmd(a: Tensor, b: Tensor, scale: Tensor, kernel: Kernel = "imq") -> Tensor:
    r"""The unbiased estimate of \(MMD^2 = E k(a, a') + E k(b, b') - 2 E k(a, b)\): a U-statistic.

    It may be negative.

    Args:
        a: `[N, D]`, draws of one distribution, at least two.
        b: `[M, D]`, draws of the other, at least two.
        scale: s, scalar, in squared units of the draws.
        kernel: Which k.

    Returns:
        Scalar.

    References:
        Gretton, Borgwardt, Rasch, Schölkopf, Smola, A kernel two-sample test, 2012, JMLR 13, lemma 6.

    >>> far = mmd(torch.zeros(3, 1), torch.full((3, 1), 9.0), torch.tensor(1.0), "rbf")
    >>> float(far)
    2.0
    """
    k = KERNELS[kernel]

    def within(rows: Tensor) -> Tensor:
        values = k(squared_distances(rows, rows), scale)
        # k(x, x) = 1 for both kernels: what lies on the diagonal tells nothing.
        return (values.sum() - len(rows)) / (len(rows) * (len(rows) - 1))

    return within(a) + within(b) - 2 * k(squared_distances(a, b), scale).mean()


def prior_scale(p: Distribution, draws: Tensor) -> Tensor:
    r"""The expected squared distance of two draws from the prior, \(2 \sum_j Var[z_j]\); 2 D for the standard normal.

    Args:
        p: The prior.
        draws: `[N, D]` from it, used where its variance is unknown.

    Returns:
        Scalar, without gradient.
    """
    try:
        variance = p.variance.detach()
    except NotImplementedError:
        variance = draws.detach().var(0)
    return 2 * variance.sum()


@dataclass(frozen=True, slots=True)
class MMD:
    r"""\(\lambda\, MMD^2(q(z), p(z))\): codes of a batch against as many draws from the prior.

    The estimate has no bias and therefore a sign; its mean over batches is zero where the aggregate posterior is the
    prior. A batch of one row has none, and the term is zero.

    Args:
        weight: lambda.
        kernel: `imq`, whose tails reach far codes, or `rbf`.
        scale: `prior` takes the expected squared distance of two draws from the prior, `median` the median squared
            distance within the batch and the draws, a number itself.

    References:
        Zhao, Song, Ermon, InfoVAE, 2017, arXiv:1706.02262; Tolstikhin, Bousquet, Gelly, Schölkopf, Wasserstein
        auto-encoders, 2018, arXiv:1711.01558.
    """

    weight: float
    kernel: Kernel = "imq"
    scale: KernelScale | float = "prior"
    name: ClassVar[str] = "mmd"
    requires: ClassVar[frozenset[Need]] = frozenset({Need.REPARAMETERISED, Need.SAMPLES, Need.ONE_GROUP})

    def __call__(self, model: VAE, trace: Trace, step: Step) -> Tensor:
        """The weighted estimate."""
        z, p = trace.draw.z[0][0].flatten(1), trace.draw.p[0]
        if len(z) < 2:
            return z.sum() * 0.0
        draws = draw(p, trace.lead)[0].flatten(1)
        return self.weight * mmd(z, draws, self._scale(p, z, draws), self.kernel)

    def _scale(self, p: Distribution, z: Tensor, draws: Tensor) -> Tensor:
        match self.scale:
            case "prior":
                return prior_scale(p, draws)
            case "median":
                pooled = torch.cat([z, draws]).detach()
                distances = squared_distances(pooled, pooled)
                upper = torch.ones_like(distances, dtype=torch.bool).triu(1)
                return distances[upper].median()
            case number:
                return z.new_tensor(number)
