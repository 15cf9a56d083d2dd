"""`.npy` and `.npz` files that lie, are damaged or want to be unpickled: refused before memory is taken."""

from __future__ import annotations

import io
import random
import struct
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from latentia.data import load_data
from latentia.errors import DataError

POINTS = np.random.default_rng(0).normal(size=(12, 3))


def npy(x: Any, **options: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, x, **options)
    return file.getvalue()


def header(text: str, version: int = 1) -> bytes:
    return b"\x93NUMPY" + bytes([version, 0]) + struct.pack("<H" if version == 1 else "<I", len(text)) + text.encode()


def refusal(path: Path | str) -> str:
    """The message, after a check that it is one line and that no large memory was taken for it."""
    tracemalloc.start()
    try:
        with pytest.raises(DataError) as caught:
            load_data(path)
        assert tracemalloc.get_traced_memory()[1] < 30_000_000
    finally:
        tracemalloc.stop()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def test_a_header_that_claims_terabytes(tmp_path: Path) -> None:
    text = "{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000, 8)}"
    assert "is truncated: its header says shape (1000000000000, 8)" in refusal(write(tmp_path / "x.npy", header(text)))


@pytest.mark.parametrize("keep", [0, 5, 8, 40, 127, 128, 200, -1])
def test_truncation_anywhere(tmp_path: Path, keep: int) -> None:
    refusal(write(tmp_path / "x.npy", npy(POINTS)[:keep]))


def test_bytes_left_over(tmp_path: Path) -> None:
    assert "has bytes left over" in refusal(write(tmp_path / "x.npy", npy(POINTS) + b"more"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        "{'descr': '<f8'}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (-1, 8)}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (0, 99999999999999999999)}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (1,) * 70}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': " + str((1,) * 70) + "}",
        "{'descr': '<q9', 'fortran_order': False, 'shape': (1, 8)}",
        "{'descr': ('<f8', (2,)), 'fortran_order': False, 'shape': (1, 8)}",
        "{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (1, 8)}",
        "__import__('os').abort()",
        "(" * 5000,
        "{'descr': '<f8', 'fortran_order': False, 'shape': (1, 8)," + " " * 20_000 + "}",
    ],
)
@pytest.mark.parametrize("version", [1, 2, 3, 9])
def test_headers_that_are_none(tmp_path: Path, text: str, version: int) -> None:
    refusal(write(tmp_path / "x.npy", header(text, version) + bytes(64)))


def test_objects_are_never_unpickled(tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> Any:
            return print, ("boom",)

    content = npy(np.array([Bomb()], object), allow_pickle=True)
    assert "holds Python objects (object)" in refusal(write(tmp_path / "x.npy", content))
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as archive:
        archive.writestr("x.npy", content)
    assert "holds Python objects (object)" in refusal(tmp_path / "x.npz")


def test_a_plain_pickle_is_no_data(tmp_path: Path) -> None:
    assert "of no kind that can be read" in refusal(write(tmp_path / "x.pkl", b"\x80\x04\x95" + bytes(20)))
    assert "is no valid .npy file" in refusal(write(tmp_path / "x.npy", b"\x80\x04\x95" + bytes(20)))


def test_an_archive_that_expands_beyond_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    np.savez_compressed(tmp_path / "x.npz", x=np.zeros((100, 100, 100)))
    assert (tmp_path / "x.npz").stat().st_size < 20_000
    monkeypatch.setattr("latentia.data.files.memory_limit", lambda: 4_000_000)
    assert "takes 8.0 MB, more than the memory of 4.0 MB" in refusal(tmp_path / "x.npz")


def test_a_directory_that_claims_what_cannot_be(tmp_path: Path) -> None:
    text = "{'descr': '|u1', 'fortran_order': False, 'shape': (4000000000,)}"
    with zipfile.ZipFile(tmp_path / "x.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", header(text))
    content = bytearray((tmp_path / "x.npz").read_bytes())
    at = content.rindex(b"PK\1\2") + 24
    content[at : at + 4] = struct.pack("<I", 4_000_000_000 + 128)
    assert "not possible" in refusal(write(tmp_path / "x.npz", bytes(content)))


def test_every_flipped_byte_is_found_or_harmless(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "x.npz", x=POINTS)
    whole = (tmp_path / "x.npz").read_bytes()
    truth = load_data(tmp_path / "x.npz").spec.digest
    for at in range(0, len(whole), 3):
        damaged = bytearray(whole)
        damaged[at] ^= 0xFF
        write(tmp_path / "x.npz", bytes(damaged))
        try:
            assert load_data(tmp_path / "x.npz").spec.digest == truth
        except DataError as error:
            assert "\n" not in str(error)  # noqa: PT017 -- either outcome is right


def test_random_bytes_after_the_magic(tmp_path: Path) -> None:
    chance = random.Random(0)
    for magic in (b"\x93NUMPY", b"PK\3\4", b"\x93NUMPY\1\0", b"\0\0\x08\3", b"\x1f\x8b"):
        for _ in range(20):
            refusal(write(tmp_path / "x", magic + chance.randbytes(60)))


def test_an_encrypted_member(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", x=POINTS)
    content = bytearray((tmp_path / "x.npz").read_bytes())
    content[content.rindex(b"PK\1\2") + 8] |= 1
    assert "is encrypted" in refusal(write(tmp_path / "x.npz", bytes(content)))


def test_empty_archives_and_files(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.npz", "w"):
        pass
    assert "has no arrays to choose from" in refusal(tmp_path / "x.npz")
    assert "is empty" in refusal(write(tmp_path / "y.npz", b""))


def test_a_key_without_a_file(tmp_path: Path) -> None:
    assert "no such file" in refusal(f"{tmp_path}/x.npz:key")


def test_labels_of_another_length(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", x_train=POINTS, y_train=np.zeros(5, int))
    assert "5 labels for 12 rows" in refusal(tmp_path / "x.npz")
