"""`load_data` and `load_rows`: splits, labels, options, and more data for a model that is there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from latentia.data import DataSpec, load_data, load_rows
from latentia.errors import ConfigurationError, DataError

RNG = np.random.default_rng(0)
POINTS = RNG.normal(size=(50, 3)).astype(np.float32)


def test_a_tenth_each_is_held_out_by_default_and_the_seed_decides() -> None:
    data = load_data(POINTS)
    assert data.spec.counts == {"train": 40, "validation": 5, "test": 5}
    everything = torch.cat([data.train.x, data.validation.x, data.test.x])
    assert sorted(everything.tolist()) == sorted(POINTS.tolist())
    assert load_data(POINTS, seed=0).spec.digest == data.spec.digest != load_data(POINTS, seed=1).spec.digest


def test_fractions_are_obeyed() -> None:
    assert load_data(POINTS, validation=0.2, test=0.3).spec.counts == {"train": 25, "validation": 10, "test": 15}


def test_a_given_test_split_is_kept_and_validation_comes_out_of_train() -> None:
    data = load_data(POINTS, test=POINTS[:7] + 1)
    assert data.spec.counts == {"train": 45, "validation": 5, "test": 7}
    assert torch.equal(data.test.x, torch.from_numpy(POINTS[:7] + 1))


def test_given_splits_are_kept_in_stored_order() -> None:
    data = load_data(POINTS, validation=POINTS[:4], test=torch.from_numpy(POINTS[4:6]))
    assert torch.equal(data.train.x, torch.from_numpy(POINTS))
    assert torch.equal(data.validation.x, torch.from_numpy(POINTS[:4]))
    assert torch.equal(data.test.x, torch.from_numpy(POINTS[4:6]))


def test_the_digest_covers_every_split_its_shape_and_its_place() -> None:
    a, b = POINTS[:4], POINTS[4:8]
    digests = [
        load_data(x, validation=y, test=z).spec.digest
        for x, y, z in ((a, a, b), (a, b, a), (b, a, a), (a, a, a[:3]), (a, a, b.astype(np.float64)))
    ]
    assert len(set(digests)) == 5
    assert load_data(a.copy(), validation=a, test=b).spec.digest == digests[0]


def test_statistics_are_those_of_the_training_split() -> None:
    data = load_data(POINTS, validation=POINTS[:4] + 100, test=POINTS[:4])
    assert data.spec.mean == pytest.approx(POINTS.mean(0, dtype=np.float64), rel=1e-12)
    assert data.spec.high == POINTS.max()


def test_labels_follow_their_rows() -> None:
    x = np.arange(60, dtype=np.float32)[:, None]
    data = load_data(x, labels=np.where(np.arange(60) % 3 == 0, "fizz", "-"))
    assert data.spec.classes == ("-", "fizz")
    for split in (data.train, data.validation, data.test):
        assert split.labels is not None
        assert torch.equal(split.labels, (split.x[:, 0] % 3 == 0).long())


def test_labels_come_with_given_splits() -> None:
    data = load_data(POINTS, labels=np.zeros(50, int), test=(POINTS[:3], torch.tensor([5, 5, 0])))
    assert data.spec.classes == ("0", "5")
    assert data.test.labels is not None
    assert data.test.labels.tolist() == [1, 1, 0]


def test_the_digits_are_there_without_any_file() -> None:
    data = load_data("digits")
    spec = data.spec
    assert (spec.name, spec.kind, spec.shape, spec.dtype) == ("digits", "image", (1, 8, 8), "uint8")
    assert (spec.support, spec.levels, spec.unit, spec.low, spec.high) == ("levels", 17, 16.0, 0.0, 16.0)
    assert spec.classes == tuple("0123456789")
    assert sum(spec.counts.values()) == 1797
    assert spec.digest == load_data("digits").spec.digest
    assert DataSpec.from_json(spec.to_json()) == spec


def test_the_digits_are_those_of_scikit_learn() -> None:
    from latentia.data.digits import _table, table_of_sklearn

    assert np.array_equal(_table(), table_of_sklearn())


def test_a_folder_named_like_a_data_set_is_reached_by_its_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("digits").mkdir()
    assert load_data("digits").spec.levels == 17
    with pytest.raises(DataError, match="has no images in it"):
        load_data("./digits")
    with pytest.raises(DataError, match="has no images in it"):
        load_data(Path("digits"))


def test_pictures_in_an_array_are_resized_as_those_in_a_folder_are(tmp_path: Path) -> None:
    from PIL import Image

    pictures = RNG.integers(0, 256, (5, 9, 7, 3), dtype=np.uint8)
    for i, picture in enumerate(pictures):
        Image.fromarray(picture).save(tmp_path / f"{i}.png")
    in_array = load_data(pictures, resize=4)
    assert in_array.spec.shape == (3, 4, 4)
    assert in_array.spec.digest == load_data(tmp_path, resize=4).spec.digest


def test_resized_reals_stay_within_their_range() -> None:
    x = np.zeros((4, 8, 8))
    x[:, 3:5, 3:5] = 1.0
    x[:, 0, 0] = 0.5
    assert load_data(x, resize=5).spec.support == "unit"
    assert load_data(x, resize=8).spec.dtype == "float64"


def test_a_data_set_is_returned_as_it_is() -> None:
    data = load_data(POINTS)
    assert load_data(data) is data
    with pytest.raises(ConfigurationError, match="loaded already"):
        load_data(data, test=0.2)


def test_a_data_set_moves_whole() -> None:
    moved = load_data(POINTS).to("meta")
    assert {moved.split(name).device.type for name in ("train", "validation", "test")} == {"meta"}


def test_column_names_are_kept() -> None:
    class Frame:
        columns = ("age", "height")

        def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
            return POINTS[:, :2]

    assert load_data(Frame()).spec.names == ("age", "height")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"validation": 1.5}, "validation fraction 1.5"),
        ({"validation": 0.6, "test": 0.4}, "leave no rows"),
        ({"resize": 4}, "resize is for pictures"),
        ({"resize": 0}, "resize 0 is not possible"),
        ({"workers": -1}, "workers -1 is not possible"),
    ],
)
def test_options_that_cannot_work_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        load_data(POINTS, **options)


def test_a_fraction_of_a_split_that_is_there_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "both.npz", x_train=POINTS, x_test=POINTS[:5])
    with pytest.raises(ConfigurationError, match=r"comes with its own test split \(5 rows\); leave test out"):
        load_data(tmp_path / "both.npz", test=0.2)
    with pytest.raises(ConfigurationError, match=r"comes with its own test split; leave test out"):
        load_data(tmp_path / "both.npz", test=POINTS)
    with pytest.raises(ConfigurationError, match="comes in several splits"):
        load_data(tmp_path / "both.npz", labels=np.zeros(50))


def test_rows_for_a_model_come_undivided_in_the_dtype_of_its_data() -> None:
    spec = load_data(RNG.integers(0, 256, (20, 4, 5), dtype=np.uint8)).spec
    more = RNG.integers(0, 256, (7, 4, 5))
    rows = load_rows(more, spec)
    assert rows.x.dtype == torch.uint8
    assert torch.equal(rows.x[:, 0], torch.from_numpy(more).byte())
    assert torch.equal(load_rows(more.reshape(7, 20), spec).x, rows.x)
    assert torch.equal(load_rows(more.reshape(7, 20).astype(float), spec).x, rows.x)
    assert len(load_rows(more[:1], spec)) == 1


def test_rows_of_another_kind_are_refused() -> None:
    spec = load_data(RNG.integers(0, 256, (20, 4, 5), dtype=np.uint8)).spec
    with pytest.raises(DataError, match=r"rows of shape \(1, 4, 6\), but 'array' has rows of shape \(1, 4, 5\)"):
        load_rows(np.zeros((2, 4, 6), np.uint8), spec)
    with pytest.raises(DataError, match=r"has values from 0\.25 to 0.25, but 'array' has whole numbers from 0 to 255"):
        load_rows(np.full((2, 4, 5), 0.25), spec)
    with pytest.raises(DataError, match="row 1, column 2"):
        load_rows(np.array([[0, 0, 0], [0, 0, np.nan]]), load_data(POINTS).spec)


def test_rows_of_one_split_or_of_all(tmp_path: Path) -> None:
    np.savez(tmp_path / "both.npz", x_train=POINTS, x_test=POINTS[:5] + 1)
    spec = load_data(tmp_path / "both.npz").spec
    assert len(load_rows(tmp_path / "both.npz", spec)) == 55
    assert torch.equal(load_rows(tmp_path / "both.npz", spec, split="test").x, torch.from_numpy(POINTS[:5] + 1))
    with pytest.raises(DataError, match="has no validation split; it has train, test"):
        load_rows(tmp_path / "both.npz", spec, split="validation")


def test_rows_of_the_digits_keep_their_labels() -> None:
    rows = load_rows("digits", load_data("digits").spec)
    assert len(rows) == 1797
    assert rows.labels is not None


def test_labels_of_more_rows_are_in_the_codes_of_the_model(tmp_path: Path) -> None:
    spec = load_data(POINTS, labels=np.arange(50) % 3).spec
    np.savez(tmp_path / "more.npz", X=POINTS[:4], y=np.array([2, 1, 2, 1]))
    labels = load_rows(tmp_path / "more.npz", spec).labels
    assert labels is not None
    assert labels.tolist() == [2, 1, 2, 1]
    np.savez(tmp_path / "more.npz", X=POINTS[:4], y=np.array([7, 1, 2, 1]))
    assert load_rows(tmp_path / "more.npz", spec).labels is None


def test_splits_given_to_a_data_set_with_classes() -> None:
    x = np.zeros((2, 8, 8), np.uint8)
    data = load_data("digits", test=(x, [3, 9]))
    assert data.test.labels is not None
    assert data.test.labels.tolist() == [3, 9]
    for bad in (["3", "9"], [3, 10], [0.5, 1.0]):
        with pytest.raises(DataError):
            load_data("digits", test=(x, bad))


def test_memory_that_runs_out_is_said_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> Any:
        raise MemoryError

    monkeypatch.setattr("latentia.data.load.assemble", fail)
    with pytest.raises(DataError, match="the array does not fit into memory"):
        load_data(POINTS)
