"""IDX files: every type, plain and gzipped, alone and in MNIST's layout."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from latentia.data import load_data
from latentia.data.idx import read_idx
from tests.data.idx_files import CODES, write_idx, write_mnist_like

PICTURES = np.random.default_rng(0).integers(0, 100, (9, 4, 5), dtype=np.uint8)


@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize("dtype", CODES)
def test_every_type_comes_back(tmp_path: Path, dtype: str, suffix: str) -> None:
    x = PICTURES.astype(dtype)
    found = read_idx(write_idx(tmp_path / f"x{suffix}", x))
    assert found.dtype == x.dtype
    assert np.array_equal(found, x)
    assert load_data(tmp_path / f"x{suffix}").spec.digest == load_data(PICTURES).spec.digest


@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize("dotted", [False, True])
def test_a_folder_of_mnists_layout(tmp_path: Path, suffix: str, dotted: bool) -> None:
    write_mnist_like(tmp_path, suffix=suffix)
    if dotted:
        for path in list(tmp_path.iterdir()):
            path.rename(tmp_path / path.name.replace("-idx", ".idx"))
    data = load_data(tmp_path)
    assert data.spec.name == tmp_path.name
    assert data.spec.counts == {"train": 18, "validation": 2, "test": 10}
    assert data.spec.classes == tuple("0123456789")


def test_labels_beside_a_single_file_are_found(tmp_path: Path) -> None:
    write_mnist_like(tmp_path)
    data = load_data(tmp_path / "t10k-images-idx3-ubyte.gz")
    assert data.spec.counts == {"train": 8, "validation": 1, "test": 1}
    assert data.spec.classes == tuple("0123456789")
    (tmp_path / "t10k-labels-idx1-ubyte.gz").unlink()
    assert load_data(tmp_path / "t10k-images-idx3-ubyte.gz").spec.classes is None


def test_a_folder_without_test_files_is_divided(tmp_path: Path) -> None:
    write_mnist_like(tmp_path)
    for path in tmp_path.glob("t10k*"):
        path.unlink()
    assert load_data(tmp_path).spec.counts == {"train": 16, "validation": 2, "test": 2}
