"""Each finding appears for the run that deserves it, and for no other."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
import torch

from latentia.report import ReportInput
from latentia.report.advice import advise
from latentia.report.html import report_page
from latentia.report.noise import Noise, measure_noise
from tests.report.runs import KINDS, rows, run_of


def healthy(kind: str = "grey", **evidence: Any) -> ReportInput:
    """A run with nothing to complain of, but for what is changed."""
    run = run_of(kind)
    good = {"kl": 5.0, "active_units": 3, "saturation": 0.0, "num_examples": 500} | evidence
    return replace(run, evidence=replace(run.evidence, **good), metrics=rows(30))


def with_curves(run: ReportInput, **curves: list[float]) -> ReportInput:
    """Training and validation ELBO as given."""
    metrics = [
        {"step": i + 1, "epoch": i + 1, "train": {"elbo": a}, "validation": {"elbo": b}}
        for i, (a, b) in enumerate(zip(curves["train"], curves["validation"], strict=True))
    ]
    return replace(run, metrics=metrics)


def titles(run: ReportInput, noise: Noise | None = None) -> list[str]:
    return [each.title for each in advise(run, noise)]


def test_a_healthy_run_gets_none() -> None:
    assert titles(healthy()) == []
    assert titles(healthy("table"), Noise(residual=0.5, saturated=0.0)) == []
    assert "Nothing stands out." in report_page(healthy(), {})


def test_collapse() -> None:
    assert titles(healthy(kl=0.01, active_units=0)) == ["The code says nothing: the posterior has collapsed."]
    assert titles(healthy(active_units=1)) == ["Only 1 of 3 latent dimensions are active."]
    assert titles(healthy(active_units=2)) == []
    (found,) = advise(healthy("binarised", kl=0.01, active_units=0), None)
    assert found.remedy.startswith("Lower beta (it is 2), ")
    assert "--free-bits" in found.remedy
    assert "--free-bits</code>" in report_page(healthy(kl=0.01, active_units=0), {})


@pytest.mark.parametrize("kind", KINDS)
def test_only_options_that_the_recipe_has_are_advised(kind: str) -> None:
    run = with_curves(
        healthy(kind, kl=0.01, active_units=0, saturation=0.5),
        train=[-90.0, -70.0, *[-60.0] * 8],
        validation=[-90.0, -80.0, *[-95.0] * 8],
    )
    known = {each.name for each in run.recipe.options} | set(run.plan)
    for each in advise(run, None):
        for option in re.findall(r"--([a-z-]+)", each.remedy):
            assert option.replace("-", "_") in known


def test_an_autoencoder_cannot_collapse() -> None:
    assert titles(healthy("autoencoder", kl=None, active_units=0)) == []


def test_saturated_scales() -> None:
    assert titles(healthy(saturation=0.2)) == ["Posterior scales have run to their bound."]
    noise = Noise(residual=0.5, saturated=0.2)
    assert titles(healthy("table"), noise) == ["The likelihood's scale has run to its bound."]


def test_fixed_noise_that_does_not_fit() -> None:
    run = replace(healthy("table", sigma=1.0), options={"scale": "fixed", "sigma": 1.0})
    assert titles(run, Noise(residual=0.2, saturated=0.0)) == ["The fixed noise does not fit the errors."]
    assert titles(run, Noise(residual=0.9, saturated=0.0)) == []
    learned = replace(run, options={"scale": "shared"})
    assert titles(learned, Noise(residual=0.2, saturated=0.0)) == []


def test_a_gap_between_training_and_validation() -> None:
    run = with_curves(healthy(), train=[-100.0] + [-70.0] * 9, validation=[-100.0] + [-80.0] * 9)
    assert titles(run) == ["Training rows are described better than validation rows."]


def test_a_validation_bound_that_fell() -> None:
    run = with_curves(healthy(), train=[-90.0, -70.0, *[-60.0] * 8], validation=[-90.0, -80.0, *[-95.0] * 8])
    assert titles(run) == ["Validation was best in epoch 2 and fell since."]
    kept = replace(run, plan={"patience": 5})
    assert "Validation was best in epoch 2 and fell since." not in titles(kept)


def test_a_run_that_was_too_short() -> None:
    rising = [-100.0 + 5 * i for i in range(10)]
    run = with_curves(healthy(), train=rising, validation=rising)
    assert titles(run) == ["The model was still getting better when training ended."]


def test_few_rows() -> None:
    assert titles(healthy(num_examples=12)) == ["The numbers rest on few rows."]


def test_an_importance_weighted_run_is_judged_by_its_own_bound() -> None:
    metrics = [
        {"epoch": i, "train": {"bound": -20.0, "elbo": -30.0}, "validation": {"bound": -20.0, "elbo": -60.0}}
        for i in range(9)
    ]
    assert titles(replace(healthy("colour"), metrics=metrics)) == []


@pytest.mark.parametrize(("kind", "gaussian"), [("two columns", True), ("colour", True), ("grey", False)])
def test_noise_is_that_of_the_likelihood(kind: str, gaussian: bool) -> None:
    run = run_of(kind)
    assert run.dataset is not None
    x = run.dataset.test.x
    noise = measure_noise(run.model, x)
    if not gaussian:
        assert noise is None
        return
    assert noise is not None
    wanted = run.model.preparation.expected(run.model.reconstruct(x)) - run.model.preparation.expected(x)
    assert noise.residual == pytest.approx(float(wanted.square().mean().sqrt()), rel=1e-4)
    assert noise.saturated == 0.0
    assert run.evidence.sigma is not None


def test_constant_columns_do_not_count_as_saturated() -> None:
    run = run_of("table")
    assert run.dataset is not None
    head = torch.nn.Parameter(torch.tensor(-5.0))
    likelihood: Any = run.model.vae.likelihood
    kept = likelihood.head.raw_log_scale
    try:
        likelihood.head.raw_log_scale = head  # far beyond the bound
        noise = measure_noise(run.model, run.dataset.test.x)
    finally:
        likelihood.head.raw_log_scale = kept
    assert noise is not None
    assert noise.saturated == 1.0
