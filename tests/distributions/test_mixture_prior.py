"""The learned mixture of Gaussians against scikit-learn's density on equal parameters."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from sklearn.mixture import GaussianMixture
from torch import Tensor

from latentia.conditionals import MixturePrior
from tests.distributions.flows import F64, disturbed
from tests.exact.mutants import killed


def scikit_learns(prior: MixturePrior, z: Tensor) -> Tensor:
    # One component is a Gaussian whose log-density the prior gives itself, so the scale is read off what it returns.
    d = prior(torch.empty(0)).component_distribution
    mixture = GaussianMixture(len(prior.logits), covariance_type="diag")
    mixture.weights_ = prior.logits.detach().softmax(0).numpy()
    mixture.means_ = d.mean.detach().numpy()
    mixture.covariances_ = d.variance.detach().numpy()
    mixture.precisions_cholesky_ = 1 / np.sqrt(mixture.covariances_)
    return torch.from_numpy(mixture.score_samples(z.numpy()))


@pytest.fixture
def prior() -> MixturePrior:
    torch.manual_seed(0)
    module = MixturePrior(3, 4).double()
    disturbed(module, 5, 2.0)
    return module


def equals_scikit_learn(log_prob: Callable[[Tensor], Tensor], prior: MixturePrior) -> None:
    z = 2 * torch.randn(200, 3, generator=torch.Generator().manual_seed(1), dtype=F64)
    torch.testing.assert_close(log_prob(z).detach(), scikit_learns(prior, z), rtol=0, atol=1e-11)


def test_the_density_is_scikit_learns(prior: MixturePrior) -> None:
    equals_scikit_learn(prior(torch.empty(0)).log_prob, prior)


def test_mutants(prior: MixturePrior) -> None:
    components = prior(torch.empty(0)).component_distribution
    with killed():  # equal weights, whatever was learned
        equals_scikit_learn(lambda z: components.log_prob(z[:, None]).logsumexp(1) - np.log(4), prior)
    with killed():  # weights that are not normalised
        equals_scikit_learn(lambda z: (components.log_prob(z[:, None]) + prior.logits).logsumexp(1), prior)
