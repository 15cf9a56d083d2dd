"""One trained model, two estimates of log p(x) that share nothing but the model: they agree within their errors."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from latentia import Plan, load_data
from latentia.data import Resident
from latentia.data_model import DataModel
from latentia.evaluation import log_likelihood
from latentia.evaluation.annealed import AnnealedRows, annealed_log_likelihood
from latentia.evaluation.simulated_sandwich import sandwich
from latentia.recipes import vae
from latentia.train import train
from tests.exact.mutants import killed


def trained() -> tuple[DataModel, Resident]:
    data = load_data("digits")
    torch.manual_seed(0)
    core, objective = vae(data.spec, latent_dim=4, hidden=(64,), likelihood="bernoulli")
    model = DataModel(core, data.spec)
    train(model, objective, data, Plan(epochs=30, seed=0, threads=1))
    return model, Resident(data.test.x[:20].clone())


def agrees(importance: Tensor, annealed: AnnealedRows) -> None:
    """Within five standard errors of the mean of paired rows: differences of 0.3 nats are found."""
    difference = importance - annealed.log_likelihood
    error = float(difference.std()) / len(difference) ** 0.5
    assert error < 0.06
    assert abs(float(difference.mean())) < 5 * error + 0.02


@pytest.mark.slow
def test_importance_sampling_and_annealing_agree_on_digits() -> None:
    model, source = trained()
    importance = log_likelihood(model, source, num_samples=5000, seed=1)
    annealed = annealed_log_likelihood(model, source, num_temperatures=500, leapfrogs=5, num_chains=16, seed=1)
    agrees(importance, annealed)
    with killed():  # three samples in place of five thousand
        agrees(log_likelihood(model, source, num_samples=3, seed=1), annealed)
    with killed():  # other black-and-white pictures drawn from the same grey ones
        agrees(log_likelihood(model, source, num_samples=5000, seed=2), annealed)
    found = sandwich(model, num_rows=20, num_temperatures=500, leapfrogs=5)
    assert -5 * (found.lower_se + found.upper_se) < found.gap < 0.5
