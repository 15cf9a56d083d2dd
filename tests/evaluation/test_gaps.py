"""Measurements where cells are missing or are codes: of what was observed, row by row, in the data's units."""

from __future__ import annotations

import math

import pytest
import torch
from torch.distributions import MultivariateNormal

from latentia.data import Resident
from latentia.data_model import DataModel
from latentia.evaluation import evaluate, validate
from latentia.evaluation.gaps import mean_error, observed_cells, squared_error
from latentia.objectives import ELBO
from tests.data.specs import make_spec
from tests.data.test_columns import mixed
from tests.exact.mutants import killed
from tests.exact.test_imputation import MODEL, SCALE, SHIFT, linear, rows

NAN = math.nan


def the_evidence_is_that_of_what_was_observed(model: DataModel) -> None:
    x = rows()
    exact = []
    for row in x:
        seen = ~row.isnan()
        covariance = MODEL.marginal.covariance_matrix[seen][:, seen]
        density = MultivariateNormal(MODEL.marginal.loc[seen], covariance, validate_args=False).log_prob(row[seen])
        exact.append(float(density - SCALE[seen].log().sum()))
    raw = x * SCALE + SHIFT
    found = evaluate(model, Resident(raw), num_samples=20_000)
    assert found.nll == pytest.approx(-sum(exact) / len(exact), abs=0.02)
    assert found.nll is not None
    assert found.bits_per_dim == pytest.approx(found.nll * len(x) / observed_cells(raw) / math.log(2), rel=1e-12)
    assert found.nll_se == pytest.approx(torch.tensor(exact).std().item() / 2, rel=0.05)


def test_the_evidence_is_the_exact_density_of_the_observed_cells() -> None:
    the_evidence_is_that_of_what_was_observed(linear())


def test_mutant_with_the_change_of_variables_of_complete_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    model = linear()
    constant = model.preparation.log_scale
    monkeypatch.setattr(model.preparation, "log_scale_of", lambda raw: torch.full((len(raw),), constant))
    with killed():
        the_evidence_is_that_of_what_was_observed(model)


def test_validation_and_measurement_speak_of_the_same_units() -> None:
    model = linear()
    raw = rows() * SCALE + SHIFT
    terms = validate(model, ELBO(num_samples=2000), Resident(raw))
    evidence = evaluate(model, Resident(raw), num_samples=2000)
    assert evidence.elbo is not None
    assert terms["elbo"] == pytest.approx(evidence.elbo, abs=0.3)
    assert terms["bits_per_dim"] == pytest.approx(-terms["elbo"] * len(raw) / observed_cells(raw) / math.log(2))
    assert terms["kl"] == pytest.approx(evidence.kl)


def test_errors_are_over_what_was_observed() -> None:
    spec = make_spec(missing=0.5)
    raw = torch.tensor([[1.0, NAN, 3.0], [NAN, NAN, NAN], [0.0, 0.0, 1.0]])
    back = torch.tensor([[2.0, 5.0, 5.0], [1.0, 1.0, 1.0], [0.0, 0.0, 1.0]])
    found = squared_error(spec, back, raw)
    assert found[[0, 2]].tolist() == [2.5, 0.0]
    assert found[1].isnan()
    assert mean_error(found) == 1.25
    assert mean_error(found[1:2]) == 0.0


def test_a_wrong_category_counts_one_whatever_its_code() -> None:
    raw = torch.tensor([[0.0, 1.0, 2.0, 1.0, 1.0, 3.0]])
    back = torch.tensor([[0.0, 1.0, 2.0, 0.5, 0.0, 0.0]])
    assert squared_error(mixed(), back, raw).item() == pytest.approx((0.25 + 1 + 1) / 6)
