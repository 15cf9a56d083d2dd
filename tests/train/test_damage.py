"""Every damage to a checkpoint is found before it is used, and an intact older one is offered."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
import torch

from latentia._version import __version__
from latentia.errors import CheckpointError, RunFolderError
from latentia.train import Plan, load_checkpoint, manifest
from latentia.train.tensors import encode, read, require_same_layout, weight_hash
from tests.train.small import build, fitted, grey_data, real_data


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    fitted(Plan(epochs=1, batch_size=10, ema=0.9), folder)
    return folder


def current(run: Path, kind: str) -> Path:
    entry = json.loads((run / "manifest.json").read_text())["checkpoints"][0]
    return run / str(entry["files"][kind]["path"])


def load_all(run: Path) -> None:
    load_checkpoint(run, "model")
    load_checkpoint(run, "state")


@pytest.mark.parametrize("name", ["model", "state", "manifest"])
def test_every_flipped_bit(run: Path, name: str) -> None:
    path = run / "manifest.json" if name == "manifest" else current(run, name)
    content = path.read_bytes()
    chance = random.Random(name)
    bits = {*range(8 * 24), *(chance.randrange(8 * len(content)) for _ in range(250))}
    try:
        for bit in sorted(bits):
            damaged = bytearray(content)
            damaged[bit // 8] ^= 1 << bit % 8
            path.write_bytes(damaged)
            with pytest.raises(CheckpointError):
                load_all(run)
    finally:
        path.write_bytes(content)
    load_all(run)


@pytest.mark.parametrize("name", ["model", "state", "manifest"])
def test_every_truncation_and_trailing_bytes(run: Path, name: str) -> None:
    path = run / "manifest.json" if name == "manifest" else current(run, name)
    content = path.read_bytes()
    try:
        for damaged in (*(content[:size] for size in range(0, len(content), 37)), content + b"\0", content + content):
            path.write_bytes(damaged)
            with pytest.raises(CheckpointError, match="damaged"):
                load_all(run)
        path.unlink()
        with pytest.raises((CheckpointError, RunFolderError)):
            load_all(run)
    finally:
        path.write_bytes(content)


def test_the_previous_checkpoint_is_offered_and_loads(run: Path) -> None:
    path = current(run, "model")
    content = path.read_bytes()
    try:
        path.write_bytes(content[:-1])
        with pytest.raises(CheckpointError, match=r"cut short\); the previous checkpoint \(step 0\) is intact"):
            load_checkpoint(run)
        assert load_checkpoint(run, checkpoint="previous")[1]["step"] == "0"
    finally:
        path.write_bytes(content)


def test_a_run_goes_on_from_the_previous_checkpoint(tmp_path: Path) -> None:
    plan = Plan(epochs=1, batch_size=10)
    whole, _ = fitted(plan, tmp_path)
    for path in (current(tmp_path, "state"), tmp_path / "manifest.json"):
        path.write_bytes(path.read_bytes()[:-1])
        with pytest.raises(CheckpointError, match="damaged"):
            fitted(plan, tmp_path, resume=True)
        assert fitted(plan, tmp_path, resume=True, checkpoint="previous")[0] == whole


HEADERS = {
    "a header of 2**63 bytes": (2**63).to_bytes(8, "little") + b"{}",
    "a header longer than the file": (100).to_bytes(8, "little") + b"{}",
    "no header": b"\x01",
    "nothing": b"",
    "no JSON": (2).to_bytes(8, "little") + b"[[",
}


@pytest.mark.parametrize("content", HEADERS.values(), ids=HEADERS.keys())
def test_wild_headers(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(content)
    with pytest.raises(CheckpointError):
        read(tmp_path / "f")


def header(entries: object, data: bytes) -> bytes:
    text = json.dumps(entries).encode()
    return len(text).to_bytes(8, "little") + text + data


@pytest.mark.parametrize(
    "offsets", [([0, 8], [4, 12]), ([0, 8], [0, 8]), ([0, 8], [16, 24]), ([0, 8], [8, 2**62]), ([8, 0], [8, 16])]
)
def test_overlapping_and_wild_offsets(offsets: tuple[list[int], list[int]], tmp_path: Path) -> None:
    entries = {name: {"dtype": "F32", "shape": [2], "data_offsets": at} for name, at in zip("ab", offsets, strict=True)}
    (tmp_path / "f").write_bytes(header(entries, bytes(16)))
    with pytest.raises(CheckpointError):
        read(tmp_path / "f")


def test_newer_formats_name_the_version(tmp_path: Path) -> None:
    fitted(Plan(epochs=1, batch_size=10), tmp_path)
    path = tmp_path / "manifest.json"
    body = json.loads(path.read_text())
    path.write_text(json.dumps({**body, "format": 2, "latentia": "9.1.0"}))
    with pytest.raises(CheckpointError, match=r"written by latentia 9\.1\.0 \(format 2\).*install latentia 9\.1\.0"):
        load_checkpoint(tmp_path)
    with pytest.raises(CheckpointError, match="formats up to 1"):
        manifest.refuse_newer(2, "9.1.0", "model.safetensors")
    manifest.refuse_newer(1, __version__, "model.safetensors")


def test_weights_that_are_not_numbers_are_refused(tmp_path: Path) -> None:
    from latentia.train.checkpoint import Store

    bad = encode({"w": torch.tensor([1.0, float("nan")])}, {"format": "1"})
    Store(tmp_path, {}).save(1, bad, bad, finished=True)
    with pytest.raises(CheckpointError, match="not finite in w"):
        load_checkpoint(tmp_path)


def test_missing_and_misshapen_tensors_are_listed() -> None:
    expected = {"a": torch.zeros(2), "b": torch.zeros(2, 3), "c": torch.zeros(1)}
    found = {"a": torch.zeros(2), "b": torch.zeros(3, 2), "d": torch.zeros(1)}
    with pytest.raises(CheckpointError) as caught:
        require_same_layout(found, expected, "the file")
    assert "c is missing; d is not part of this model; b has shape (3, 2) and should have (2, 3)" in str(caught.value)


def test_resuming_another_model_lists_what_differs(tmp_path: Path) -> None:
    from latentia.train import train

    data, plan = grey_data(), Plan(epochs=1, batch_size=10)
    fitted(plan, tmp_path)
    model, objective = build(data, hidden=(4,))
    with pytest.raises(CheckpointError, match="has shape"):
        train(model, objective, data, plan, folder=tmp_path, resume=True)


def test_files_are_canonical_and_read_back(tmp_path: Path) -> None:
    tensors = {
        "half": torch.tensor([1.5], dtype=torch.bfloat16),
        "empty": torch.zeros(0, 3),
        "scalar": torch.tensor(2.5, dtype=torch.float64),
        "flags": torch.tensor([True, False]),
        "transposed": torch.arange(6).reshape(2, 3).T,
        "shared": torch.ones(3),
    }
    tensors["again"] = tensors["shared"]
    first = encode(tensors, {"b": "2", "a": "ü"})
    again = encode(dict(reversed(tensors.items())), {"a": "ü", "b": "2"})
    assert first.sha256 == again.sha256
    (tmp_path / "f").write_bytes(b"".join(first.chunks))
    back, metadata = read(tmp_path / "f", sha256=first.sha256, size=first.size)
    assert metadata == {"a": "ü", "b": "2"}
    assert weight_hash(back) == weight_hash(tensors)
    assert weight_hash(back) != weight_hash({**tensors, "scalar": torch.tensor(2.5)})


def test_a_folder_that_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match="not a run folder"):
        load_checkpoint(tmp_path)


def test_real_data_have_runs_of_their_own(tmp_path: Path) -> None:
    from latentia.train import train

    data = real_data()
    model, objective = build(data)
    train(model, objective, data, Plan(epochs=1, batch_size=10), folder=tmp_path)
    load_all(tmp_path)
