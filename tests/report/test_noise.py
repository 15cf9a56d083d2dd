"""Reports speak of any noise around a mean by its own name, and of sigma by where it comes from."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from latentia.data_model import DataModel
from latentia.evaluation import evaluate
from latentia.recipes import explain, recipe_named
from latentia.report import ReportInput
from latentia.report.figures import figures
from latentia.report.noise import Noise, measure_noise
from latentia.report.provenance import likelihood_reason
from latentia.report.summary import summary
from latentia.runs.notices import likelihood_line
from tests.report.runs import SMALL, grey


def run_with(recipe: str = "vae", **options: Any) -> tuple[ReportInput, Noise | None]:
    dataset = grey()
    torch.manual_seed(0)
    vae, _ = recipe_named(recipe)(dataset.spec, **{**SMALL, **options})
    model = DataModel(vae, dataset.spec).eval()
    run = ReportInput(
        model=model,
        dataset=dataset,
        evidence=evaluate(model, dataset.test, num_samples=2),
        recipe=explain(recipe),
        options=options,
        run="runs/x",
    )
    (batch,) = dataset.test.batches(len(dataset.test), seed=None)
    return run, measure_noise(model, batch.x)


@pytest.mark.parametrize(
    ("options", "noun", "origin"),
    [
        ({"likelihood": "gaussian", "scale": "shared"}, "Gaussian", "Learned"),
        ({"likelihood": "gaussian", "scale": "fixed"}, "Gaussian", "Fixed by hand"),
        ({"likelihood": "gaussian", "scale": "optimal"}, "Gaussian", "Computed from the errors on training rows"),
        ({"likelihood": "laplace", "scale": "predicted"}, "Laplace", "Learned"),
        ({"likelihood": "student_t"}, "Student-t", "Learned"),
    ],
)
def test_noise_is_named_and_measured(options: dict[str, Any], noun: str, origin: str) -> None:
    run, noise = run_with(**options)
    assert noise is not None
    assert noise.residual > 0
    assert noise.saturated == 0
    assert run.evidence.sigma is not None
    assert any(f"{noun} noise of σ" in paragraph for paragraph in summary(run))
    (figure,) = (each for each in figures(run, noise) if each.name.startswith("Noise"))
    assert figure.meaning.startswith(f"{origin}: the standard deviation that the {noun} likelihood")
    assert likelihood_reason(run).startswith(f"{options['likelihood']}, as the recipe or its options ask for")
    assert "density" in run.evidence.units


@pytest.mark.parametrize("likelihood", ["continuous_bernoulli", "categorical", "logistic_mixture", "bernoulli"])
def test_a_likelihood_without_noise_has_no_sigma(likelihood: str) -> None:
    run, noise = run_with(likelihood=likelihood)
    assert noise is None
    assert run.evidence.sigma is None
    assert not any("σ" in paragraph for paragraph in summary(run))
    assert likelihood_reason(run).startswith(likelihood)
    assert run.evidence.units.startswith("nats of density" if likelihood == "continuous_bernoulli" else "nats of prob")


def test_a_likelihood_of_the_recipe_is_not_said_to_be_asked_for() -> None:
    spec = grey().spec
    assert likelihood_line(spec, "gaussian", True).startswith("gaussian, as asked (by itself it would be ")
    assert likelihood_line(spec, "gaussian", False).startswith("gaussian, as the recipe has it (by itself")
