"""Student's t distribution over vectors: against the scalar one, the Gaussian it comes from, and its own samples."""

from __future__ import annotations

import math

import torch
from torch.distributions import Distribution, Gamma, MultivariateNormal

from latentia.distributions import MultivariateStudentT, StudentT
from tests.exact.mutants import killed, z_score

F64 = torch.float64


def instance(df: float = 5.0) -> MultivariateStudentT:
    factor = torch.tensor([[1.5, 0.0], [-0.4, 0.6]], dtype=F64)
    return MultivariateStudentT(torch.tensor(df, dtype=F64), torch.tensor([0.5, -1.0], dtype=F64), factor)


def test_one_dimension_is_the_scalar_family() -> None:
    df = torch.tensor([2.5, 7.0], dtype=F64)
    loc, scale = torch.tensor([0.3, -2.0], dtype=F64), torch.tensor([1.2, 0.1], dtype=F64)
    x = torch.linspace(-4, 4, 9, dtype=F64)
    vector = MultivariateStudentT(df, loc[:, None], scale[:, None, None])
    expected = StudentT(df, loc, scale).log_prob(x[:, None])
    torch.testing.assert_close(vector.log_prob(x[:, None, None]), expected, rtol=0, atol=1e-12)
    torch.testing.assert_close(vector.variance[:, 0], StudentT(df, loc, scale).variance)


def is_a_scale_mixture(t: Distribution, df: float) -> None:
    # E N(x | m, S / g) over g ~ Gamma(df/2, df/2) by quadrature in log g.
    base = instance(df)
    x = torch.tensor([[0.5, -1.0], [2.0, 1.0], [-9.0, 4.0]], dtype=F64)
    step = 0.01
    log_g = torch.arange(-30, 8, step, dtype=F64)
    weight = Gamma(torch.tensor(df / 2, dtype=F64), torch.tensor(df / 2, dtype=F64)).log_prob(log_g.exp()) + log_g
    factors = base.scale_tril * (-log_g / 2).exp()[:, None, None]
    inner = MultivariateNormal(base.loc, scale_tril=factors).log_prob(x[:, None])
    torch.testing.assert_close(t.log_prob(x), (inner + weight).logsumexp(1) + math.log(step), rtol=0, atol=1e-10)


def test_it_is_a_gaussian_with_a_gamma_precision() -> None:
    for df in (0.7, 5.0):
        is_a_scale_mixture(instance(df), df)
    with killed():  # the degrees of freedom off by one
        is_a_scale_mixture(instance(4.0), 5.0)


def test_samples_have_its_covariance_and_follow_the_generator() -> None:
    t = instance(9.0)
    x = t.sample((40_000,), torch.Generator().manual_seed(0))
    assert torch.equal(x, t.sample((40_000,), torch.Generator().manual_seed(0)))
    centred = x - t.mean
    for i, j in ((0, 0), (0, 1), (1, 1)):
        truth = float(t.covariance_matrix[i, j])
        assert abs(z_score(centred[:, i] * centred[:, j], truth)) < 5  # 4% of a variance would be seen
    with killed():  # the scale matrix is not the covariance
        assert abs(z_score(centred[:, 0].square(), float(t.covariance_matrix[0, 0]) * 7 / 9)) < 5


def test_moments_exist_where_they_exist() -> None:
    assert instance(0.9).mean.isnan().all()
    assert instance(1.5).mean.isfinite().all()
    assert instance(1.5).variance.isinf().all()
    assert instance(2.5).covariance_matrix.isfinite().all()


def test_shapes_broadcast() -> None:
    t = instance().expand([4, 3])
    assert t.log_prob(torch.zeros(2, dtype=F64)).shape == (4, 3)
    assert t.log_prob(torch.zeros(7, 4, 3, 2, dtype=F64)).shape == (7, 4, 3)
    assert t.sample(torch.Size([5])).shape == (5, 4, 3, 2)
    torch.testing.assert_close(
        t.log_prob(torch.ones(2, dtype=F64))[1, 2], instance().log_prob(torch.ones(2, dtype=F64))
    )
