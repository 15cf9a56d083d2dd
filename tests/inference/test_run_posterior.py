"""The posterior of a trained run, against quadrature over its one latent dimension."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

import latentia
from latentia.errors import CompatibilityError
from latentia.inference.vae_posterior import VAEPosterior, vae_log_joint
from latentia.runs import Run
from tests.exact.mutants import killed

F64 = torch.float64


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    angle = np.random.default_rng(0).uniform(-2, 2, 300)
    data = np.stack([3 * np.sin(angle), 5 + np.cos(angle), angle], 1) + np.random.default_rng(1).normal(size=(300, 3))
    out: Path = tmp_path_factory.mktemp("run") / "arc"
    return latentia.fit(data, out=out, latent_dim=1, hidden=(16,), epochs=3, reporters=[], report=False)


def agrees_with_quadrature(run: Run, rows: np.ndarray, found: VAEPosterior) -> None:
    """Means and standard deviations within five Monte-Carlo standard errors: about 4% of a posterior's width."""
    vae = run.model.vae.double()
    x = run.model.preparation(run.model.as_batch(rows)).double()
    grid = torch.linspace(-8, 8, 4001, dtype=F64)
    with torch.no_grad():
        weights = vae_log_joint(vae, x)(grid[:, None, None].expand(-1, len(x), 1)).softmax(0)
    vae.float()
    mean = (weights * grid[:, None]).sum(0)
    std = ((weights * grid[:, None].square()).sum(0) - mean.square()).sqrt()
    error = found.ess[:, 0].rsqrt()
    assert bool(((found.mean[:, 0] - mean).abs() < 5 * error * std).all())
    assert bool(((found.std[:, 0] / std - 1).abs() < 5 * error).all())


def test_25_the_posterior_of_a_trained_model(run: Run) -> None:
    rows = run.split("test").x[:3].numpy()
    found = run.posterior(rows, chains=8, num_samples=250, warmup=80)
    assert float(found.rhat.max()) < 1.05, found.verdict
    agrees_with_quadrature(run, rows, found)
    with killed():  # the draws of the rows in another order
        agrees_with_quadrature(run, rows[::-1].copy(), found)
    # q is the model's own: its mean is the code, to the error of the draws that measure it.
    torch.testing.assert_close(found.q_mean, run.model.encode(rows).double(), rtol=0, atol=0.1)
    assert found.mean_shift.shape == found.variance_ratio.shape == (3, 1)


def test_rows_of_another_shape_are_refused(run: Run) -> None:
    with pytest.raises(CompatibilityError, match="shape"):
        run.posterior(np.zeros((2, 5)))
