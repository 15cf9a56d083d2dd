"""Folders of images: classes, splits, modes, orientation, transparency, size; the same with any number of threads."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from latentia.data import load_data, load_rows
from latentia.data.image_file import central_square, read_header, read_pixels
from latentia.errors import DataError

RNG = np.random.default_rng(0)


def picture(size: tuple[int, int] = (5, 4), channels: int = 3) -> Any:
    """Random pixels `[H, W, C]`, or `[H, W]` for one channel; `size` is (W, H)."""
    shape = (size[1], size[0], channels) if channels > 1 else (size[1], size[0])
    return RNG.integers(0, 256, shape, dtype=np.uint8)


def save(path: Path, pixels: Any, **options: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, **options)
    return path


def fill(folder: Path, count: int, **options: Any) -> list[Any]:
    pictures = [picture(**options) for _ in range(count)]
    for i, pixels in enumerate(pictures):
        save(folder / f"{i:03}.png", pixels)
    return pictures


def everything(source: Path, **options: Any) -> torch.Tensor:
    return load_rows(source, load_data(source, **options).spec, **options).x


def test_a_flat_folder_in_the_order_of_names(tmp_path: Path) -> None:
    pictures = fill(tmp_path, 6)
    data = load_data(tmp_path)
    assert (data.spec.kind, data.spec.shape, data.spec.dtype) == ("image", (3, 4, 5), "uint8")
    assert (data.spec.support, data.spec.levels, data.spec.classes) == ("levels", 256, None)
    assert data.spec.name == tmp_path.name
    assert torch.equal(everything(tmp_path), torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2))
    assert data.notes == data.skipped == ()


def test_grey_pictures_have_one_channel_and_one_coloured_one_makes_all_rgb(tmp_path: Path) -> None:
    grey = fill(tmp_path, 4, channels=1)
    assert everything(tmp_path).shape == (4, 1, 4, 5)
    save(tmp_path / "colour.png", picture())
    assert torch.equal(everything(tmp_path)[0], torch.from_numpy(grey[0]).expand(3, 4, 5))
    spec = load_data(tmp_path).spec
    (tmp_path / "colour.png").unlink()
    assert load_rows(tmp_path, spec).x.shape == (4, 3, 4, 5)  # a model of RGB pictures reads grey ones


def test_folders_name_classes(tmp_path: Path) -> None:
    for name in ("dog", "cat"):
        fill(tmp_path / name / "deeper", 5)
    data = load_data(tmp_path)
    assert data.spec.classes == ("cat", "dog")
    labels = load_rows(tmp_path, data.spec).labels
    assert labels is not None
    assert labels.tolist() == [0] * 5 + [1] * 5


def test_one_folder_or_stray_pictures_make_no_classes(tmp_path: Path) -> None:
    fill(tmp_path / "all", 5)
    assert load_data(tmp_path).spec.classes is None
    fill(tmp_path / "more", 5)
    assert load_data(tmp_path).spec.classes == ("all", "more")
    save(tmp_path / "stray.png", picture())
    assert load_data(tmp_path).spec.classes is None


@pytest.mark.parametrize("validation", ["val", "valid", "validation", "Validation"])
def test_folders_name_splits_and_classes_below_them(tmp_path: Path, validation: str) -> None:
    for split, count in (("train", 4), (validation, 2), ("test", 3)):
        for name in ("a", "b"):
            fill(tmp_path / split / name, count)
    save(tmp_path / "aside" / "x.png", picture((9, 9)))
    (tmp_path / "LICENSE").write_text("free")
    data = load_data(tmp_path)
    assert data.spec.counts == {"train": 8, "validation": 4, "test": 6}
    assert data.spec.classes == ("a", "b")
    assert data.validation.labels is not None
    assert data.validation.labels.tolist() == [0, 0, 1, 1]
    assert data.notes == ("beside the splits, left out: LICENSE, aside",)


def test_a_folder_called_test_alone_is_a_class(tmp_path: Path) -> None:
    fill(tmp_path / "test", 3)
    fill(tmp_path / "other", 3)
    assert load_data(tmp_path).spec.classes == ("other", "test")


def test_the_number_of_threads_does_not_matter(tmp_path: Path) -> None:
    fill(tmp_path / "a", 40, size=(9, 7))
    fill(tmp_path / "b", 40, size=(9, 7))
    one, two, many = (load_data(tmp_path, workers=workers, resize=6) for workers in (1, 2, 7))
    assert one.spec == two.spec == many.spec
    for split in ("train", "validation", "test"):
        assert torch.equal(one.split(split).x, two.split(split).x)
        assert torch.equal(one.split(split).x, many.split(split).x)


@pytest.mark.parametrize("turn", range(1, 9))
@pytest.mark.parametrize("kind", ["png", "tiff", "webp"])
def test_every_exif_orientation_is_turned_upright(tmp_path: Path, turn: int, kind: str) -> None:
    upright = picture((6, 4))
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: np.rot90(upright, 1),
        7: upright[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(upright, -1),
    }[turn]
    exif = Image.Exif()
    exif[0x0112] = turn
    options = {"lossless": True} if kind == "webp" else {}
    path = save(tmp_path / f"x.{kind}", np.ascontiguousarray(stored), exif=exif, **options)
    assert read_header(path).size == (6, 4)
    assert np.array_equal(read_pixels(path, channels=3).transpose(1, 2, 0), upright)


def test_a_jpeg_is_turned_and_noted(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    for i in range(5):
        save(tmp_path / f"{i}.jpg", picture((40, 80)), exif=exif)
    data = load_data(tmp_path)
    assert data.spec.shape == (3, 40, 80)
    assert data.notes == ("5 of 5 images were turned upright by their EXIF tag",)


def test_sixteen_bits_are_scaled_not_clipped(tmp_path: Path) -> None:
    values = np.array([[0, 128, 129, 257, 32768, 65535]], np.uint16)
    for kind in ("png", "tiff"):
        path = save(tmp_path / f"x.{kind}", values)
        assert read_header(path).deep
        assert read_pixels(path, channels=1).tolist() == [[[0, 0, 1, 1, 128, 255]]]
    path = save(tmp_path / "i.tiff", values.astype(np.int32))
    assert read_pixels(path, channels=1).tolist() == [[[0, 0, 1, 1, 128, 255]]]
    path = save(tmp_path / "big.tiff", values.astype(np.int32) * 2)
    with pytest.raises(DataError, match=r"whole numbers from 0 to 131070, outside 0\.\.65535"):
        read_pixels(path, channels=1)


def test_real_pixels(tmp_path: Path) -> None:
    path = save(tmp_path / "unit.tiff", np.array([[0.0, 0.5, 1.0]], np.float32))
    assert read_pixels(path, channels=1).tolist() == [[[0, 128, 255]]]
    path = save(tmp_path / "bytes.tiff", np.array([[0.0, 7.4, 255.0]], np.float32))
    assert read_pixels(path, channels=1).tolist() == [[[0, 7, 255]]]
    for bad in (-1.0, 256.0, np.nan):
        path = save(tmp_path / "bad.tiff", np.array([[0.0, bad]], np.float32))
        with pytest.raises(DataError, match=r"real numbers outside 0\.\.255"):
            read_pixels(path, channels=1)


def test_one_bit_pictures_are_binary(tmp_path: Path) -> None:
    for i in range(6):
        Image.fromarray(RNG.random((4, 5)) > 0.5).save(tmp_path / f"{i}.png")
    data = load_data(tmp_path)
    assert (data.spec.shape, data.spec.support, data.spec.unit) == ((1, 4, 5), "binary", 255.0)


def test_transparency_is_composited_on_white(tmp_path: Path) -> None:
    rgba = np.array([[[255, 0, 0, 0], [255, 0, 0, 255], [0, 0, 0, 51]]], np.uint8)
    path = save(tmp_path / "x.png", rgba)
    assert read_header(path).alpha
    assert read_pixels(path, channels=3).transpose(1, 2, 0).tolist() == [[[255] * 3, [255, 0, 0], [204] * 3]]
    Image.fromarray(rgba[..., [0, 3]]).save(tmp_path / "la.png")  # grey with alpha
    assert read_header(tmp_path / "la.png").grey
    assert read_pixels(tmp_path / "la.png", channels=1).tolist() == [[[255, 255, 204]]]


@pytest.mark.parametrize("mode", ["P", "L", "RGB"])
def test_a_transparent_colour_is_composited_too(tmp_path: Path, mode: str) -> None:
    image = Image.new(mode, (2, 1))
    if mode == "P":
        image.putpalette([10, 20, 30, 40, 50, 60])
    image.putpixel((1, 0), (40, 50, 60) if mode == "RGB" else 1)
    transparent = (40, 50, 60) if mode == "RGB" else 1
    image.save(tmp_path / "x.png", transparency=transparent)
    assert read_header(tmp_path / "x.png").alpha
    assert read_pixels(tmp_path / "x.png", channels=3)[:, 0, 1].tolist() == [255] * 3


@pytest.mark.parametrize("mode", ["P", "CMYK", "RGB"])
def test_other_modes_become_rgb(tmp_path: Path, mode: str) -> None:
    plain = Image.new("RGB", (8, 8), (200, 30, 90))
    path = tmp_path / ("x.png" if mode in ("P", "RGB") else "x.tiff")
    plain.convert(mode).save(path)
    found = read_pixels(path, channels=3)
    assert found.shape == (3, 8, 8)
    assert np.abs(found[:, 0, 0].astype(int) - [200, 30, 90]).max() <= (26 if mode == "P" else 2)


def test_the_first_frame_of_an_animation_is_taken_and_noted(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (4, 4), colour) for colour in ("red", "lime", "blue")]
    for i in range(4):
        frames[0].save(tmp_path / f"{i}.gif", save_all=True, append_images=frames[1:])
    data = load_data(tmp_path)
    assert data.train.x[0, :, 0, 0].tolist() == [255, 0, 0]
    assert "4 of 4 images had several frames: the first was taken" in data.notes


def test_mixed_sizes_are_counted_and_resizing_is_offered(tmp_path: Path) -> None:
    fill(tmp_path / "a", 3, size=(5, 4))
    fill(tmp_path / "b", 2, size=(8, 6))
    with pytest.raises(DataError, match=r"images of 2 sizes \(5x4: 3, 8x6: 2\); give --resize N"):
        load_data(tmp_path)
    assert load_data(tmp_path, resize=4).spec.shape == (3, 4, 4)


def test_resizing_takes_the_central_square() -> None:
    pixels = np.zeros((4, 10), np.uint8)
    pixels[:, 3:7] = 200
    assert (np.asarray(central_square(Image.fromarray(pixels), 2)) == 200).all()
    assert (np.asarray(central_square(Image.fromarray(pixels.T.copy()), 2)) == 200).all()


def test_resizing_is_antialiased() -> None:
    stripes = np.zeros((64, 64), np.uint8)
    stripes[:, ::2] = 255
    small = np.asarray(central_square(Image.fromarray(stripes), 8)).astype(int)
    assert np.abs(small - 127.5).max() < 16  # a plain subsample would be black or white


def test_a_draft_of_a_large_jpeg_is_the_same_picture(tmp_path: Path) -> None:
    smooth = np.add.outer(np.linspace(0, 120, 900), np.linspace(0, 120, 1200)).astype(np.uint8)
    path = save(tmp_path / "x.jpg", smooth, quality=95)
    drafted = read_pixels(path, channels=1, resize=32)
    with Image.open(path) as image:
        whole = np.asarray(central_square(image.convert("L"), 32))
    assert np.abs(drafted[0].astype(int) - whole).max() <= 2


def test_one_pixel_is_enough(tmp_path: Path) -> None:
    fill(tmp_path, 5, size=(1, 1))
    assert load_data(tmp_path).spec.shape == (3, 1, 1)
    assert load_data(tmp_path, resize=3).spec.shape == (3, 3, 3)


def test_other_files_and_hidden_ones_are_left_out(tmp_path: Path) -> None:
    fill(tmp_path, 5)
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / ".hidden.png").write_text("no image")
    save(tmp_path / ".thumbnails" / "x.png", picture((2, 2)))
    data = load_data(tmp_path)
    assert sum(data.spec.counts.values()) == 5
    assert data.notes == ("other files left out: 1, such as notes.txt",)


def test_names_in_any_script_and_with_newlines(tmp_path: Path) -> None:
    for name in ("größe.png", "画像.png", "two\nlines.png", " .png"):
        save(tmp_path / name, picture())
    broken = os.fsencode(tmp_path) + b"/\xff\xfe.png"
    Path(os.fsdecode(broken)).write_bytes((tmp_path / " .png").read_bytes())
    assert sum(load_data(tmp_path).spec.counts.values()) == 5


def test_classes_with_names_that_are_no_text(tmp_path: Path) -> None:
    for name in (b"\xff", b"a\nb"):
        fill(Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)), 3)
    spec = load_data(tmp_path).spec
    assert spec.classes == ("a\\nb", "\\udcff")
    assert spec.to_json().isascii()


def test_links_are_followed_and_loops_end(tmp_path: Path) -> None:
    fill(tmp_path / "data" / "a", 3)
    fill(tmp_path / "elsewhere", 3)
    (tmp_path / "data" / "b").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "data" / "a" / "up").symlink_to(tmp_path / "data")
    (tmp_path / "data" / "self").symlink_to("self")
    data = load_data(tmp_path / "data")
    assert sum(data.spec.counts.values()) == 6
    assert data.spec.classes == ("a", "b")
