"""DIP-VAE's covariances against numpy and against samples."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.distributions import Distribution, MultivariateNormal, TransformedDistribution
from torch.distributions.transforms import ExpTransform

from latentia.distributions import PointMass, normal
from latentia.errors import CompatibilityError
from latentia.objectives import Step
from latentia.objectives.penalties import IdentityCovariance
from latentia.objectives.penalties.covariance import covariance_of_aggregate, covariance_of_means
from tests.exact.mutants import killed, z_score
from tests.ledger import REAL, SMALL, Instance

F64 = torch.float64
MEANS = torch.randn(40, 3, generator=torch.Generator().manual_seed(0), dtype=F64) @ torch.tensor(
    [[1.0, 0.5, 0.0], [0.0, 1.2, -0.4], [0.0, 0.0, 0.3]], dtype=F64
)
SCALES = 0.2 + torch.rand(40, 3, generator=torch.Generator().manual_seed(1), dtype=F64)
Q = normal(MEANS, SCALES)


def equals_numpy(covariance: Callable[[Distribution], Tensor], within: np.ndarray) -> None:
    expected = np.cov(MEANS.numpy(), rowvar=False, bias=True) + within
    np.testing.assert_allclose(covariance(Q).numpy(), expected, rtol=0, atol=1e-12)


def test_the_covariance_of_means_and_of_the_aggregate() -> None:
    equals_numpy(covariance_of_means, np.zeros((3, 3)))
    equals_numpy(covariance_of_aggregate, np.diag(SCALES.square().mean(0).numpy()))


def test_mutants() -> None:
    within = np.diag(SCALES.square().mean(0).numpy())
    for mutant in (
        covariance_of_means,  # the posterior's own spread forgotten
        lambda q: covariance_of_means(q) + q.stddev.mean(0).diag(),
        lambda q: torch.cov(q.mean.T) + q.variance.mean(0).diag(),  # over N - 1
        lambda q: q.mean.T @ q.mean / len(q.mean) + q.variance.mean(0).diag(),  # second moments, not centred
    ):
        with killed():
            equals_numpy(mutant, within)


def test_the_aggregate_is_that_of_the_samples_for_correlated_posteriors_too() -> None:
    factor = torch.tril(torch.randn(40, 3, 3, generator=torch.Generator().manual_seed(2), dtype=F64))
    q = MultivariateNormal(MEANS, factor @ factor.mT + 0.1 * torch.eye(3, dtype=F64), validate_args=False)
    torch.manual_seed(0)
    z = q.sample(torch.Size([4000])).flatten(0, 1)
    covariance, centred = covariance_of_aggregate(q), z - MEANS.mean(0)
    for i, j in ((0, 0), (0, 1), (1, 2)):
        assert abs(z_score(centred[:, i] * centred[:, j], float(covariance[i, j]))) < 5
    torch.testing.assert_close(covariance_of_aggregate(PointMass(MEANS)), covariance_of_means(Q))


def test_a_posterior_of_unknown_covariance_is_refused() -> None:
    q = TransformedDistribution(Q, [ExpTransform()], validate_args=False)
    with pytest.raises(CompatibilityError, match=r"not known.*dip_i"):
        covariance_of_aggregate(q)


@pytest.mark.parametrize(("recipe", "of_means"), [("dip_i", True), ("dip_ii", False)])
def test_the_penalty_is_the_weighted_squared_distance_from_the_identity(recipe: str, of_means: bool) -> None:
    instance = Instance(recipe, REAL, {**SMALL, "off_diagonal": 3.0, "diagonal": 0.7})
    model, objective = instance.build()
    x = instance.batch(20)
    q = model.trace(x).draw.q[0]
    covariance = np.cov(q.mean.detach().numpy(), rowvar=False, bias=True)
    if not of_means:
        covariance += np.diag(q.variance.mean(0).detach().numpy())
    off = covariance - np.diag(np.diag(covariance))
    expected = 3.0 * (off**2).sum() + 0.7 * ((np.diag(covariance) - 1) ** 2).sum()
    np.testing.assert_allclose(objective(model, x, Step()).terms["covariance"][0].numpy(), expected, rtol=1e-10)


def test_one_row_has_no_covariance() -> None:
    instance = Instance("dip_i", REAL, SMALL)
    model, objective = instance.build()
    loss = objective(model, instance.batch(1), Step())
    assert float(loss.terms["covariance"]) == 0.0
    assert float(IdentityCovariance(0.0, 0.0, True)(model, model.trace(instance.batch(5)), Step()).detach()) == 0.0
    loss.loss.backward()
