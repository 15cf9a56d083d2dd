"""Labels: codes and names of classes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from latentia.data import load_data
from latentia.data.labels import MAX_CLASSES, encode_labels
from latentia.errors import DataError


@pytest.mark.parametrize(
    ("labels", "codes", "classes"),
    [
        (np.array([3, 1, 3]), [1, 0, 1], ("1", "3")),
        (np.array([3.0, 1.0, 3.0]), [1, 0, 1], ("1", "3")),
        (np.array([True, False, True]), [1, 0, 1], ("False", "True")),
        (np.array(["b", "a", "b"]), [1, 0, 1], ("a", "b")),
        (np.array(["b", "a", "b"], object), [1, 0, 1], ("a", "b")),
        (np.array([b"b", b"\xff", b"b"]), [1, 0, 1], ("\\xff", "b")),  # in the order of the text
        (np.array([[2], [1], [2]]), [1, 0, 1], ("1", "2")),
        (torch.tensor([2, 1, 2]), [1, 0, 1], ("1", "2")),
        ([2, 1, 2], [1, 0, 1], ("1", "2")),
        (np.array([2, 1, 2], ">i2"), [1, 0, 1], ("1", "2")),
    ],
)
def test_labels_of_any_kind_become_codes(labels: Any, codes: list[int], classes: tuple[str, ...]) -> None:
    found, names = encode_labels({"train": labels})
    assert found["train"].dtype == np.int64
    assert (found["train"].tolist(), names) == (codes, classes)


def test_classes_are_those_of_all_splits_together() -> None:
    codes, classes = encode_labels({"train": np.array([1, 1]), "test": np.array([0, 2])})
    assert (codes["train"].tolist(), codes["test"].tolist(), classes) == ([1, 1], [0, 2], ("0", "1", "2"))


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.array([0.5, 1.0, 2.0]), "name no classes"),
        (np.array([np.nan, 1.0, 2.0]), "name no classes"),
        (np.zeros((3, 2)), r"shape \(3, 2\)"),
        (np.array([1j, 0, 0]), "name no classes"),
        (np.array([None, 1, 2]), "name no classes"),
        ([[1], [2, 3], [4]], "are no array"),
        (np.zeros(2, int), "2 labels for 3 rows"),
    ],
)
def test_labels_that_are_none_are_refused(labels: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        load_data(np.eye(3), labels=labels)


def test_too_many_classes_are_none() -> None:
    with pytest.raises(DataError, match="are no classes"):
        encode_labels({"train": np.arange(MAX_CLASSES + 1)})


def test_splits_must_agree_on_the_kind_of_label() -> None:
    with pytest.raises(DataError, match="text in one split and numbers in another"):
        encode_labels({"train": np.array(["a"]), "test": np.array([1])})
