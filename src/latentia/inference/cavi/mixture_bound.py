"""The bound of a Gaussian mixture term by term, for any responsibilities."""

from __future__ import annotations

import math
from dataclasses import astuple, dataclass
from typing import Any

import torch
from torch import Tensor

from latentia.inference.cavi.dirichlet_gauss_wishart import DirichletGaussWishart
from latentia.inference.cavi.mixture_sweep import Accumulator
from latentia.inference.matrix import real_matrix


@dataclass(frozen=True, slots=True)
class MixtureBound:
    """The seven terms of the bound, in nats summed over rows (equations 10.71 to 10.77).

    Attributes:
        log_px: E log p(X | Z, mu, Lambda).
        log_pz: E log p(Z | pi).
        log_ppi: E log p(pi).
        log_pmu: E log p(mu, Lambda).
        log_qz: E log q(Z), which is subtracted.
        log_qpi: E log q(pi), which is subtracted.
        log_qmu: E log q(mu, Lambda), which is subtracted.
    """

    log_px: float
    log_pz: float
    log_ppi: float
    log_pmu: float
    log_qz: float
    log_qpi: float
    log_qmu: float

    @property
    def total(self) -> float:
        """The bound on log p(X)."""
        terms: tuple[float, ...] = astuple(self)
        return sum(terms[:4]) - sum(terms[4:])


def mixture_bound(
    x: Any, q: DirichletGaussWishart, prior: DirichletGaussWishart, responsibilities: Tensor
) -> MixtureBound:
    """The evidence lower bound of a Gaussian mixture, as Bishop writes it.

    Coordinate ascent itself takes the shorter form that holds at the best responsibilities,
    sum_n log sum_k rho_nk - KL(q || p). This one holds for any.

    Args:
        x: `[N, D]`.
        q: Beliefs on weights, means and precisions.
        prior: The prior.
        responsibilities: q(z), `[N, K]`.

    Returns:
        Its seven terms.

    Raises:
        DataError: Another number of columns, or an entry that is not finite.
    """
    x = real_matrix(x, columns=q.dim)
    d = q.dim
    sums = Accumulator(q.mean[None])
    sums.add(x.mT, responsibilities.mT[None])
    counts, about_mean = sums.counts[0], sums.scatter  # the scatter about m_k, which is what 10.71 needs
    log_pi, log_det = q.expected_log_weight, q.expected_log_det
    spread = (q.whitener @ about_mean @ q.whitener.mT).diagonal(dim1=1, dim2=2).sum(1)
    log_px = (counts * (log_det - d / q.mean_precision - d * math.log(2 * math.pi)) - q.freedom * spread).sum() / 2
    apart = (q.whitener @ (q.mean - prior.mean)[..., None]).square().sum((1, 2))
    trace = (q.whitener @ prior.factor).square().sum((1, 2))
    log_pmu = (
        d * (prior.mean_precision / (2 * math.pi)).log()
        + log_det
        - d * prior.mean_precision / q.mean_precision
        - prior.mean_precision * q.freedom * apart
        + (prior.freedom - d - 1) * log_det
        - q.freedom * trace
    ).sum() / 2 + prior.log_normaliser.sum()
    entropy = -q.log_normaliser - (q.freedom - d - 1) / 2 * log_det + q.freedom * d / 2  # equation B.82
    log_qmu = (log_det / 2 + d / 2 * (q.mean_precision / (2 * math.pi)).log() - d / 2 - entropy).sum()
    return MixtureBound(
        float(log_px),
        float((responsibilities * log_pi).sum()),
        float(_log_dirichlet(prior.concentration, log_pi)),
        float(log_pmu),
        float(torch.special.xlogy(responsibilities, responsibilities).sum()),
        float(_log_dirichlet(q.concentration, log_pi)),
        float(log_qmu),
    )


def _log_dirichlet(concentration: Tensor, log_pi: Tensor) -> Tensor:
    normaliser = torch.lgamma(concentration.sum()) - torch.lgamma(concentration).sum()
    return normaliser + ((concentration - 1) * log_pi).sum()
