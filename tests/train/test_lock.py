"""One process to a run folder, and a dead holder holds nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from latentia.errors import RunFolderError
from latentia.train import Plan, train
from latentia.train.lock import locked
from tests.train.small import Hooked, build, fitted, grey_data

HOLD = """
import pathlib, sys, time
from latentia.train.lock import locked
with locked(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_process_is_told_who_holds_it_and_a_dead_holder_is_no_holder(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(RunFolderError, match=f"in use by process {holder.pid};"), locked(tmp_path):
            raise AssertionError("held by another process")
        with pytest.raises(RunFolderError, match=f"in use by process {holder.pid};"):
            fitted(Plan(epochs=1, batch_size=10), tmp_path)
        holder.kill()
    with locked(tmp_path):
        assert (tmp_path / ".lock").read_text() == f"{os.getpid()}\n"
    assert (tmp_path / ".lock").read_text() == ""


def test_a_folder_is_held_while_training_and_free_afterwards(tmp_path: Path) -> None:
    data, seen = grey_data(), []
    model, objective = build(data)

    def try_it(index: int) -> None:
        with pytest.raises(RunFolderError, match=f"process {os.getpid()}"), locked(tmp_path):
            raise AssertionError("held by this run")
        seen.append(index)

    train(model, Hooked(objective, try_it), data, Plan(steps=2, batch_size=10), folder=tmp_path)
    assert seen == [0, 1]
    with locked(tmp_path):
        pass
