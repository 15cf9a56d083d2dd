"""IDX files that lie or are damaged: refused before memory is taken."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest

from latentia.data import load_data
from latentia.data.idx import read_idx
from latentia.errors import DataError
from tests.data.idx_files import idx_bytes, write_mnist_like

PICTURES = np.random.default_rng(0).integers(0, 256, (9, 4, 5), dtype=np.uint8)
WHOLE = idx_bytes(PICTURES)


def refusal(path: Path, content: bytes) -> str:
    path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        load_data(path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("keep", [0, 1, 3, 4, 10, 15, 16, 100, len(WHOLE) - 1])
def test_truncation_anywhere(tmp_path: Path, keep: int) -> None:
    refusal(tmp_path / "x", WHOLE[:keep])
    refusal(tmp_path / "x", gzip.compress(WHOLE[:keep]))


@pytest.mark.parametrize("keep", [2, 10, 50, -9, -5, -1])
def test_truncation_of_the_packed_file(tmp_path: Path, keep: int) -> None:
    refusal(tmp_path / "x.gz", gzip.compress(WHOLE)[:keep])


def test_bytes_left_over(tmp_path: Path) -> None:
    assert "has bytes left over" in refusal(tmp_path / "x", WHOLE + b"\0")
    assert "has bytes left over" in refusal(tmp_path / "x.gz", gzip.compress(WHOLE + b"\0"))


def test_a_flipped_bit_in_a_packed_file(tmp_path: Path) -> None:
    packed = bytearray(gzip.compress(WHOLE))
    packed[len(packed) // 2] ^= 4
    assert "is damaged" in refusal(tmp_path / "x.gz", bytes(packed))


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_header_that_claims_more_than_the_file_can_hold(tmp_path: Path, pack: type[bytes]) -> None:
    huge = bytes([0, 0, 8, 3]) + struct.pack(">3I", 2**32 - 1, 2**16, 2**16)
    assert "more than the file can hold" in refusal(tmp_path / "x", pack(huge))


def test_a_file_that_unpacks_beyond_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("latentia.data.files.memory_limit", lambda: 1_000_000)
    message = refusal(tmp_path / "x.gz", gzip.compress(idx_bytes(np.zeros((2000, 28, 28), np.uint8))))
    assert "takes 1.6 MB, more than the memory of 1.0 MB" in message


@pytest.mark.parametrize("shape", [(0, 4, 4), (3, 0, 4), (1, 1, 1, 1, 4)])
def test_shapes_that_hold_nothing(tmp_path: Path, shape: tuple[int, ...]) -> None:
    header = bytes([0, 0, 8, len(shape)]) + struct.pack(f">{len(shape)}I", *shape)
    assert f"shape {shape}" in refusal(tmp_path / "x", header)


@pytest.mark.parametrize("head", [b"\0\0\x0a\3", b"\0\1\x08\3", b"\0\0\x08\0", b"{}\n\n"])
def test_other_files(tmp_path: Path, head: bytes) -> None:
    assert "of no kind that can be read" in refusal(tmp_path / "x", head + WHOLE[4:])
    assert "is no IDX file" in refusal(tmp_path / "x.gz", gzip.compress(head + WHOLE[4:]))


def test_another_checksum(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(WHOLE)
    with pytest.raises(DataError, match=r"is not the file it should be: unpacked, it has SHA-256 [0-9a-f]{64}, not 00"):
        read_idx(tmp_path / "x", sha256="00" * 32)


def test_labels_of_another_length(tmp_path: Path) -> None:
    write_mnist_like(tmp_path)
    (tmp_path / "train-labels-idx1-ubyte.gz").write_bytes((tmp_path / "t10k-labels-idx1-ubyte.gz").read_bytes())
    with pytest.raises(DataError, match="10 labels for 20 rows"):
        load_data(tmp_path)
