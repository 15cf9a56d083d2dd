"""Ctrl-C, SIGTERM and readers who leave, on the real program."""

from __future__ import annotations

import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.conftest import TINY
from tests.cli.shell import call, environment, start
from tests.cli.test_fit import hash_of

LENGTH = ("--epochs", 60, "--validate-every", 30)


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The weights of a run that nothing disturbed."""
    folder = tmp_path_factory.mktemp("unbroken") / "run"
    done = call("fit", "digits", *LENGTH, *TINY, "--out", folder, "--no-report")
    assert done.status == 0, done.err
    return hash_of(folder)


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_stopped_and_resumed(number: signal.Signals, status: int, unbroken: str, tmp_path: Path) -> None:
    run = tmp_path / "run"
    process = start("fit", "digits", *LENGTH, *TINY, "--out", run, "--no-report", "--json")
    assert process.stderr is not None
    while "epoch" not in (line := process.stderr.readline()) or "training" in line:
        assert process.poll() is None, "ended before its first epoch"
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == status, err
    assert f"to go on: latentia fit --resume {run}" in err.splitlines()[-1]
    assert f'"status": {status}' in out
    assert out.count("\n") == 1
    done = call("fit", "--resume", run, "--no-report")
    assert done.status == 0, done.err
    assert "resuming after step" in done.err
    assert hash_of(run) == unbroken


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_stopped_before_training(number: signal.Signals, status: int, tmp_path: Path) -> None:
    process = start("fit", "digits", *TINY, "--out", tmp_path / "run")
    time.sleep(0.7)  # torch is being imported
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    if "epoch" not in err:  # a very fast machine may train already
        assert process.returncode == status, err
        assert err == "latentia: error: stopped\n"
        assert not (tmp_path / "run").exists()


def test_a_reader_who_leaves_loses_nothing(unbroken: str, tmp_path: Path) -> None:
    run = tmp_path / "run"
    process = start("fit", "digits", *LENGTH, *TINY, "--out", run, "--no-report", stderr=subprocess.STDOUT)
    assert process.stdout is not None
    assert process.stdout.readline()
    process.stdout.close()  # `2>&1 | head -1`
    assert process.wait(timeout=60) == 0
    assert hash_of(run) == unbroken


@pytest.mark.parametrize("arguments", ["recipes", "recipes --json", "fit --help", "--help"])
def test_a_closed_pipe_is_quiet(arguments: str) -> None:
    shell = f"set -o pipefail; {shlex.quote(sys.executable)} -m latentia {arguments} | true; echo status $?"
    done = subprocess.run(
        ["bash", "-c", shell], env=environment(), capture_output=True, text=True, timeout=60, check=True
    )
    assert (done.stdout, done.stderr) == ("status 0\n", "")
