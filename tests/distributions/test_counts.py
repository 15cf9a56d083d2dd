"""Counts: oracles 8 and 10 for every family, and the families against SciPy's and torch's on equal parameters."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import pytest
import scipy.stats
import torch
from torch import Tensor
from torch.distributions import Distribution, Poisson
from torch.distributions import Multinomial as TorchMultinomial

from latentia.distributions.counts import NegativeBinomial, ZeroInflated, log_rising
from latentia.distributions.totals import Multinomial, Scaled
from tests.exact.mutants import killed, z_score

F64 = torch.float64
MEANS = torch.tensor([0.01, 0.7, 3.0, 40.0], dtype=F64)[:, None]
DISPERSIONS = torch.tensor([0.05, 1.0, 7.0, 1e3, 1e7], dtype=F64)
GRID = torch.arange(30_000, dtype=F64)[:, None, None]


def negative_binomial() -> NegativeBinomial:
    return NegativeBinomial(MEANS.log(), DISPERSIONS.log())


def zero_inflated() -> ZeroInflated:
    return ZeroInflated(negative_binomial(), torch.tensor([-2.0, 0.0, 1.0, 3.0, -9.0], dtype=F64))


def sums_to_one(log_prob: Callable[[Tensor], Tensor]) -> None:
    assert log_prob(GRID).logsumexp(0).abs().max() < 1e-9


@pytest.mark.parametrize("family", [negative_binomial, zero_inflated])
def test_8_the_probabilities_sum_to_one(family: Callable[[], Distribution]) -> None:
    sums_to_one(family().log_prob)


def test_8_mutants() -> None:
    d, gate = negative_binomial(), zero_inflated()
    with killed():  # the normalising lgamma(x + 1) forgotten
        sums_to_one(lambda x: d.log_prob(x) + torch.lgamma(x + 1))
    with killed():  # zeros counted by the gate alone
        sums_to_one(lambda x: torch.where(x == 0, torch.nn.functional.logsigmoid(gate.gate_logits), gate.log_prob(x)))


def test_the_negative_binomial_is_scipys() -> None:
    r, mean = DISPERSIONS.expand(4, 5), MEANS.expand(4, 5)
    x = torch.tensor([0.0, 1.0, 5.0, 200.0], dtype=F64)[:, None, None]
    theirs = torch.from_numpy(scipy.stats.nbinom.logpmf(x.numpy(), r.numpy(), (r / (r + mean)).numpy()))
    # SciPy subtracts two large logarithms where r is large and is the less exact of the two there.
    torch.testing.assert_close(negative_binomial().log_prob(x)[..., :4], theirs[..., :4], rtol=1e-9, atol=1e-9)
    poisson = Poisson(mean).log_prob(x)
    torch.testing.assert_close(negative_binomial().log_prob(x)[:3, :, 4], poisson[:3, :, 4], rtol=1e-4, atol=1e-4)


def test_large_dispersions_lose_nothing_in_single_precision() -> None:
    r = torch.logspace(-2, 7, 60, dtype=F64)
    x = torch.tensor([0.0, 1.0, 30.0, 900.0], dtype=F64)[:, None]
    exact = log_rising(r, x)
    torch.testing.assert_close(log_rising(r.float(), x.float()).double(), exact, rtol=3e-6, atol=3e-4)
    # The mutant: the plain difference is wrong by whole nats in single precision.
    naive = (torch.lgamma(r.float() + x.float()) - torch.lgamma(r.float())).double()
    with killed():
        torch.testing.assert_close(naive, exact, rtol=3e-6, atol=3e-4)


@pytest.mark.parametrize("family", [negative_binomial, zero_inflated])
def test_moments_are_those_of_the_probabilities(family: Callable[[], Distribution]) -> None:
    d = family()
    mass = d.log_prob(GRID).exp()
    mean = (mass * GRID).sum(0)
    torch.testing.assert_close(d.mean, mean)
    torch.testing.assert_close(d.variance, (mass * GRID.square()).sum(0) - mean.square(), rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize("family", [negative_binomial, zero_inflated])
def test_10_samples_follow_the_probabilities(family: Callable[[], Distribution]) -> None:
    torch.manual_seed(0)
    d = family()
    x = d.sample(torch.Size([40_000]))
    for value in (0.0, 1.0, 3.0, 40.0):
        truth = d.log_prob(torch.tensor(value, dtype=F64)).exp()
        for i, j in product(range(4), range(5)):
            if 1e-3 < truth[i, j] < 1 - 1e-3:
                assert abs(z_score((x[:, i, j] == value).double(), float(truth[i, j]))) < 5


def test_the_multinomial_is_torchs_row_by_row_and_conditions_on_the_total() -> None:
    torch.manual_seed(0)
    logits = torch.randn(3, 5, dtype=F64)
    x = torch.tensor([[1, 0, 4, 2, 0], [0, 0, 0, 0, 0], [9, 9, 0, 1, 1]], dtype=F64)
    d = Multinomial(logits, torch.tensor([7.0], dtype=F64))
    theirs = [
        float(TorchMultinomial(int(row.sum()), logits=each).log_prob(row)) for row, each in zip(x, logits, strict=True)
    ]
    torch.testing.assert_close(d.log_prob(x), torch.tensor(theirs, dtype=F64))
    told = d.observe(x)
    torch.testing.assert_close(told.log_prob(x), d.log_prob(x), rtol=0, atol=0)
    torch.testing.assert_close(told.mean.sum(-1), x.sum(-1))
    torch.testing.assert_close(d.mean.sum(-1), torch.full((3,), 7.0, dtype=F64))


def test_8_the_multinomial_sums_to_one_over_vectors_of_one_total() -> None:
    d = Multinomial(torch.tensor([0.3, -1.0, 2.0], dtype=F64), torch.tensor([4.0], dtype=F64))
    vectors = [v for v in product(range(5), repeat=3) if sum(v) == 4]
    total = d.log_prob(torch.tensor(vectors, dtype=F64)).logsumexp(0)
    assert abs(float(total)) < 1e-12
    with killed():  # the coefficient forgotten
        assert abs(float((torch.tensor(vectors, dtype=F64) * d.log_p).sum(-1).logsumexp(0))) < 1e-12


def test_10_samples_of_the_multinomial_have_its_moments_and_total() -> None:
    torch.manual_seed(0)
    d = Multinomial(
        torch.tensor([[0.3, -1.0, 2.0], [0.0, 0.0, 0.0]], dtype=F64), torch.tensor([[6.0], [2.0]], dtype=F64)
    )
    x = d.sample(torch.Size([20_000]))
    assert (x.sum(-1) == torch.tensor([6.0, 2.0])).all()
    for row, column in product(range(2), range(3)):
        assert abs(z_score(x[:, row, column], float(d.mean[row, column]))) < 5
        squared = (x[:, row, column] - d.mean[row, column]).square()
        assert abs(z_score(squared, float(d.variance[row, column]))) < 5


def test_shares_of_a_total_are_the_family_at_those_means() -> None:
    log_share = torch.log_softmax(torch.randn(2, 4, dtype=F64), -1)
    log_r = torch.zeros(4, dtype=F64)
    d = Scaled(lambda log_mean: NegativeBinomial(log_mean, log_r), log_share, torch.tensor([10.0], dtype=F64))
    x = torch.tensor([[3, 0, 1, 0], [0, 0, 0, 0]], dtype=F64)
    by_hand = NegativeBinomial(log_share[0] + torch.tensor(4.0, dtype=F64).log(), log_r).log_prob(x[0]).sum()
    torch.testing.assert_close(d.log_prob(x)[0], by_hand)
    assert float(d.log_prob(x)[1]) == pytest.approx(0.0, abs=1e-12)  # an empty row is certain
    torch.testing.assert_close(d.observe(x).mean.sum(-1), x.sum(-1))
    torch.testing.assert_close(d.mean.sum(-1), torch.full((2,), 10.0, dtype=F64))
    assert d.expand((3, 2)).sample(torch.Size([5])).shape == (5, 3, 2, 4)
