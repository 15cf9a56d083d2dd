"""Models measured against the factors of their rows, and how the factors get there."""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch

from latentia import load_data
from latentia.data import Resident
from latentia.data_model import DataModel
from latentia.errors import ConfigurationError, DataError
from latentia.evaluation.disentanglement import METRICS, Factors, measure, measure_codes
from latentia.evaluation.disentanglement.homes import Home, chance_told, verdict_of
from latentia.recipes import vae
from tests.evaluation.disentanglement.grids import grid
from tests.ledger import LEVELS

NAMES = ["shape", "x", "y"]
FACTORS = Factors.of(grid(3, 4, 5, times=4), NAMES, ["shape"])
RNG = np.random.default_rng(0)
NEAR = FACTORS.values + 0.01 * RNG.normal(size=FACTORS.values.shape)


@cache
def model() -> DataModel:
    torch.manual_seed(0)
    return DataModel(vae(LEVELS, latent_dim=3, hidden=(8,))[0], LEVELS)


X = torch.from_numpy(RNG.integers(17, size=(240, 1, 8, 8)).astype(np.uint8))


def test_a_model_is_measured_by_its_posterior_means() -> None:
    found = measure(model(), Resident(X), FACTORS, seed=3)
    assert found == measure_codes(model().encode(X), FACTORS, seed=3)
    assert found.num_examples == 240
    assert found.latent_dim == 3
    again = json.loads(json.dumps(found.to_dict()))
    assert again["scores"] == found.scores
    assert [home["factor"] for home in again["homes"]] == NAMES
    assert list(found.scores) == [
        "mig", "sap", "dci_disentanglement", "dci_completeness", "dci_informativeness", "modularity", "explicitness",
        "irs", "beta_vae", "factor_vae",
    ]  # fmt: skip
    assert list(found.chance) == list(found.scores)


def test_codes_that_are_the_factors_and_codes_dealt_to_other_rows() -> None:
    found = measure_codes(NEAR, FACTORS)
    for name, score in found.scores.items():
        # Middle values are no end of a line; and a code that knows nothing of a shape is right a third of the time.
        assert score > {"explicitness": 0.7, "sap": 0.85}.get(name, 0.95), name
    for name in ("mig", "sap"):
        assert found.chance[name] < 0.05
    assert found.chance["factor_vae"] == pytest.approx(1 / 3, abs=0.25)
    assert found.verdict.startswith("3 of 3 factors sit each in a dimension of its own: shape in z[0] (100% told), ")
    lost = measure_codes(RNG.normal(size=(240, 4)), FACTORS, metrics=["mig"])
    assert lost.verdict.startswith(
        "No factor sits in a dimension of its own. No dimension tells more of shape, x and y"
    )


def test_labels_are_a_single_factor() -> None:
    labels = torch.from_numpy(FACTORS.values[:, 0])
    found = measure(model(), Resident(X, labels))
    assert list(found.scores) == ["mig", "sap", "explicitness"]
    assert found.homes[0].factor == "class"
    assert found.scores == measure(model(), Resident(X), Factors.of(labels, ["class"], ["class"])).scores
    with pytest.raises(DataError, match="only one"):
        measure(model(), Resident(X, labels), metrics=["irs"])


def test_refusals() -> None:
    with pytest.raises(DataError, match="these rows have none; give factors"):
        measure(model(), Resident(X))
    with pytest.raises(DataError, match="factors of 240 rows, but 100 rows"):
        measure(model(), Resident(X[:100]), FACTORS)
    with pytest.raises(ConfigurationError, match="'fid' is unknown; one of mig, "):
        measure(model(), Resident(X), FACTORS, metrics=["fid"])
    with pytest.raises(DataError, match="between two codes"):
        measure_codes(NEAR[:, :1], FACTORS)


def test_verdicts() -> None:
    alone, shared = Home("x", 3, 0.9, 0.05, 0.01), Home("y", 3, 0.8, 0.02, 0.01)
    assert "But x and y share a dimension" in verdict_of([alone, shared])
    assert "share" not in verdict_of([alone])
    spread = verdict_of([Home("x", 1, 0.9, 0.4, 0.01), Home("y", 2, 0.3, 0.1, 0.01)])
    assert "Several dimensions tell of x: " in spread
    assert "No dimension alone tells half of y." in spread
    assert "beta_tc" in spread


def test_what_chance_is_seen_to_tell() -> None:
    """The bias of plug-in information, to first order: the mean over many independent codes, by z."""
    factors = Factors.of(RNG.integers(4, size=(500, 2)))
    codes = RNG.integers(6, size=(500, 400)).astype(float)
    told = np.array([measure_codes(codes[:, i : i + 2], factors, metrics=[]).homes[0].told for i in range(0, 400, 2)])
    expected = chance_told(np.array([6]), np.array([4]), 500, np.array([np.log(4)]))[0]
    # Of the two codes the better one is seen, so the mean lies above that of one code, and below twice of it.
    assert expected < told.mean() < 2 * expected


def test_factors_follow_the_rows_of_a_split(tmp_path: Path) -> None:
    values = np.stack([np.zeros(240, dtype=np.int64), np.arange(240), np.arange(240) % 7], axis=1)
    np.savez(tmp_path / "data.npz", x=values.astype(np.float64), factors=values)
    factors = Factors.read(tmp_path / "data.npz", "factors", ["colour", "row", "week"], ["week"])
    assert factors.names == ("row", "week")
    assert factors.categorical == (False, True)
    for seed, options in ((0, {}), (3, {"test": 0.25})):
        data = load_data(f"{tmp_path / 'data.npz'}:x", seed=seed, **options)  # type: ignore[arg-type] # floats alone
        for name in ("train", "validation", "test"):
            rows = factors.split(name, seed=seed, **options)
            np.testing.assert_array_equal(rows.values, data.split(name).x[:, 1:].long().numpy())


@pytest.mark.parametrize(
    ("given", "names", "categorical", "fault"),
    [
        ([[0.5]], None, (), "no whole numbers"),
        ([[0, 1]], ["a"], (), "1 names for 2 factors"),
        ([[0, 1]], ["a", "b"], ["c"], "no factor is called 'c'; there are a, b"),
        (np.zeros((2, 2, 2)), None, (), "shape"),
    ],
)
def test_bad_factors(given: object, names: list[str] | None, categorical: list[str], fault: str) -> None:
    with pytest.raises(DataError, match=fault):
        Factors.of(given, names, categorical)
    with pytest.raises(DataError, match="no factor has more than one value"):
        Factors.of([[1], [1]]).varying()


@pytest.mark.skipif("LATENTIA_DATA" not in os.environ, reason="LATENTIA_DATA is not set")
def test_the_factors_of_dsprites() -> None:
    from benchmarks.datasets import dsprites_factors

    factors = dsprites_factors()
    assert factors.names == ("shape", "scale", "orientation", "x", "y")
    assert (factors.values.max(0) + 1).tolist() == [3, 6, 40, 32, 32]
    assert len(factors.values) == 20_000
    found = measure_codes(factors.values, factors, metrics=[name for name in METRICS if name != "dci"])
    assert {name: round(found.scores[name], 3) for name in ("sap", "modularity", "irs", "beta_vae", "factor_vae")} == {
        "sap": pytest.approx(1 - 1 / 3 / 5, abs=0.01),  # any code is right on a third of the shapes
        "modularity": pytest.approx(1, abs=0.01),
        "irs": 1,
        "beta_vae": 1,
        "factor_vae": 1,
    }
