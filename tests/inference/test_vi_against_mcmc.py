"""Oracle 26, on one correlated posterior: the mean field understates variances by the known factor, NUTS does not."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from latentia.inference import mcmc, sgvb
from latentia.inference.parameters import Parameters, Values
from tests.exact.mutants import killed, z_score

F64 = torch.float64
RHO = 0.9
PRECISION = torch.tensor([[1.0, -RHO], [-RHO, 1.0]], dtype=F64) / (1 - RHO**2)
"""Of unit variances with correlation rho: P_ii = 1 / (1 - rho^2)."""


def log_joint(theta: Values, none: Tensor | None = None) -> Tensor:
    return -0.5 * theta["z"] @ PRECISION @ theta["z"]


@pytest.fixture(scope="module")
def variances_of_nuts() -> Tensor:
    """Mean of z^2 in each of 24 chains, `[24, 2]`."""
    drawn = mcmc.sample_parameters(log_joint, {"z": (2,)}, chains=24, num_samples=250, warmup=150, seed=1)
    return drawn.values["z"].square().mean(1)


def test_the_mean_field_has_the_conditional_variances() -> None:
    q = sgvb.fit(
        sgvb.LogJoint(Parameters({"z": (2,)}), log_joint, torch.zeros(0, dtype=F64)), guide="mean_field", seed=0
    )
    variance = q.std["z"].square().double()
    # Some noise of the optimiser is left: a tenth of the variance, where the truth is five times as much.
    torch.testing.assert_close(variance, torch.full((2,), 1 - RHO**2, dtype=F64), rtol=0.1, atol=0)
    with killed():
        torch.testing.assert_close(variance, torch.ones(2, dtype=F64), rtol=0.1, atol=0)


def test_nuts_has_the_marginal_variances(variances_of_nuts: Tensor) -> None:
    for variance in variances_of_nuts.T:
        assert abs(z_score(variance, 1.0)) < 5
        with killed():  # the mean field's variance is not that of the draws
            assert abs(z_score(variance, 1 - RHO**2)) < 5
