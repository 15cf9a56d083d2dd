"""KL divergences between discrete and relaxed distributions, in closed form; importing this registers them with torch.

torch has those of Gamma, Beta and Dirichlet, which the subclasses here inherit.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.distributions import Categorical, register_kl
from torch.nn.functional import softplus

from latentia.distributions.codebook import CertainCode, UniformCodes
from latentia.distributions.discrete import Binary, OneHot
from latentia.distributions.relaxed import RelaxedBernoulli

_STEEPEST = 8.0
"""Above this ratio of the temperatures the grid would get long, and the KL is sampled."""


def _binary(q: Binary, p: Binary) -> Tensor:
    # From the log-odds; torch's goes through a masked assignment, which torch.func cannot batch.
    return torch.sigmoid(q.logits) * (q.logits - p.logits) - softplus(q.logits) + softplus(p.logits)


def _one_hot(q: OneHot, p: OneHot) -> Tensor:
    return (q.mean * (q.logits - p.logits)).sum(-1)


def _relaxed_bernoulli(q: RelaxedBernoulli, p: RelaxedBernoulli) -> Tensor:
    r"""The KL between two relaxed coin tosses; the Concrete literature samples it.

    Squashing does not change a KL, so it is that between two logistic distributions. With \(r = t_p / t_q\),
    \(m = r l_q - l_p\) and logistic noise \(\Lambda\) it is
    \(m - \log r - 2 + 2 E[\mathrm{softplus}(-m - r \Lambda)]\). At r = 1 the expectation is \(m / (e^m - 1)\), which
    makes it m coth(m/2) - 2; otherwise a sum over a grid, exact to rounding (see `_expected_softplus`).
    """
    ratio = p.temperature / q.temperature
    m = ratio * q.logits - p.logits
    if ratio == 1:
        return _same_temperature(m)
    if ratio > _STEEPEST:
        raise NotImplementedError
    return m - math.log(ratio) - 2 + 2 * _expected_softplus(m, ratio)


def _same_temperature(m: Tensor) -> Tensor:
    near = m.abs() < 0.05
    square = m.square()
    series = square / 6 * (1 - square / 60 * (1 - square / 42))
    away = torch.where(near, torch.ones_like(m), m)
    return torch.where(near, series, away / torch.tanh(away / 2) - 2)


def _expected_softplus(m: Tensor, ratio: float) -> Tensor:
    r"""\(E[\mathrm{softplus}(-m - r \Lambda)]\) by the trapezoidal rule.

    The integrand is analytic within \(\pi / \max(1, r)\) of the real line, so the error falls as \(e^{-2\pi^2/h}\) for
    a step of \(h / \max(1, r)\), and its tails as \(e^{-|\lambda|}\).
    """
    digits = -math.log(torch.finfo(m.dtype).eps)
    step = 2 * math.pi**2 / (digits + 1) / max(1.0, ratio)
    reach = math.ceil((digits + 5) / step)
    noise = step * torch.arange(-reach, reach + 1, dtype=m.dtype, device=m.device)
    density = step * torch.sigmoid(noise) * torch.sigmoid(-noise)
    return (density * softplus(-m[..., None] - ratio * noise)).sum(-1)


def _categorical_uniform(q: Categorical, p: UniformCodes) -> Tensor:
    # entr(0) = 0, so that a categorical may be certain.
    entropy: Tensor = torch.special.entr(q.probs).sum(-1)
    return math.log(p.num_codes) - entropy


def _certain_uniform(q: CertainCode, p: UniformCodes) -> Tensor:
    return torch.full(q.batch_shape, math.log(p.num_codes), device=q.index.device)


def _certain_categorical(q: CertainCode, p: Categorical) -> Tensor:
    log_prob: Tensor = p.log_prob(q.index)
    return -log_prob


register_kl(Binary, Binary)(_binary)
register_kl(OneHot, OneHot)(_one_hot)
register_kl(RelaxedBernoulli, RelaxedBernoulli)(_relaxed_bernoulli)
register_kl(Categorical, UniformCodes)(_categorical_uniform)
register_kl(CertainCode, UniformCodes)(_certain_uniform)
register_kl(CertainCode, Categorical)(_certain_categorical)
