"""A save that is killed, or fails, at any of its system calls leaves the old checkpoint or the new one."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest
import torch

from latentia.errors import CheckpointError, RunFolderError
from latentia.train import MetricsFile, Plan, durable, load_checkpoint
from latentia.train.checkpoint import Store
from latentia.train.tensors import Encoded, encode
from tests.train.faulty import Disk, Killed, broken_at, full_from
from tests.train.small import Record, fitted

OLD, NEW = 1.0, 2.0


def contents(value: float) -> tuple[Encoded, Encoded]:
    common = {"format": "1", "latentia": "0.1.0"}
    return encode({"w": torch.full((50,), value)}, common), encode({"s": torch.full((90,), value)}, common)


def save(store: Store, value: float) -> None:
    store.save(int(value), *contents(value), finished=False)


def value_in(folder: Path) -> float:
    """What loads, model and state alike."""
    model, state = load_checkpoint(folder, "model")[0]["w"], load_checkpoint(folder, "state")[0]["s"]
    assert model.unique().tolist() == state.unique().tolist()
    return float(model[0])


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setattr(durable, "CHUNK", 100)  # many writes a file
    store = Store(tmp_path, {})
    save(store, OLD)
    return store


def calls_of_a_save(tmp_path: Path) -> Disk:
    """A disk that has counted one save like those of the tests."""
    disk = Disk()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(durable, "CHUNK", 100)
        store = Store(tmp_path / "counting", {})
        save(store, OLD)
        patch.setattr(durable, "os", disk)
        save(store, NEW)
    return disk


def test_killed_at_every_call(tmp_path: Path) -> None:
    total = calls_of_a_save(tmp_path).total
    assert total > 25
    seen = []
    for call in range(1, total + 1):
        folder = tmp_path / str(call)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(durable, "CHUNK", 100)
            store = Store(folder, {})
            save(store, OLD)
            patch.setattr(durable, "os", Disk(kill_at=call))
            with pytest.raises(Killed):
                save(store, NEW)
        seen.append(value_in(folder))
        swept = Store(folder, {})
        assert not [name for name in names(folder) if name.endswith(durable.TEMPORARY)]
        assert len(list((folder / "checkpoints").iterdir())) == len(swept._entries())
        save(swept, 3.0)
        assert value_in(folder) == 3.0
    assert seen == sorted(seen)  # the old one up to some call, the new one from there on
    assert set(seen) == {OLD, NEW}


def test_a_full_disk_at_every_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writes = calls_of_a_save(tmp_path).counts["write"]
    assert writes > 8
    for write in range(1, writes + 1):
        folder = tmp_path / str(write)
        monkeypatch.setattr(durable, "CHUNK", 100)
        store = Store(folder, {})
        save(store, OLD)
        before = names(folder)
        with monkeypatch.context() as patch:
            patch.setattr(durable, "os", Disk(full_from(write)))
            with pytest.raises(CheckpointError, match=r"[\d,]+ bytes are needed, [\d,]+ are free.*step 1 is kept"):
                save(store, NEW)
        assert value_in(folder) == OLD
        assert [name for name in names(folder) if name != "manifest.previous.json"] == before
        save(store, NEW)
        assert value_in(folder) == NEW


def test_a_failed_flush_is_never_reported_as_saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counts = calls_of_a_save(tmp_path).counts
    for name in ("fsync", "open", "replace", "makedirs"):
        for number in range(1, counts[name] + 1):
            folder = tmp_path / name / str(number)
            store = Store(folder, {})
            save(store, OLD)
            with monkeypatch.context() as patch:
                patch.setattr(durable, "CHUNK", 100)
                patch.setattr(durable, "os", Disk(broken_at(name, number)))
                with pytest.raises(CheckpointError, match="Input/output error"):
                    save(store, NEW)
            assert value_in(folder) in (OLD, NEW)


def test_the_order_is_write_flush_rename_flush(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    monkeypatch.setattr(durable, "os", Disk(lambda name, number: order.append(name)))
    durable.write_file(tmp_path / "file", [b"content"])
    assert order == ["makedirs", "open", "write", "fsync", "replace", "open", "fsync"]


def test_two_checkpoints_are_kept(store: Store) -> None:
    for value in (2.0, 3.0, 3.0):
        save(store, value)
    assert sorted(path.name for path in (store.folder / "checkpoints").iterdir()) == ["00000003", "00000003-1"]
    assert float(load_checkpoint(store.folder, checkpoint="previous")[0]["w"][0]) == 3.0


def test_training_on_a_disk_that_fills_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = Plan(epochs=2, batch_size=10, checkpoint_seconds=0)
    monkeypatch.setattr(durable, "os", Disk(full_from(12)))
    with pytest.raises(CheckpointError, match="bytes are needed"):
        fitted(plan, tmp_path)
    monkeypatch.undo()
    assert fitted(plan, tmp_path, resume=True)[0] == fitted(plan)[0]


def test_metrics_on_a_full_disk_warn_once_and_training_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from latentia.train.reporters import metrics

    monkeypatch.setattr(
        metrics, "os", Disk(lambda name, number: errno.ENOSPC if name == "write" and number in (2, 3) else None)
    )
    record = Record()
    _, outcome = fitted(Plan(epochs=4, batch_size=10), reporters=[MetricsFile(tmp_path / "m"), record])
    assert outcome.reason == "epochs"
    assert record.messages == ["MetricsFile: No space left on device; training goes on without what it writes"]
    assert [row["epoch"] for row in metrics.read_metrics(tmp_path / "m")] == [1, 4]


def test_a_folder_that_cannot_be_written_is_found_first(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    record = Record()
    with pytest.raises(RunFolderError, match="cannot be written"):
        fitted(Plan(epochs=1), tmp_path / "file" / "run", reporters=[record])
    assert record.starts == []


def test_a_folder_deleted_during_the_run_is_made_again(tmp_path: Path) -> None:
    import shutil

    from latentia.train import train
    from tests.train.small import Hooked, build, grey_data

    data, folder = grey_data(), tmp_path / "run"
    model, objective = build(data)
    hooked = Hooked(objective, lambda index: shutil.rmtree(folder) if index == 4 else None)
    train(model, hooked, data, Plan(epochs=2, batch_size=10, checkpoint_seconds=0), folder=folder)
    assert load_checkpoint(folder)[1]["step"] == "10"


def test_a_run_is_not_overwritten_unless_it_never_began(tmp_path: Path) -> None:
    plan = Plan(epochs=1, batch_size=10)
    fitted(plan, tmp_path)
    with pytest.raises(RunFolderError, match="holds a run already"):
        fitted(plan, tmp_path)
