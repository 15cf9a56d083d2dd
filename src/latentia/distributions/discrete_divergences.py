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


def _binary(q: Binary, p: Binary) -> Tensor:
    # From the log-odds; torch's goes through a masked assignment, which torch.func cannot batch.
    return torch.sigmoid(q.logits) * (q.logits - p.logits) - softplus(q.logits) + softplus(p.logits)


def _one_hot(q: OneHot, p: OneHot) -> Tensor:
    return (q.mean * (q.logits - p.logits)).sum(-1)


def _relaxed_bernoulli(q: RelaxedBernoulli, p: RelaxedBernoulli) -> Tensor:
    r"""A coth(a/2) - 2 with a the difference of the log-odds, where both have one temperature.

    Squashing does not change a KL, so it is that between two logistic distributions of one scale, whose distance in
    units of it is a: \(E_q[\log q] = -2\), and \(E_q[-\log p] = E[v + 2\,\mathrm{softplus}(-v)]\) for
    \(v = a + \Lambda\) with \(E[\mathrm{softplus}(-v)] = a / (e^a - 1)\). The Concrete literature samples it.
    """
    if q.temperature != p.temperature:
        raise NotImplementedError
    a = q.logits - p.logits
    near = a.abs() < 0.05
    square = a.square()
    series = square / 6 * (1 - square / 60 * (1 - square / 42))
    away = torch.where(near, torch.ones_like(a), a)
    return torch.where(near, series, away / torch.tanh(away / 2) - 2)


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
