"""Data in files: pictures keep their pixels, tables their names, and 8-bit data stay 8-bit data."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from latentia.errors import CompatibilityError, ConfigurationError
from latentia.operate import as_pixels, check_data_path, image_grid, write_data, write_grid
from tests.ledger import BINARY, LEVELS, PIXELS, REAL
from tests.operate.models import COLOUR, FLAT, TABLE, rows_of


def test_eight_bit_pictures_come_back_from_a_folder(tmp_path: Path) -> None:
    x = rows_of(COLOUR, 12)
    folder = write_data(tmp_path / "pictures", x.float(), PIXELS)
    files = sorted(folder.iterdir())
    assert [file.name for file in files] == [f"{i:02d}.png" for i in range(12)]
    for file, each in zip(files, x, strict=True):
        with Image.open(file) as image:
            assert np.array_equal(np.asarray(image), each.permute(1, 2, 0).numpy())


def test_a_grid_holds_every_picture(tmp_path: Path) -> None:
    spec = replace(PIXELS, shape=(3, 24, 24))
    x = torch.randint(0, 256, (5, *spec.shape), generator=torch.Generator().manual_seed(0)).float()
    with Image.open(write_data(tmp_path / "x.png", x, spec)) as image:
        pixels = np.asarray(image)
    assert pixels.shape == (24 * 2 + 2, 24 * 3 + 4, 3)
    assert np.array_equal(pixels[26:, 26:50], as_pixels(x, spec)[4])
    assert (pixels[26:, 52:] == 255).all()


def test_tiny_pictures_are_magnified_by_whole_pixels(tmp_path: Path) -> None:
    x = rows_of(FLAT, 1)
    with Image.open(write_data(tmp_path / "x.png", x, LEVELS)) as image:
        pixels = np.asarray(image)
    assert pixels.shape == (48, 48)
    assert np.array_equal(pixels[::6, ::6], as_pixels(x, LEVELS)[0, :, :, 0])


def test_pixels_of_every_support() -> None:
    assert as_pixels(torch.tensor([0.0, 1.0]).view(2, 1, 1, 1), BINARY).flatten().tolist() == [0, 255]
    assert as_pixels(torch.tensor([0.0, 8.0, 16.0]).view(3, 1, 1, 1), LEVELS).flatten().tolist() == [0, 128, 255]
    real = replace(LEVELS, support="real", levels=None, dtype="float32", unit=1.0, low=-2.0, high=2.0)
    outside = torch.tensor([-9.0, -2.0, 0.0, 2.0, 9.0]).view(5, 1, 1, 1)
    assert as_pixels(outside, real).flatten().tolist() == [0, 0, 128, 255, 255]
    constant = replace(real, high=-2.0)
    assert as_pixels(outside, constant).shape == (5, 1, 1, 1)


def test_gaps_lie_between_pictures_only() -> None:
    pixels = np.zeros((2, 2, 1, 1, 1), np.uint8)
    assert image_grid(pixels, gap=1)[:, :, 0].tolist() == [[0, 255, 0], [255, 255, 255], [0, 255, 0]]
    assert image_grid(pixels, gap=0).shape == (2, 2, 1)


@pytest.mark.parametrize("suffix", [".npy", ".npz"])
def test_arrays_keep_their_values(tmp_path: Path, suffix: str) -> None:
    def load(path: Path) -> np.ndarray[tuple[int, ...], np.dtype[np.generic]]:
        loaded = np.load(path)
        return np.asarray(loaded if suffix == ".npy" else loaded["x"])

    whole = write_data(tmp_path / f"whole{suffix}", rows_of(FLAT).float(), LEVELS)
    assert load(whole).dtype == np.uint8
    assert np.array_equal(load(whole), rows_of(FLAT).numpy())
    between = write_data(tmp_path / f"mean{suffix}", rows_of(FLAT) + 0.5, LEVELS)
    assert load(between).dtype == np.float32
    assert np.array_equal(load(write_data(tmp_path / f"t{suffix}", rows_of(TABLE), REAL)), rows_of(TABLE).numpy())


def test_tables_have_names(tmp_path: Path) -> None:
    lines = write_data(tmp_path / "x.csv", rows_of(TABLE, 2), REAL).read_text().splitlines()
    assert lines[0] == ",".join(f"x[{i}]" for i in range(7))
    named = replace(REAL, names=('a "quoted", name', *"bcdefg"))
    text = write_data(tmp_path / "y.csv", rows_of(TABLE, 2), named).read_text()
    assert text.startswith('"a ""quoted"", name",b,')
    assert np.array_equal(
        np.array([line.split(",") for line in lines[1:]], dtype=np.float32), rows_of(TABLE, 2).numpy()
    )


def test_a_grid_of_rows_says_where_each_stands(tmp_path: Path) -> None:
    x = torch.arange(2 * 3 * 7, dtype=torch.float32).reshape(2, 3, 7)
    lines = write_grid(tmp_path / "x.csv", x, REAL).read_text().splitlines()
    assert lines[0].startswith("row,step,x[0],")
    assert [line.split(",")[:3] for line in lines[1:]] == [
        [f"{r}.0", f"{s}.0", f"{float(21 * r + 7 * s)}"] for r in range(2) for s in range(3)
    ]
    assert np.array_equal(np.load(write_grid(tmp_path / "x.npy", x, REAL)), x.numpy())


def test_a_grid_of_pictures_has_its_rows(tmp_path: Path) -> None:
    x = torch.zeros(2, 5, *LEVELS.shape)
    with Image.open(write_grid(tmp_path / "x.png", x, LEVELS)) as image:
        assert image.size == (5 * 48 + 4 * 2, 2 * 48 + 2)


def test_what_does_not_fit_is_refused_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"\.png.*\.npy, \.npz, \.csv, \.parquet"):
        check_data_path(tmp_path / "x.png", REAL)
    with pytest.raises(ConfigurationError, match=r"\.csv.*\.npy, \.npz, \.png"):
        check_data_path(tmp_path / "x.csv", LEVELS)
    with pytest.raises(ConfigurationError, match="no suffix"):
        check_data_path(tmp_path / "folder", REAL)
    with pytest.raises(CompatibilityError, match="no pictures of 1 or 3 channels"):
        as_pixels(torch.zeros(1, 2, 4, 4), replace(LEVELS, shape=(2, 4, 4), mean=(0.0, 0.0), std=(1.0, 1.0)))


def test_a_folder_with_files_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "0.png").write_text("mine")
    with pytest.raises(ConfigurationError, match="not an empty folder"):
        write_data(tmp_path, rows_of(FLAT), LEVELS)
    assert (tmp_path / "0.png").read_text() == "mine"
