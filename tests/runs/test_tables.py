"""Tables of mixed columns with missing cells, from data to a report and back."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from benchmarks.adult import COLUMNS, load_adult, read_adult
from torch.distributions import LogNormal

import latentia
from latentia.columns import KINDS, Column
from latentia.data import Dataset, DataSpec, load_data
from latentia.distributions.counts import NegativeBinomial
from latentia.errors import ConfigurationError
from latentia.runs import Run
from latentia.train import read_metrics
from tests.data.test_columns import gappy

SMALL: dict[str, Any] = {"hidden": [16], "latent_dim": 2, "epochs": 2, "batch_size": 32, "reporters": []}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    data = load_data(gappy(200), columns=KINDS, missing=True, labels=np.arange(200) % 2)
    return latentia.fit(data, "table_vae", out=tmp_path_factory.mktemp("runs") / "table", **SMALL)


def test_a_table_is_fitted_measured_and_reported(run: Run) -> None:
    assert run.evidence is not None
    assert run.evidence.nll is not None
    assert np.isfinite([run.evidence.nll, run.evidence.mse]).all()
    assert run.evidence.units == "nats of density, per unit of the data"
    assert run.report is not None
    page = run.report.read_text("utf-8")
    for words in (
        "columns of different kinds: 1 real, 1 positive, 1 count, 1 binary, 1 categorical, 1 ordinal",
        "x[4] (categorical, 4 categories)",
        "of all values; they are left out of every number here",
        "table, because the columns are of different kinds",
        "how often each came back",
        "a wrong category counts 1",
    ):
        assert words in page, words
    assert {path.stem for path in (run.folder / "pictures").iterdir()} >= {"reconstructions", "samples", "traversals"}


def test_terms_of_training_and_validation_are_in_one_unit(run: Run) -> None:
    last = read_metrics(run.folder / "metrics.jsonl")[-1]
    assert abs(last["train"]["elbo"] - last["validation"]["elbo"]) < 5
    assert last["validation"]["elbo"] == pytest.approx(
        last["validation"]["reconstruction"] - last["validation"]["kl"], rel=1e-6
    )


def test_a_saved_table_loads_and_fills_gaps_as_before(run: Run) -> None:
    again = latentia.load(run.folder)
    assert again.spec == run.spec
    assert DataSpec.from_json(again.spec.to_json()) == run.spec
    x = gappy(200)[:5]
    a, b = run.impute(x, num_samples=50), again.impute(x, num_samples=50)
    assert torch.equal(a.rows, b.rows)
    assert not a.rows.isnan().any()


def test_a_file_is_fitted_and_its_run_is_resumed(tmp_path: Path) -> None:
    np.savez(tmp_path / "table.npz", x=gappy(), names=np.array(list("abcdef")))
    options = {**SMALL, "report": False, "epochs": 1, "columns": "auto", "missing": True}
    first = latentia.fit(str(tmp_path / "table.npz"), "table_vae", out=tmp_path / "run", **options)
    assert first.spec.names == tuple("abcdef")
    assert first.settings.reading == {"columns": "auto", "missing": True}
    text = (tmp_path / "run" / "config.toml").read_text("utf-8")
    assert 'columns = "auto"' in text
    assert "missing = true" in text
    latentia.fit(out=tmp_path / "run", resume=True, epochs=2, report=False, reporters=[])
    with pytest.raises(ConfigurationError, match="missing was True and is False"):
        latentia.fit(out=tmp_path / "run", resume=True, epochs=3, missing=False)


def test_columns_given_as_a_list_of_kinds_are_kept_as_text(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", gappy())
    options = {**SMALL, "report": False, "epochs": 1, "missing": True}
    kinds = latentia.fit(str(tmp_path / "x.npy"), out=tmp_path / "a", columns=list(KINDS), **options)
    assert kinds.settings.reading["columns"] == ",".join(KINDS)
    assert kinds.settings.options["likelihood"] == "table"
    described: list[Any] = [Column("size", "real"), *KINDS[1:]]
    named = latentia.fit(str(tmp_path / "x.npy"), out=tmp_path / "b", columns=described, **options)
    assert named.spec.names is not None
    assert named.settings.data is None  # a description in Python cannot be read again from a file


def test_complete_counts_are_fitted_with_their_likelihood(tmp_path: Path) -> None:
    x = np.random.default_rng(0).poisson(3.0, (90, 4))
    run = latentia.fit(x, out=tmp_path / "run", **SMALL)
    assert run.settings.options["likelihood"] == "negative_binomial"
    assert run.evidence is not None
    assert run.evidence.units == "nats of probability"
    assert run.report is not None
    assert "whole numbers from 0, up to" in run.report.read_text("utf-8")


def test_pictures_with_missing_pixels_are_fitted_and_reported(tmp_path: Path) -> None:
    x = np.random.default_rng(0).random((60, 6, 6))
    x[np.random.default_rng(1).random(x.shape) < 0.3] = np.nan
    run = latentia.fit(x, out=tmp_path / "run", missing=True, likelihood="bernoulli", **SMALL)
    assert run.evidence is not None
    assert run.evidence.nll is not None
    assert np.isfinite([run.evidence.nll, run.evidence.mse]).all()
    assert run.report is not None


ADULT = Path(os.environ.get("LATENTIA_DATA", "")) / "adult"


@pytest.mark.skipif(not os.environ.get("LATENTIA_DATA"), reason="LATENTIA_DATA is not set")
def test_adult_is_read_as_it_was_published() -> None:
    adult = read_adult(ADULT)
    assert (adult.train.shape, adult.test.shape) == ((32_561, 14), (16_281, 14))
    assert np.isnan(adult.train).any(1).sum() == 2_399
    assert np.isnan(adult.test).any(1).sum() == 1_221
    assert (adult.train_income == ">50K").sum() == 7_841
    assert (adult.test_income == ">50K").sum() == 3_846
    assert {column.name: column.size for column in adult.columns if column.kind == "categorical"} == {
        "workclass": 8,
        "education": 16,
        "marital-status": 7,
        "occupation": 14,
        "relationship": 6,
        "race": 5,
        "sex": 2,
        "native-country": 41,
    }
    data = load_adult(ADULT, test_rows=300)
    assert data.spec.counts == {"train": 29_305, "validation": 3_256, "test": 300}
    assert data.spec.names == tuple(COLUMNS)


@pytest.mark.slow
@pytest.mark.skipif(not os.environ.get("LATENTIA_DATA"), reason="LATENTIA_DATA is not set")
def test_a_table_model_of_adult_beats_independent_columns(tmp_path: Path) -> None:
    adult = read_adult(ADULT)
    few = load_data(adult.train[:3000], columns=adult.columns, missing=True)
    options = {
        **SMALL,
        "hidden": (64,),
        "epochs": 30,
        "kl_warmup": 15.0,
        "batch_size": 64,
        "report": False,
        "learning_rate": 3e-3,
    }
    run = latentia.fit(few, "table_vae", out=tmp_path / "run", **options)
    evidence = run.evaluate(num_samples=20)
    assert evidence.nll is not None
    assert evidence.nll < baseline(few) - 1.0


def baseline(data: Dataset) -> float:
    """-log p of a test row under independent columns: shares of codes, the families' own densities for the rest."""
    total = 0.0
    assert data.spec.columns is not None
    for i, column in enumerate(data.spec.columns):
        train, test = (split.x[:, i][~split.x[:, i].isnan()] for split in (data.train, data.test))
        if column.coded:
            shares = (torch.bincount(train.long(), minlength=column.size) + 1.0) / (len(train) + column.size)
            cells = shares.log()[test.long()]
        elif column.kind == "positive":
            cells = LogNormal(column.centre, column.spread).log_prob(test)
        else:
            r = torch.logspace(-3, 3, 400, dtype=test.dtype)[:, None]
            each = NegativeBinomial(torch.tensor(column.centre).to(r), r.log())
            best = each.log_prob(train).mean(1).argmax()
            cells = each.log_prob(test)[best]
        total -= float(cells.sum()) / len(data.test)
    return total
