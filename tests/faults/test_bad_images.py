"""Images that are damaged, no images, bombs or no files: skipped, counted and listed, never padded, never opened."""

from __future__ import annotations

import os
import random
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFile

from latentia.data import load_data
from latentia.data.image_file import MAX_PIXELS, read_header, read_pixels, strict_decoding
from latentia.errors import DataError

PIXELS = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)


def good(folder: Path, count: int) -> None:
    for i in range(count):
        Image.fromarray(np.roll(PIXELS, i)).save(folder / f"{i:03}.png")


def bomb(path: Path, side: int) -> None:
    """A small PNG of side x side black pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    packer, packed = zlib.compressobj(9), b""
    for _ in range(side):
        packed += packer.compress(bytes(1 + side // 8))
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    packed += packer.flush()
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", packed) + chunk(b"IEND", b""))


BAD: dict[str, Callable[[Path], object]] = {
    "empty.png": lambda path: path.write_bytes(b""),
    "text.jpg": lambda path: path.write_text("no image at all"),
    "cut.png": lambda path: path.write_bytes(path.with_name("000.png").read_bytes()[:400]),
    "bomb.png": lambda path: bomb(path, 9000),
    "fifo.png": os.mkfifo,
    "gone.png": lambda path: path.symlink_to("nowhere"),
    "loop.png": lambda path: path.symlink_to("loop.png"),
    "device.png": lambda path: path.symlink_to("/dev/zero"),
    "script.eps.png": lambda path: path.write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_skipped_counted_and_listed(tmp_path: Path, name: str) -> None:
    good(tmp_path, 30)
    BAD[name](tmp_path / name)
    data = load_data(tmp_path)
    assert sum(data.spec.counts.values()) == 30
    assert len(data.skipped) == 1
    assert data.skipped[0].startswith(f"{name}: ")
    assert data.notes[-1].startswith(f"images skipped, as they cannot be read: 1, {name} (")
    assert "\n" not in data.notes[-1]


def test_more_than_a_twentieth_stops(tmp_path: Path) -> None:
    good(tmp_path, 18)
    for i in range(2):
        (tmp_path / f"bad{i}.png").write_bytes(b"")
    with pytest.raises(
        DataError, match=r"2 of 20 images cannot be read, more than 5%; .* bad0.png \(empty file\), bad1"
    ):
        load_data(tmp_path)
    (tmp_path / "bad0.png").unlink()
    (tmp_path / "018.png").write_bytes((tmp_path / "000.png").read_bytes())
    assert len(load_data(tmp_path).skipped) == 1  # 1 of 20 is 5%


@pytest.mark.parametrize("kind", ["png", "jpg", "gif", "bmp", "tiff", "webp", "ppm"])
def test_a_truncated_image_is_never_padded(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)  # somebody else's setting
    path = tmp_path / f"x.{kind}"
    Image.fromarray(PIXELS).save(path)
    whole = path.read_bytes()
    with strict_decoding():
        reference = read_pixels(path, channels=3)
        for keep in (len(whole) // 3, len(whole) // 2, len(whole) * 3 // 4):
            path.write_bytes(whole[:keep])
            try:
                found = read_pixels(path, channels=3)
            except DataError:
                continue
            assert np.array_equal(found, reference), f"{keep} of {len(whole)} bytes were padded"
    assert ImageFile.LOAD_TRUNCATED_IMAGES is True


def test_damage_raises_our_error_or_gives_a_picture(tmp_path: Path) -> None:
    chance = random.Random(0)
    for kind in ("png", "jpg", "gif", "bmp", "tiff", "webp", "ppm"):
        path = tmp_path / f"x.{kind}"
        Image.fromarray(PIXELS).save(path)
        whole = path.read_bytes()
        for _ in range(40):
            damaged = bytearray(whole)
            for _ in range(chance.choice((1, 1, 3, 20))):
                damaged[chance.randrange(min(len(whole), 200))] = chance.randrange(256)
            path.write_bytes(damaged)
            with strict_decoding():
                try:
                    read_header(path)
                    assert read_pixels(path, channels=3, resize=4).shape == (3, 4, 4)
                except DataError as error:
                    assert "\n" not in str(error)  # noqa: PT017 -- either outcome is right


def test_a_bomb_is_refused_by_its_header(tmp_path: Path) -> None:
    bomb(tmp_path / "x.png", 9000)
    assert (tmp_path / "x.png").stat().st_size < 20_000
    with pytest.raises(DataError, match=f"9000x9000 pixels, more than {MAX_PIXELS}"):
        read_header(tmp_path / "x.png")
    bomb(tmp_path / "x.png", 40_000)  # where Pillow itself raises
    with strict_decoding(), pytest.raises(DataError, match="decompression bomb"):
        read_header(tmp_path / "x.png")


def test_a_pipe_in_place_of_data_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x.npy")
    code = f"import latentia.data as d; d.load_data({str(tmp_path / 'x.npy')!r})"
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True, timeout=60)
    assert "is a named pipe; a plain file was expected" in done.stderr


def test_devices_are_refused() -> None:
    with pytest.raises(DataError, match="/dev/zero: this is a device"):
        load_data("/dev/zero")


def test_a_folder_that_may_not_be_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("latentia.data.image_tree.os.scandir", refuse)
    with pytest.raises(DataError, match="cannot be listed: Permission denied"):
        load_data(tmp_path)


def test_two_folders_for_one_split(tmp_path: Path) -> None:
    for name in ("train", "val", "valid"):
        (tmp_path / name).mkdir()
        good(tmp_path / name, 3)
    with pytest.raises(DataError, match="several folders for one split: train, val, valid; keep one of each"):
        load_data(tmp_path)


def test_an_empty_train_folder(tmp_path: Path) -> None:
    for name in ("train", "test"):
        (tmp_path / name).mkdir()
    good(tmp_path / "test", 3)
    with pytest.raises(DataError, match="no image in its train folder can be read"):
        load_data(tmp_path)


def test_a_single_image_is_no_data_set(tmp_path: Path) -> None:
    good(tmp_path, 1)
    with pytest.raises(DataError, match="is one image; give the folder of images"):
        load_data(tmp_path / "000.png")


def test_images_that_exceed_the_memory_are_refused_before_they_are_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good(tmp_path, 5)
    monkeypatch.setattr("latentia.data.files.memory_limit", lambda: 3000)
    with pytest.raises(DataError, match=r"5 images of 16x16\) takes 3.8 kB, more than the memory of 3.0 kB"):
        load_data(tmp_path)


def test_a_file_that_changes_while_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good(tmp_path, 30)
    once = read_pixels

    def changed(path: Path, **options: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
        pixels = once(path, channels=3)
        return pixels[:, 1:] if path.name == "007.png" else pixels

    monkeypatch.setattr("latentia.data.image_folder.read_pixels", changed)
    assert load_data(tmp_path).skipped == ("007.png: its size changed to 16x15 while it was read",)
