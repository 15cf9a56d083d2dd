"""The whole measurement, on models whose quality is known beforehand."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from latentia.data import Dataset, Resident, load_data
from latentia.data.spec import DataSpec
from latentia.data_model import DataModel
from latentia.errors import CompatibilityError, ConfigurationError, DataError
from latentia.evaluation.generation import frechet, measure, quality, reconstruction_quality, row_errors
from latentia.objectives import Objective
from latentia.recipes import autoencoder, vae
from tests.evaluation.generation.splits import normal
from tests.exact.mutants import killed
from tests.ledger import LEVELS, PIXEL, REAL, REAL_GAPS, TABLE, Instance

# --- models whose samples are chosen ---------------------------------------------------------------------------------


def untrained(spec: DataSpec, **options: Any) -> DataModel:
    torch.manual_seed(0)
    return DataModel(vae(spec, latent_dim=2, hidden=(8,), **options)[0], spec)


def generating(spec: DataSpec, rows: Tensor, monkeypatch: pytest.MonkeyPatch) -> DataModel:
    """A model whose samples are given."""
    model = untrained(spec)
    monkeypatch.setattr(model, "sample", lambda num, mean: rows[:num])
    return model


def real_rows(seed: int, rows: int = 300) -> Tensor:
    return normal(rows, 7, seed=seed).float()


def test_rows_of_the_same_distribution_score_as_training_rows_do(monkeypatch: pytest.MonkeyPatch) -> None:
    model = generating(REAL, real_rows(0), monkeypatch)
    found = measure(model, Resident(real_rows(1)), Resident(real_rows(2, 500)))
    assert found.num_rows == 300
    assert found.verdict.startswith("Samples look like data")
    assert "The data are covered" in found.verdict
    assert "No sign of memorisation" in found.verdict
    for name in ("precision", "recall", "density", "coverage"):
        assert getattr(found.samples, name) == pytest.approx(getattr(found.training, name), abs=0.15)
    assert found.samples.kid_se is not None
    assert abs(found.samples.kid) < 5 * found.samples.kid_se
    assert found.samples.fid == pytest.approx(found.training.fid, rel=0.5)
    assert (found.features, found.num_features, found.means) == ("columns", 7, False)
    assert found.diversity is None
    assert "no MS-SSIM: 'made-up' are columns" in found.notes[0]
    json.dumps(found.to_dict(), allow_nan=False)


def test_memorisation_looks_at_more_rows_than_were_trained_on(monkeypatch: pytest.MonkeyPatch) -> None:
    train = real_rows(2, 40)
    model = generating(REAL, train.repeat(10, 1) + 0.01 * real_rows(0, 400), monkeypatch)
    found = measure(model, Resident(real_rows(1)), Resident(train))
    assert (found.num_rows, found.memorisation.num_samples, found.memorisation.num_held_out) == (40, 400, 300)
    assert found.memorisation.verdict.startswith("Memorised")


@pytest.mark.parametrize(
    ("samples", "words"),
    [
        (real_rows(0) * 0.1, "Part of the data is never sampled"),
        (real_rows(0) * 0.5, "Samples are less varied than data"),
        (real_rows(0) + 5, "Many samples look like no data: 0%"),
        (real_rows(2, 500)[:300], "Memorised: 100.0% of the samples"),
    ],
)
def test_each_fault_is_named(samples: Tensor, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model = generating(REAL, samples, monkeypatch)
    assert words in measure(model, Resident(real_rows(1)), Resident(real_rows(2, 500))).verdict


def test_pictures_have_a_diversity(monkeypatch: pytest.MonkeyPatch) -> None:
    digits = load_data("digits")
    test, train = digits.test, digits.train
    same = generating(digits.spec, train.x[:1].float().expand(200, -1, -1, -1), monkeypatch)
    found = measure(same, test, train)
    assert found.means
    assert found.diversity is not None
    assert found.data_diversity is not None
    assert found.diversity.mean == pytest.approx(1)
    assert found.data_diversity.mean < 0.5
    assert found.scales == "1 scale of 5, window of 7 pixels"
    assert "too small for the five scales" in found.notes[0]
    assert "Pairs of samples are more alike than pairs of data" in found.verdict


def test_one_pixel_has_no_structure() -> None:
    rows = torch.randint(0, 256, (60, 3, 1, 1), dtype=torch.uint8)
    found = measure(untrained(PIXEL), Resident(rows[:30]), Resident(rows[30:]))
    assert found.diversity is None
    assert "pictures of 1 x 1 pixels" in found.notes[0]


# --- determinism ----------------------------------------------------------------------------------------------------


def test_a_seed_decides_everything_and_the_generator_is_left_alone() -> None:
    model = untrained(LEVELS)
    rows = torch.randint(0, 17, (200, 1, 8, 8), dtype=torch.uint8)
    held_out, train = Resident(rows[:80]), Resident(rows[80:])
    before = torch.get_rng_state()
    first = measure(model, held_out, train, num_samples=50, seed=3)
    assert torch.equal(before, torch.get_rng_state())
    assert first == measure(model, held_out, train, num_samples=50, seed=3)
    assert first != measure(model, held_out, train, num_samples=50, seed=4)
    assert first.num_rows == 50


# --- data and models that are refused, or measured in part ------------------------------------------------------------


def test_a_mixed_table_is_compared_in_its_standardised_columns() -> None:
    torch.manual_seed(0)
    model, rows = untrained(TABLE), Instance("vae", TABLE).batch(120)
    found = measure(model, Resident(rows[:60]), Resident(rows[60:]))
    assert (found.features, found.num_features) == ("columns", 10)
    assert 0 <= found.samples.precision <= 1
    assert found.diversity is None


def test_missing_cells_ask_for_an_encoder() -> None:
    rows = real_rows(0)
    rows[5, 2] = torch.nan
    model = untrained(REAL_GAPS)
    held_out, train = Resident(rows), Resident(real_rows(1))
    with pytest.raises(DataError, match="use the features of an encoder"):
        measure(model, held_out, train)
    assert measure(model, held_out, train, features="encoder").features == "encoder"


def test_what_cannot_be_measured_is_refused() -> None:
    rows = Resident(real_rows(0))
    with pytest.raises(CompatibilityError, match="no prior to sample from"):
        measure(DataModel(autoencoder(REAL, latent_dim=2, hidden=(8,))[0], REAL), rows, rows)
    with pytest.raises(ConfigurationError, match="num_samples is 5"):
        measure(untrained(REAL), rows, rows, num_samples=5)
    with pytest.raises(DataError, match="19 held-out rows and 300 training rows are too few"):
        measure(untrained(REAL), Resident(real_rows(0, 19)), rows)
    with pytest.raises(DataError, match="features 'broken' of the samples is nan"):
        measure(untrained(REAL), rows, rows, features=broken)


def broken(x: Tensor) -> Tensor:
    return x * math.nan


def test_too_many_features_have_no_fid(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frechet, "LARGEST", 3)
    found = measure(untrained(REAL), Resident(real_rows(0)), Resident(real_rows(1)))
    assert found.samples.fid is None
    assert any("no FID: 7 features" in note for note in found.notes)
    monkeypatch.setattr(frechet, "LARGEST", 4096)
    few = measure(untrained(REAL), Resident(real_rows(0)), Resident(real_rows(1)), features=lambda x: x.repeat(1, 50))
    assert any("singular covariances" in note for note in few.notes)


# --- a model that is trained ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return load_data("digits")


@pytest.fixture(scope="module")
def trained(digits: Dataset) -> DataModel:
    torch.manual_seed(0)
    vae_, objective = vae(digits.spec, latent_dim=8, hidden=(64,))
    model = DataModel(vae_, digits.spec)
    fit(model, objective, digits)
    return model.eval()


def fit(model: DataModel, objective: Objective, data: Dataset) -> None:
    """The shortest loop that there is."""
    from latentia.train import Plan, train

    train(model, objective, data, Plan(epochs=25, seed=0))


def test_training_makes_samples_better_and_reconstructions_too(digits: Dataset, trained: DataModel) -> None:
    raw = untrained(digits.spec)
    before, after = (measure(each, digits.test, digits.train) for each in (raw, trained))
    assert max(before.samples.precision, before.samples.coverage) < 0.1
    assert min(after.samples.precision, after.samples.coverage) > 0.6
    assert before.samples.fid is not None
    assert after.samples.fid is not None
    assert after.training.fid is not None
    assert after.training.fid < after.samples.fid < before.samples.fid / 3
    assert not after.memorisation.verdict.startswith("Memorised")
    assert measure(trained, digits.test, digits.train, features="encoder").num_features == 8
    first, second = (reconstruction_quality(each, digits.test) for each in (raw, trained))
    assert first.verdict.startswith("Reconstructions tell nothing of the row")
    assert second.verdict.startswith("Reconstructions explain")
    assert first.psnr is not None
    assert second.psnr is not None
    assert second.psnr > first.psnr + 5
    assert first.ms_ssim is not None
    assert second.ms_ssim is not None
    assert second.ms_ssim > first.ms_ssim
    json.dumps(second.to_dict(), allow_nan=False)


@pytest.mark.slow
def test_a_model_trained_for_long_on_few_rows_repeats_them(digits: Dataset) -> None:
    from latentia.train import Plan, train

    few = replace(digits, train=Resident(digits.train.x[:100]))
    verdicts = []
    for epochs in (100, 3000):
        torch.manual_seed(0)
        vae_, objective = vae(digits.spec, latent_dim=4, hidden=(256, 256))
        model = DataModel(vae_, digits.spec)
        train(model, objective, few, Plan(epochs=epochs, batch_size=50, seed=0))
        verdicts.append(measure(model, Resident(digits.train.x[100:]), few.train).memorisation.verdict)
    assert not verdicts[0].startswith("Memorised")
    assert verdicts[1].startswith("Memorised")


# --- reconstruction, by hand ------------------------------------------------------------------------------------------


def errors_by_hand(spec: DataSpec) -> None:
    raw = torch.zeros(3, 1, 8, 8)
    back = torch.stack([torch.zeros(1, 8, 8), torch.full((1, 8, 8), 2.0), torch.full((1, 8, 8), 16.0)])
    found = row_errors(spec, back, raw)
    assert found.squared.tolist() == [0.0, 4.0, 256.0]
    assert found.psnr is not None
    assert found.psnr.tolist() == pytest.approx([math.inf, 10 * math.log10(256 / 4), 0.0])
    assert found.ms_ssim is not None
    assert found.ms_ssim.tolist() == pytest.approx([1.0, 1e-4 / ((2 / 16) ** 2 + 1e-4), 1e-4 / (1 + 1e-4)])


def test_errors_by_hand() -> None:
    errors_by_hand(LEVELS)
    with killed():  # decibels against another range
        errors_by_hand(replace(LEVELS, high=255.0))


def test_perfect_rows_are_counted_and_left_out_of_the_decibels(monkeypatch: pytest.MonkeyPatch) -> None:
    model = untrained(LEVELS)
    rows = torch.randint(0, 15, (20, 1, 8, 8), dtype=torch.uint8)
    monkeypatch.setattr(model, "reconstruct", lambda x: x.float())
    found = reconstruction_quality(model, Resident(rows))
    assert (found.mse, found.perfect, found.psnr) == (0.0, 1.0, None)
    assert found.ms_ssim == pytest.approx(1.0)
    shifts = torch.arange(20).view(-1, 1, 1, 1) % 3
    monkeypatch.setattr(model, "reconstruct", lambda x: x.float() + shifts)
    found = reconstruction_quality(model, Resident(rows))
    assert found.perfect == 7 / 20
    assert found.mse == pytest.approx((7 * 1 + 6 * 4) / 20)
    assert found.psnr == pytest.approx((7 * 10 * math.log10(256) + 6 * 10 * math.log10(64)) / 13)
    assert found.worst == (2, 5, 8, 11, 14, 17, 1, 4, 7, 10)


def test_tables_and_gaps_have_an_error_and_no_decibels() -> None:
    torch.manual_seed(0)
    table = reconstruction_quality(untrained(TABLE), Resident(Instance("vae", TABLE).batch(30)))
    assert table.psnr is None
    assert table.ms_ssim is None
    assert table.mse > 0
    rows = real_rows(0, 30)
    rows[3] = torch.nan
    gaps = reconstruction_quality(untrained(REAL_GAPS), Resident(rows))
    assert math.isfinite(gaps.mse)
    assert 3 not in gaps.worst
    with pytest.raises(DataError, match="no rows to reconstruct"):
        reconstruction_quality(untrained(REAL), Empty(rows))


class Empty(Resident):
    """A split without rows."""

    def __len__(self) -> int:
        return 0


def test_rows_are_chosen_at_random_and_never_twice() -> None:
    rows = torch.arange(50.0)[:, None]
    chosen = quality._rows(Resident(rows), 20, 0)
    assert len(chosen.unique()) == 20
    assert not torch.equal(chosen, rows[:20])
