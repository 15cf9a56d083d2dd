"""`metrics.jsonl`: one line an epoch, each line once, however often the run was stopped and resumed."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from latentia.errors import RunFolderError
from latentia.train.durable import write_file
from latentia.train.reporters.events import End, Live, Row, Start

NAME = "metrics.jsonl"


class MetricsFile:
    """Writes rows of metrics as JSON lines.

    When a run is resumed, the lines after its checkpoint are dropped, as is a line cut short by a kill: training writes
    them again. A row that cannot be written leaves no half line behind.

    Args:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def start(self, event: Start) -> None:
        """Drops what a resumed run will write again; for a new run, everything."""
        if self.path.exists():
            kept = [row for row in read_metrics(self.path) if row["step"] <= event.reported]
            write_file(self.path, [_line(row) for row in kept])

    def live(self, event: Live) -> None:
        """Nothing: a line is an epoch."""

    def row(self, event: Row) -> None:
        """Appends a line."""
        line = _line(
            {
                "step": event.step,
                "epoch": event.epoch,
                "train": _numbers(event.train),
                "validation": _numbers(event.validation),
                "learning_rate": event.learning_rate,
                "kl_weight": event.kl_weight,
                "examples_per_second": round(event.examples_per_second, 1),
                "seconds": round(event.seconds, 3),
            }
        )
        os.makedirs(self.path.parent, exist_ok=True)
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o666)
        try:
            size = os.fstat(descriptor).st_size
            try:
                written = os.write(descriptor, line)
                if written < len(line):
                    os.write(descriptor, line[written:])
            except OSError:
                os.ftruncate(descriptor, size)
                raise
        finally:
            os.close(descriptor)

    def message(self, text: str) -> None:
        """Nothing: messages are for people."""

    def end(self, event: End) -> None:
        """Nothing: every line is on its way already."""


def read_metrics(path: Path) -> list[dict[str, Any]]:
    """The rows of a metrics file, oldest first; a last line that was cut short is left out.

    Args:
        path: The file; one that is missing has no rows.

    Returns:
        For each row `step`, `epoch`, `train`, `validation`, `learning_rate`, `kl_weight`, `examples_per_second` and
        `seconds`.

    Raises:
        RunFolderError: A line is not a row: names it.
    """
    try:
        lines = path.read_bytes().split(b"\n")
    except FileNotFoundError:
        return []
    rows: list[dict[str, Any]] = []
    for number, line in enumerate(lines[:-1], start=1):
        try:
            row = json.loads(line)
            rows.append({**row, "step": int(row["step"])})
        except (ValueError, TypeError, KeyError) as error:
            raise RunFolderError(
                f"{path}, line {number}: not a row of metrics; remove the line or restore the file"
            ) from error
    return rows


def _line(row: Mapping[str, Any]) -> bytes:
    return (json.dumps(row, allow_nan=False) + "\n").encode()


def _numbers(values: Mapping[str, float]) -> dict[str, float | None]:
    """JSON has no NaN: a figure that is not finite becomes null."""
    return {name: value if math.isfinite(value) else None for name, value in values.items()}
