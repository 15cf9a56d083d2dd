"""What every command does when it is asked for what cannot be: status 2, and one line that says what to do."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

import latentia.cli.entry
from latentia.cli.commands import COMMANDS
from tests.cli.conftest import TINY
from tests.cli.shell import call

ON_RUNS = [name for name in COMMANDS if name not in ("fit", "recipes", "inspect")]


@pytest.mark.parametrize("command", [name for name in ON_RUNS if name != "decode"])
def test_no_run(command: str, tmp_path: Path) -> None:
    assert call(command).error == f"RUN is missing; latentia {command} --help shows what there is"
    assert "no such folder; give a run folder" in call(command, tmp_path / "none").error
    assert "is no run folder: it has no manifest.json" in call(command, tmp_path).error
    (tmp_path / "file").touch()
    assert "is a file" in call(command, tmp_path / "file").error


def test_errors_are_one_json_object_too(tmp_path: Path) -> None:
    done = call("evaluate", tmp_path / "none", "--json")
    assert done.json == {"error": done.error, "status": 2}
    assert call("evaluate", "--json").json["status"] == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["fitt", "digits"], "there is no command 'fitt'"),
        (["fit"], "DATA is missing: give a name, a file or a folder"),
        (["fit", "digits", "--epocs", "3"], "unknown option: --epocs. Did you mean --epochs?"),
        (
            ["fit", "digits", "--top-dim", "3"],
            "unknown option: --top-dim; the recipes top_down, bottom_up have it: add --",
        ),
        (["fit", "digits", "--recipe", "beta-va"], "did you mean 'beta_vae'?"),
        (["fit", "digits", "--epochs", "many"], 'invalid value for --epochs: unable to convert "many" into a whole'),
        (["fit", "digits", "--epochs", "0"], "epochs: 0 was given, at least 1 is expected"),
        (["fit", "digits", "--epochs", "1", "--steps", "5"], "set one of them only"),
        (["fit", "digits", "--prior", "mix"], 'Did you mean "mixture"?'),
        (["fit", "digits", "--hidden", "200", "200"], "lists are written with commas: 200,100"),
        (["fit", "digits", "--hidden", "200,x"], "'x' is not a whole number; write a list as 200,100"),
        (["fit", "digits", "--latent-dim", "0"], "latent_dim is 0"),
        (["fit", "digits", "--device", "quantum"], "device: 'quantum' cannot be used here"),
        (["fit", "digits", "--config", "none.toml"], "none.toml: No such file or directory"),
        (["fit", "nowhere.npy"], "nowhere.npy: no such file or folder"),
        (["fit", "digits", "--test", "1.5"], "test fraction 1.5 is not possible"),
        (["fit", "--resume", "nowhere"], "nowhere: no such folder"),
        (["fit", "--resume"], "which run? give its folder"),
        (["recipes", "iwea"], "did you mean 'iwae'?"),
        (["inspect"], "DATA is missing"),
        (["inspect", "nowhere/"], "no such file or folder"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, list) else None,
)
def test_messages(arguments: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert message in call(*arguments).error
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["sample", "-n", "0"], "num is 0; give at least 1"),
        (["sample", "--temperature", "-1"], "temperature is -1"),
        (["evaluate", "--num-samples", "0"], "num_samples is 0"),
        (["evaluate", "--batch-size", "0"], "batch_size is 0"),
        (["evaluate", "--split", "tset"], 'Did you mean "test"?'),
        (["evaluate", "--resize", "8"], "resize is for pictures that are given as DATA"),
        (["evaluate", "--threads", "0"], "threads is 0"),
        (["evaluate", "--checkpoint", "previous", "--device", "quantum"], "device: 'quantum' cannot be used here"),
        (["reconstruct", "-n", "-2"], "num is -2"),
        (["interpolate", "--from", "180"], "there is no row 180: digits, test split has 180, numbered from 0 to 179"),
        (["interpolate", "--steps", "1"], "steps is 1"),
        (["traverse", "--dims", "3"], "there is no latent dimension 3; this model has 3"),
        (["traverse", "--span", "0"], "span 0"),
        (["sample", "--out", "x.jpg"], "x.jpg has the suffix '.jpg'; pictures can be written as"),
        (["encode", "--out", "x.png"], "x.png has the suffix '.png'; codes can be written as .npy, .csv, .parquet"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, list) else None,
)
def test_messages_on_a_run(
    arguments: list[str], message: str, trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    command, *rest = arguments
    assert message in call(command, trained, *rest).error
    assert list(tmp_path.iterdir()) == []


def test_data_of_another_shape_or_range(trained: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "wide.npy", np.zeros((5, 9, 9), np.uint8))
    np.save(tmp_path / "high.npy", np.full((5, 8, 8), 99, np.uint8))
    np.save(tmp_path / "codes.npy", np.zeros((5, 4), np.float32))
    for command in ("evaluate", "encode", "reconstruct", "interpolate"):
        assert "rows of shape (1, 9, 9)" in call(command, trained, tmp_path / "wide.npy").error
    assert "whole numbers from 0 to 16" in call("evaluate", trained, tmp_path / "high.npy").error
    assert "codes have shape (5, 4); this model" in call("decode", trained, tmp_path / "codes.npy").error
    assert "no such file" in call("decode", trained, tmp_path / "none.npy").error


def test_nothing_is_replaced_silently(trained: Path, tmp_path: Path) -> None:
    (tmp_path / "codes.npy").write_text("precious")
    for command in ("encode", "sample", "reconstruct", "interpolate", "traverse"):
        assert "is there already" in call(command, trained, "--out", tmp_path / "codes.npy").error
    assert (tmp_path / "codes.npy").read_text() == "precious"
    assert call("encode", trained, "--out", tmp_path / "codes.npy", "--force").status == 0
    assert np.load(tmp_path / "codes.npy").shape == (180, 3)


def test_places_that_cannot_be_written(trained: Path, tmp_path: Path) -> None:
    nowhere = Path("/proc/nowhere")  # where not even the superuser can make a folder
    assert "cannot be written" in call("sample", trained, "--out", nowhere / "x.png").error
    assert "cannot be made" in call("fit", "digits", *TINY, "--out", nowhere / "run").error
    (tmp_path / "file").touch()
    assert "cannot be" in call("sample", trained, "--out", tmp_path / "file" / "x.png").error
    assert "cannot be" in call("fit", "digits", *TINY, "--out", tmp_path / "file" / "run").error
    assert "is a file" in call("fit", "digits", *TINY, "--out", tmp_path / "file").error


def test_a_damaged_model_is_refused_and_the_one_before_it_offered(trained: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(trained, run)
    newest = max((run / "checkpoints").iterdir()) / "model.safetensors"
    content = bytearray(newest.read_bytes())
    content[-1] ^= 1
    newest.unlink()
    newest.write_bytes(content)
    message = call("sample", run, "--out", tmp_path / "x.png").error
    assert "SHA-256" in message
    assert "previous" in message
    assert call("sample", run, "--checkpoint", "previous", "--out", tmp_path / "x.png").status == 0


def test_data_that_changed_or_left_since_the_training(tmp_path: Path) -> None:
    rows, run = np.random.default_rng(0).normal(size=(50, 3)), tmp_path / "run"
    np.save(tmp_path / "rows.npy", rows)
    assert call("fit", tmp_path / "rows.npy", "--steps", 1, *TINY, "--out", run, "--no-report").status == 0
    assert call("report", run, "--num-samples", 2).status == 0
    np.save(tmp_path / "rows.npy", rows + 1)
    for command in (["evaluate", run], ["encode", run], ["fit", "--resume", run], ["report", run, "--measure"]):
        assert "is not what the run" in call(*command).error
    (tmp_path / "rows.npy").unlink()
    assert "no such file" in call("evaluate", run).error
    done = call("report", run)  # the measurement is known: the page is written without pictures of the data
    assert done.status == 0
    assert "pictures of the data are left out" in done.err


def test_faults_of_our_own(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(arguments: object) -> None:
        raise ZeroDivisionError("a mistake")

    monkeypatch.setattr(latentia.cli.entry, "build", broken)
    done = call("recipes", "--json")
    assert done.status == 1
    assert done.err == (
        "latentia: error: a fault of latentia's own (ZeroDivisionError: a mistake); "
        "--debug shows the traceback: please report it\n"
    )
    assert done.json["status"] == 1
    assert "Traceback" in call("recipes", "--debug").err
