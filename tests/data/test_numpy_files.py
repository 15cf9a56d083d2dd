"""`.npy` and `.npz`: what is saved comes back, splits and labels are recognised."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from latentia.data import load_data
from latentia.errors import DataError

RNG = np.random.default_rng(0)
POINTS = RNG.normal(size=(12, 3))
PICTURES = RNG.integers(0, 256, (12, 4, 5), dtype=np.uint8)


@pytest.mark.parametrize("x", [POINTS, PICTURES, POINTS.T.copy().T, POINTS.astype(">f4"), PICTURES.astype(np.int64)])
def test_a_saved_array_is_the_same_data_as_the_array(tmp_path: Path, x: Any) -> None:
    np.save(tmp_path / "x.npy", x)
    np.savez(tmp_path / "x.npz", x)
    np.savez_compressed(tmp_path / "y.npz", pixels=x)
    wanted = load_data(x).spec.digest
    sources = ("x.npy", "x.npz", "x.npz:arr_0", "y.npz", "y.npz:pixels")
    assert {load_data(str(tmp_path / source)).spec.digest for source in sources} == {wanted}


@pytest.mark.parametrize("version", [(1, 0), (2, 0)])
def test_both_versions_of_the_format_are_read(tmp_path: Path, version: tuple[int, int]) -> None:
    file = io.BytesIO()
    np.lib.format.write_array(file, POINTS, version=version)
    (tmp_path / "x.npy").write_bytes(file.getvalue())
    assert load_data(tmp_path / "x.npy").spec.digest == load_data(POINTS).spec.digest


def test_the_kind_is_seen_from_the_content_not_from_the_name(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", POINTS)
    (tmp_path / "x.npy").rename(tmp_path / "points.dat")
    spec = load_data(tmp_path / "points.dat").spec
    assert (spec.name, spec.source) == ("points", str(tmp_path / "points.dat"))


SPLIT_KEYS = [
    ("x_train", "y_train", "x_val", "y_val", "x_test", "y_test"),
    ("train", "train_labels", "valid", "valid_labels", "test", "test_labels"),
    ("X_train", "Y_train", "X_valid", "Y_valid", "X_test", "Y_test"),
    ("train_x", "train_y", "validation_x", "validation_y", "test_x", "test_y"),
    ("train_images", "train_labels", "val_images", "val_labels", "test_images", "test_labels"),
    ("images_train", "label_train", "images_val", "label_val", "images_test", "label_test"),
]


@pytest.mark.parametrize("keys", SPLIT_KEYS)
def test_splits_and_their_labels_are_recognised(tmp_path: Path, keys: tuple[str, ...]) -> None:
    values: tuple[Any, ...] = (
        PICTURES,
        np.arange(12) % 2,
        PICTURES[:3],
        np.ones(3, int),
        PICTURES[:2],
        np.zeros(2, int),
    )
    np.savez(tmp_path / "x.npz", **dict(zip(keys, values, strict=True)))
    data = load_data(tmp_path / "x.npz")
    assert data.spec.counts == {"train": 12, "validation": 3, "test": 2}
    assert torch.equal(data.test.x[:, 0], torch.from_numpy(PICTURES[:2]))
    assert data.validation.labels is not None
    assert data.validation.labels.tolist() == [1, 1, 1]


def test_missing_splits_are_held_out_of_train(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", x_train=POINTS, x_test=POINTS[:2])
    assert load_data(tmp_path / "x.npz").spec.counts == {"train": 11, "validation": 1, "test": 2}


@pytest.mark.parametrize("key", ["y", "Y", "labels", "label", "target", "targets"])
def test_labels_beside_a_single_array_are_kept(tmp_path: Path, key: str) -> None:
    arrays: dict[str, Any] = {"X": POINTS, key: np.arange(12) % 3}
    np.savez(tmp_path / "x.npz", **arrays)
    for source in (tmp_path / "x.npz", f"{tmp_path}/x.npz:X"):
        assert load_data(source).spec.classes == ("0", "1", "2")


def test_targets_that_are_no_classes_are_left_out_with_a_note(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", X=POINTS, y=POINTS[:, 0])
    data = load_data(tmp_path / "x.npz")
    assert data.spec.classes is None
    assert any("labels left out" in note for note in data.notes)


def test_several_arrays_are_listed_with_their_shapes(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", left=POINTS, right=PICTURES)
    with pytest.raises(DataError) as caught:
        load_data(tmp_path / "x.npz")
    assert "left (12, 3) float64, right (12, 4, 5) uint8" in str(caught.value)
    assert f"{tmp_path}/x.npz:left" in str(caught.value)
    assert load_data(f"{tmp_path}/x.npz:right").spec.shape == (1, 4, 5)
    with pytest.raises(DataError, match="has no array 'middle'; it has left"):
        load_data(f"{tmp_path}/x.npz:middle")


def test_objects_beside_the_array_are_no_obstacle_as_they_are_not_read(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", imgs=PICTURES, metadata=np.array([{"a": 1}], dtype=object))
    assert load_data(f"{tmp_path}/x.npz:imgs").spec.shape == (1, 4, 5)


def test_splits_of_different_shapes_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", train=POINTS, test=POINTS[:, :2])
    with pytest.raises(DataError, match=r"different shapes \(train \(12, 3\), test \(12, 2\)\)"):
        load_data(tmp_path / "x.npz")
