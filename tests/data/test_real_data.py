"""Real data, where they are there: their known sizes, checksums and statistics."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch

from latentia.data import load_data
from latentia.data.inspect import inspect
from latentia.errors import DataError

DATA = os.environ.get("LATENTIA_DATA")
pytestmark = pytest.mark.skipif(DATA is None, reason="LATENTIA_DATA is not set")
FOLDER = Path(DATA or "")


def test_mnist() -> None:
    data = load_data("mnist")
    assert data.spec.counts == {"train": 54_000, "validation": 6_000, "test": 10_000}
    assert (data.spec.shape, data.spec.support, data.spec.levels) == ((1, 28, 28), "levels", 256)
    labels = [split.labels for split in (data.train, data.validation) if split.labels is not None]
    published = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert torch.bincount(torch.cat(labels)).tolist() == published
    pixels = torch.cat([data.train.x, data.validation.x]).float() / 255
    assert pixels.mean().item() == pytest.approx(0.1307, abs=5e-5)
    assert pixels.std().item() == pytest.approx(0.3081, abs=5e-5)


def test_fashion_mnist() -> None:
    data = load_data("fashion-mnist")
    assert data.spec.counts["test"] == 10_000
    assert data.spec.classes is not None
    assert data.spec.classes[9] == "Ankle boot"
    assert data.test.labels is not None
    assert torch.bincount(data.test.labels).tolist() == [1000] * 10
    assert load_data("fashion_mnist").spec == data.spec


def test_clothing() -> None:
    data = load_data(FOLDER / "clothing64")
    assert data.spec.counts == {"train": 3068, "validation": 341, "test": 372}
    assert (data.spec.shape, data.spec.dtype) == ((3, 64, 64), "uint8")
    assert data.spec.classes is not None
    assert len(data.spec.classes) == 10
    assert data.skipped == ()


def test_frey_face() -> None:
    data = load_data(FOLDER / "frey_face" / "frey_face.npz")
    assert (data.spec.name, data.spec.shape, data.spec.support) == ("frey_face", (1, 28, 20), "levels")
    assert sum(data.spec.counts.values()) == 1965


def test_dsprites_asks_which_array() -> None:
    path = FOLDER / "dsprites" / "dsprites_random_20000.npz"
    with pytest.raises(DataError, match=r"4 arrays to choose from \(imgs \(20000, 64, 64\) uint8"):
        load_data(path)
    found = inspect(f"{path}:imgs")
    assert (found.support, found.likelihood, found.shape) == ("binary", "bernoulli", (1, 64, 64))


def test_tables_with_labels() -> None:
    data = load_data(FOLDER / "anomaly" / "cardio.npz")
    assert (data.spec.shape, data.spec.support, data.spec.classes) == ((21,), "real", ("0", "1"))
