"""Hard discrete variables and codebooks: oracles 7, 8 and 10 by enumeration."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import product

import torch
from torch import Tensor
from torch.distributions import Categorical, Distribution, kl_divergence
from torch.func import grad, vmap

from latentia.distributions import (
    CertainCode,
    OneHot,
    UniformCodes,
    binary,
    categories,
    draw,
    factor_means,
    kl,
    kl_per_dim,
    temper,
)
from tests.exact.mutants import killed, z_score

F64 = torch.float64
Q = torch.tensor([0.3, -1.2, 4.0], dtype=F64)
P = torch.tensor([0.0, 0.5, -1.0], dtype=F64)
BITS = torch.tensor(list(product((0.0, 1.0), repeat=3)), dtype=F64)
HOT = torch.eye(3, dtype=F64)
PAIRS = torch.stack([torch.stack(pair) for pair in product(HOT, HOT)])
"""Two one-hot vectors, `[9, 2, 3]`."""


def enumerated_kl(q: Distribution, p: Distribution, values: Tensor) -> Tensor:
    return (q.log_prob(values).exp() * (q.log_prob(values) - p.log_prob(values))).sum()


def kl_is_the_sum(divergence: Callable[[Distribution, Distribution], Tensor]) -> None:
    two = torch.stack([Q, P]), torch.stack([P, P + torch.arange(3)])
    cases = [
        (binary(Q), binary(P), BITS),
        (categories(Q), categories(P), HOT),
        (categories(two[0], 2), categories(two[1], 2), PAIRS),
    ]
    for q, p, values in cases:
        torch.testing.assert_close(divergence(q, p), enumerated_kl(q, p, values), rtol=1e-12, atol=1e-14)


def test_7_kl_of_discrete_variables_is_the_sum() -> None:
    kl_is_the_sum(kl_divergence)


def test_7_mutants() -> None:
    with killed():
        kl_is_the_sum(lambda q, p: kl_divergence(p, q))
    with killed():  # the entropy alone, as against a uniform prior
        kl_is_the_sum(lambda q, p: kl_divergence(q, temper(p, 1e9)))


def codebook_costs(divergence: Callable[[Distribution, Distribution], Tensor]) -> None:
    uniform = UniformCodes(3)
    certain = torch.tensor([2, 0])
    torch.testing.assert_close(divergence(CertainCode(certain, 3), uniform), torch.full((2,), math.log(3)))
    sure = Categorical(probs=torch.tensor([0.0, 1.0, 0.0], dtype=F64))
    assert abs(float(divergence(sure, uniform)) - math.log(3)) < 1e-12
    soft = Categorical(logits=Q)
    codes = torch.arange(3)
    exact = (soft.probs * (soft.log_prob(codes) - uniform.log_prob(codes).double())).sum()
    torch.testing.assert_close(divergence(soft, uniform), exact, rtol=1e-6, atol=1e-7)
    torch.testing.assert_close(divergence(CertainCode(certain, 3), soft), -soft.log_prob(certain))


def test_7_a_certain_code_costs_log_k_against_the_uniform_codebook() -> None:
    codebook_costs(kl_divergence)


def test_7_mutants_of_the_codebook() -> None:
    with killed():  # a code that is free
        codebook_costs(lambda q, p: torch.zeros(q.batch_shape))
    with killed():  # the entropy added
        codebook_costs(
            lambda q, p: kl_divergence(q, p) + (2 * q.entropy() if isinstance(q, Categorical) else torch.zeros(2))
        )


def masses_sum_to_one(log_prob: Callable[[Distribution, Tensor], Tensor]) -> None:
    for d, values in ((binary(Q), BITS), (categories(Q), HOT), (categories(torch.stack([Q, P]), 2), PAIRS)):
        assert abs(float(log_prob(d, values).logsumexp(0))) < 1e-12


def test_8_masses_sum_to_one() -> None:
    masses_sum_to_one(lambda d, values: d.log_prob(values))
    assert abs(float(UniformCodes(5).log_prob(torch.arange(5)).logsumexp(0))) < 1e-6
    assert CertainCode(torch.tensor(1), 3).log_prob(torch.arange(3)).exp().tolist() == [0.0, 1.0, 0.0]


def test_8_mutant() -> None:
    with killed():  # a mean over the event in place of the sum
        masses_sum_to_one(lambda d, values: d.log_prob(values) / d.event_shape.numel())


def test_10_samples_follow_the_masses() -> None:
    torch.manual_seed(0)
    n = 40_000
    for d, values in ((binary(P), BITS), (categories(P), HOT), (categories(torch.stack([P, -P]), 2), PAIRS)):
        z = draw(d, torch.Size([n]))
        assert not z.requires_grad
        for value in values:
            hit = (z == value).flatten(1).all(1).double()
            assert abs(z_score(hit, float(d.log_prob(value).exp()))) < 5
    codes = UniformCodes(4).sample(torch.Size([n]))
    assert all(abs(z_score((codes == k).double(), 0.25)) < 5 for k in range(4))


def test_10_mutant() -> None:
    torch.manual_seed(0)
    z = OneHot(P).sample(torch.Size([40_000]))
    with killed():
        assert abs(z_score(z[:, 0], float(OneHot(-P).mean[0]))) < 5


def test_entropy_is_the_mean_surprise() -> None:
    d = OneHot(Q)
    torch.testing.assert_close(d.entropy(), -(d.log_prob(HOT).exp() * d.log_prob(HOT)).sum())


def test_what_stands_for_them_lies_in_their_domain() -> None:
    lead = torch.Size([2, 4])
    assert factor_means(binary(Q), lead)[0, 0].tolist() == [1.0, 0.0, 1.0]
    hard = factor_means(categories(torch.stack([Q, P]), 2), lead)
    assert hard.shape == (2, 4, 2, 3)
    assert (hard.sum(-1) == 1).all()
    assert hard[0, 0].argmax(-1).tolist() == [2, 1]
    for d in (binary(Q), categories(Q)):
        torch.testing.assert_close(draw(temper(d, 0.0), lead), factor_means(d, lead))
        assert (temper(d, 0.5).variance <= d.variance).all()
    torch.testing.assert_close(binary(Q).mean, Q.sigmoid())
    torch.testing.assert_close(OneHot(Q).variance, Q.softmax(0) * (1 - Q.softmax(0)))


def test_kl_splits_over_coin_tosses_but_not_over_the_entries_of_one_hot_vectors() -> None:
    q, p = binary(torch.randn(4, 3)), binary(torch.zeros(3))
    per_dim = kl_per_dim(q, p)
    assert per_dim is not None
    torch.testing.assert_close(per_dim.sum(-1), kl(q, p, q.sample()))
    assert kl_per_dim(categories(torch.randn(4, 2, 3), 2), categories(torch.zeros(2, 3), 2)) is None


def test_divergences_batch_under_torch_func() -> None:
    rows = torch.randn(5, 3, dtype=F64)
    for family in (binary, categories):

        def cost(logits: Tensor, family: Callable[[Tensor], Distribution] = family) -> Tensor:
            return kl_divergence(family(logits), family(P))

        each = vmap(grad(cost))(rows)
        torch.testing.assert_close(each, torch.stack([grad(cost)(row) for row in rows]))


def test_shapes_expand() -> None:
    assert UniformCodes(3).expand((2, 4)).sample().shape == (2, 4)
    assert UniformCodes(3).support.check(torch.tensor(2))
    assert CertainCode(torch.tensor([1, 2]), 3).expand((4, 2)).sample(torch.Size([5])).shape == (5, 4, 2)
    assert CertainCode(torch.tensor(1), 3).support.check(torch.tensor(2))
    assert factor_means(CertainCode(torch.tensor(1), 3), torch.Size([2])).tolist() == [1, 1]
    assert OneHot(Q).support.check(HOT).all()
