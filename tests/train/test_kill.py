"""Killed twenty times at random moments and resumed each time, a run ends in the same bits as one left in peace."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path


def test_killed_twenty_times(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    paths = os.pathsep.join([str(root / "src"), str(root)])
    done = subprocess.run(
        [sys.executable, "-m", "tests.train.killed", str(tmp_path)],
        cwd=root,
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert len(told["at"]) == 20
    assert told["at"] == sorted(told["at"])  # every life went on from the last one's checkpoint
    assert len(set(told["at"])) > 8
    assert told["killed"] == told["unbroken"]
    assert not list((tmp_path / "killed").rglob("*.partial"))
