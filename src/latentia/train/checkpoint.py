"""Checkpoints in a run folder: saved whole or not at all, verified before they are read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from torch import Tensor

from latentia.errors import CheckpointError, RunFolderError
from latentia.train import manifest as record
from latentia.train.durable import TEMPORARY, explain, flush_folder, remove, write_file
from latentia.train.manifest import Checkpoint, File, Manifest, read_manifest, refuse_newer
from latentia.train.tensors import Encoded, read, require_finite

FOLDER = "checkpoints"
Which = Literal["current", "previous"]
Kind = Literal["model", "state"]


class Store:
    """The checkpoints of one run: the current one and the one before it.

    A checkpoint's files go into a folder of their own, which nothing refers to until the manifest, replaced last, names
    it. A kill or an error at any moment therefore leaves the old checkpoint or the new one, never a mixture.

    Args:
        folder: The run folder, which this process holds (see `latentia.train.lock`).
        environment: What the run runs on, for the manifest.
        which: The checkpoint to go on from; `previous` gives up the newest one.
    """

    def __init__(self, folder: Path, environment: Mapping[str, Any], which: Which = "current") -> None:
        self.folder = folder
        self.environment = environment
        self.manifest = _manifest_if_any(folder, which)
        if which == "current":
            self._sweep()

    def save(self, step: int, model: Encoded, state: Encoded, *, finished: bool) -> None:
        """Saves a checkpoint and drops all but the one before it.

        Args:
            step: Optimiser steps done.
            model: The deliverable weights.
            state: What resuming needs.
            finished: Whether the run has ended.

        Raises:
            CheckpointError: The disk is full or failed: says what is kept. What was saved before is intact.
        """
        home = self._fresh_home(step)
        contents = {"model": model, "state": state}
        files = {
            kind: File(f"{FOLDER}/{home.name}/{kind}.safetensors", content.sha256, content.size)
            for kind, content in contents.items()
        }
        before = [entry for entry in (self.manifest.checkpoints[:1] if self.manifest else ()) if self._exists(entry)]
        manifest = Manifest((Checkpoint(step, files), *before), finished, self.environment)
        try:
            for kind, content in contents.items():
                write_file(self.folder / files[kind].path, content.chunks)
            flush_folder(home.parent)
            if self.manifest is not None:
                write_file(self.folder / record.PREVIOUS, [self.manifest.encode()])
            write_file(self.folder / record.CURRENT, [manifest.encode()])
        except OSError as error:
            if not self._committed(manifest):
                remove(home)
            kept = f"the checkpoint of step {before[0].step} is kept" if before else "there was none before"
            raise explain(error, self.folder, model.size + state.size, kept) from error
        self.manifest = manifest
        self._sweep()

    def _fresh_home(self, step: int) -> Path:
        """A folder that no checkpoint has: overwriting files that the manifest names could destroy them."""
        home = self.folder / FOLDER / f"{step:08d}"
        again = 0
        while home.exists():
            again += 1
            home = home.with_name(f"{step:08d}-{again}")
        return home

    def _exists(self, entry: Checkpoint) -> bool:
        return all((self.folder / file.path).is_file() for file in entry.files.values())

    def _committed(self, manifest: Manifest) -> bool:
        """Whether the new manifest stands on the disk after all: a flush may fail after the rename."""
        try:
            return (self.folder / record.CURRENT).read_bytes() == manifest.encode()
        except OSError:
            return False

    def _sweep(self) -> None:
        """Removes what a kill left behind: files half written, and checkpoints that no manifest names."""
        named = {Path(file.path).parent.name for entry in self._entries() for file in entry.files.values()}
        for path in _children(self.folder):
            if path.name.endswith(TEMPORARY):
                remove(path)
        for path in _children(self.folder / FOLDER):
            if path.name not in named:
                remove(path)

    def _entries(self) -> tuple[Checkpoint, ...]:
        return self.manifest.checkpoints if self.manifest else ()


def _children(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def _manifest_if_any(folder: Path, which: Which) -> Manifest | None:
    if not exists(folder):
        return None
    if which == "current":
        return read_manifest(folder / record.CURRENT)
    return Manifest((_entry(folder, which),), finished=False, environment={})


def exists(folder: Path) -> bool:
    """Whether a folder holds a saved run, be it damaged."""
    return (folder / record.CURRENT).exists() or (folder / record.PREVIOUS).exists()


def worth_keeping(folder: Path) -> bool:
    """Whether a folder holds a run that has taken a step, or one that cannot be read."""
    try:
        return exists(folder) and read_manifest(folder / record.CURRENT).checkpoints[0].step > 0
    except (CheckpointError, RunFolderError):
        return True


def load_checkpoint(
    folder: Path, kind: Kind = "model", checkpoint: Which = "current"
) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Reads one file of a checkpoint after verifying it against the manifest.

    Args:
        folder: A run folder.
        kind: `model` for the deliverable weights, `state` for what resuming needs.
        checkpoint: The newest, or the one before it.

    Returns:
        Name to tensor on the CPU, and the file's metadata.

    Raises:
        RunFolderError: The folder holds no run.
        CheckpointError: Damaged, of a newer version, not finite; where the previous checkpoint is intact, says so.
    """
    try:
        entry = _entry(folder, checkpoint)
        return _load(folder, entry, kind)
    except CheckpointError as error:
        if checkpoint == "previous":
            raise
        try:
            step = _verified_previous(folder, kind)
        except (CheckpointError, RunFolderError):
            raise error from None
        raise CheckpointError(
            f"{error}; the previous checkpoint (step {step}) is intact: choose it with checkpoint='previous'"
        ) from error


def _entry(folder: Path, which: Which) -> Checkpoint:
    try:
        manifest = read_manifest(folder / record.CURRENT)
    except CheckpointError:
        if which == "previous" and (folder / record.PREVIOUS).exists():
            return read_manifest(folder / record.PREVIOUS).checkpoints[0]
        raise
    if which == "current":
        return manifest.checkpoints[0]
    if len(manifest.checkpoints) < 2:
        raise CheckpointError(f"{folder} holds one checkpoint only, there is no previous one")
    return manifest.checkpoints[1]


def _verified_previous(folder: Path, kind: Kind) -> int:
    entry = _entry(folder, "previous")
    _load(folder, entry, kind)
    return entry.step


def _load(folder: Path, entry: Checkpoint, kind: Kind) -> tuple[dict[str, Tensor], dict[str, str]]:
    file = entry.files[kind]
    path = folder / file.path
    tensors, metadata = read(path, sha256=file.sha256, size=file.size)
    form = metadata.get("format", "0")
    refuse_newer(int(form) if form.isdecimal() else 0, metadata.get("latentia", "of an unknown version"), path)
    if kind == "model":
        require_finite(tensors, str(path))
    return tensors, metadata
