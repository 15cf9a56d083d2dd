"""The command line called as a program is: in this process for speed, in one of its own where that matters."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from latentia.cli import main

SOURCE = Path(__file__).parents[2] / "src"


@dataclass(frozen=True)
class Done:
    """What a command left behind."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """Standard output, which must be one JSON object and nothing else, without NaN."""

        def refuse(word: str) -> None:
            raise AssertionError(f"{word} is no JSON")

        assert self.out.count("\n") == 1, self.out
        found = json.loads(self.out, parse_constant=refuse)
        assert isinstance(found, dict)
        return found

    @property
    def error(self) -> str:
        """The one line on standard error that a refused command leaves, without its beginning."""
        assert self.status == 2, (self.status, self.err)
        line = self.err.splitlines()[-1]
        assert line.startswith("latentia: error: "), self.err
        assert "Traceback" not in self.err
        return line.removeprefix("latentia: error: ")


def call(*arguments: object) -> Done:
    """The command line in this process."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = main([str(each) for each in arguments])
    return Done(status, out.getvalue(), err.getvalue())


def environment() -> dict[str, str]:
    """Of a process of its own: one thread, as in the tests, and the package from the source."""
    path = os.pathsep.join(filter(None, [str(SOURCE), os.environ.get("PYTHONPATH")]))
    return {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1", "COLUMNS": "80"}


def start(*arguments: object, **settings: Any) -> subprocess.Popen[str]:
    """The command line in a process of its own, begun."""
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **settings}
    command = [sys.executable, "-m", "latentia", *map(str, arguments)]
    return subprocess.Popen(command, text=True, env=environment(), **pipes)


def run(*arguments: object, cwd: Path | None = None) -> Done:
    """The command line in a process of its own, to its end."""
    process = start(*arguments, cwd=cwd)
    out, err = process.communicate(timeout=120)
    return Done(process.returncode, out, err)
