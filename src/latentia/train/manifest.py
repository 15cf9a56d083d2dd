"""The commit record of a run folder: which checkpoints there are, and what their bytes must be."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from latentia._version import __version__
from latentia.errors import CheckpointError, RunFolderError

FORMAT = 1
CURRENT, PREVIOUS = "manifest.json", "manifest.previous.json"


@dataclass(frozen=True, slots=True)
class File:
    """One file of a checkpoint: its path from the run folder, and what its content must be."""

    path: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """One checkpoint: the optimiser step it was saved at, and its files by kind (`model`, `state`)."""

    step: int
    files: Mapping[str, File]


@dataclass(frozen=True, slots=True)
class Manifest:
    """The checkpoints of a run, the newest first, whether it ended, and what it ran on."""

    checkpoints: tuple[Checkpoint, ...]
    finished: bool
    environment: Mapping[str, Any]

    def encode(self) -> bytes:
        """The file's bytes: canonical JSON that carries its own SHA-256, so that any flipped bit shows."""
        body: dict[str, Any] = {
            "format": FORMAT,
            "latentia": __version__,
            "checkpoints": [
                {
                    "step": entry.step,
                    "files": {
                        kind: {"path": file.path, "sha256": file.sha256, "bytes": file.size}
                        for kind, file in entry.files.items()
                    },
                }
                for entry in self.checkpoints
            ],
            "finished": self.finished,
            "environment": dict(self.environment),
        }
        return _canonical({**body, "digest": _digest(body)})


def _canonical(body: Mapping[str, Any]) -> bytes:
    return (json.dumps(body, indent=2, sort_keys=True) + "\n").encode()


def _digest(body: Mapping[str, Any]) -> str:
    return hashlib.sha256(_canonical(body)).hexdigest()


def refuse_newer(found: object, version: object, where: str | Path) -> None:
    """Refuses a file of a format that this release does not know, naming the release that wrote it.

    Raises:
        CheckpointError: The format is newer.
    """
    if isinstance(found, int) and found > FORMAT:
        raise CheckpointError(
            f"{where} was written by latentia {version} (format {found}); this is latentia {__version__}, which reads "
            f"formats up to {FORMAT}: install latentia {version} or newer"
        )


def read_manifest(path: Path) -> Manifest:
    """Reads and verifies a commit record.

    Raises:
        RunFolderError: There is none.
        CheckpointError: It is damaged, or of a newer format.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise RunFolderError(f"{path.parent} is not a run folder with a saved model: it has no {path.name}") from error
    except OSError as error:
        raise RunFolderError(f"{path} cannot be read: {error.strerror or error}") from error
    damaged = f"{path} is damaged: its content is not what was written"
    try:
        body = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise CheckpointError(damaged) from error
    if not isinstance(body, dict):
        raise CheckpointError(damaged)
    refuse_newer(body.get("format"), body.get("latentia", "of an unknown version"), path)
    digest = body.pop("digest", None)
    if digest != _digest(body) or _canonical({**body, "digest": digest}) != content:
        raise CheckpointError(damaged)
    return Manifest(
        checkpoints=tuple(
            Checkpoint(
                entry["step"],
                {kind: File(file["path"], file["sha256"], file["bytes"]) for kind, file in entry["files"].items()},
            )
            for entry in body["checkpoints"]
        ),
        finished=body["finished"],
        environment=body["environment"],
    )
