"""`latentia fit`: the folder it leaves, its configuration files, and that it is the same as from Python."""

from __future__ import annotations

import json
import shutil
import tomllib
from pathlib import Path

import pytest

import latentia
from latentia.runs import Run
from latentia.train import weight_hash
from tests.cli.conftest import TINY
from tests.cli.shell import call


def hash_of(run: Run | Path) -> str:
    """SHA-256 of a run's weights."""
    return weight_hash((run if isinstance(run, Run) else latentia.load(run)).model.state_dict())


def test_the_whole_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = call("fit", "digits", "--epochs", 1, *TINY, "--json")
    found = done.json
    folder = tmp_path / "runs" / "digits-vae-1"
    assert (found["run"], found["report"]) == ("runs/digits-vae-1", "runs/digits-vae-1/report.html")
    assert (found["recipe"], found["epochs"], found["steps"], found["num_examples"]) == ("vae", 1, 12, 180)
    assert found["nll"] <= -found["elbo"]
    kept = {path.name for path in folder.iterdir()}
    assert {
        "config.toml", "data.json", "manifest.json", "model.safetensors", "metrics.jsonl", "evidence.json",
        "report.html", "pictures", "checkpoints",
    } <= kept  # fmt: skip
    for line in (
        "data: digits, 1,437 training",
        "likelihood: discretized_logistic, because",
        "preparation: values are",
    ):
        assert line in done.err
    evidence = json.loads((folder / "evidence.json").read_text())
    assert evidence["nll"] == found["nll"]
    saved = json.loads((folder / "manifest.json").read_text())["checkpoints"][0]["files"]["model"]
    assert (folder / "model.safetensors").read_bytes() == (folder / saved["path"]).read_bytes()
    # the next one gets the next number, and this report can be written again
    assert call("fit", "digits", "--epochs", 1, *TINY, "--no-report").out == "run: runs/digits-vae-2\n"
    page = (folder / "report.html").read_text()
    (folder / "report.html").unlink()
    again = call("report", "runs/digits-vae-1", "--json").json
    assert again["nll"] == found["nll"]
    assert len((folder / "report.html").read_text()) == pytest.approx(len(page), rel=0.05)


def test_python_and_command_line_give_the_same_weights(trained: Path, tmp_path: Path) -> None:
    run = latentia.fit(
        "digits", epochs=3, hidden=[16], latent_dim=3, threads=1, out=tmp_path / "run", report=False, reporters=[]
    )
    assert hash_of(run) == hash_of(trained)
    assert hash_of(latentia.load(run.folder)) == hash_of(run)


def test_a_runs_configuration_repeats_the_run(trained: Path, tmp_path: Path) -> None:
    done = call("fit", "--config", trained / "config.toml", "--out", tmp_path / "run", "--no-report")
    assert done.status == 0, done.err
    assert hash_of(tmp_path / "run") == hash_of(trained)
    first, second = (path.joinpath("config.toml").read_text() for path in (trained, tmp_path / "run"))
    assert first == second
    assert tomllib.loads(first)["model"]["likelihood"] == "discretized_logistic"


def test_the_command_line_wins_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "own.json"
    file.write_text(
        json.dumps({"recipe": "beta_vae", "beta": 2, "hidden": [8], "training": {"batch-size": 99, "epochs": 9}})
    )
    done = call("fit", "digits", "--config", file, "--steps", 2, "--beta", 3, "--out", tmp_path / "run", "--no-report")
    assert done.status == 0, done.err
    run = latentia.load(tmp_path / "run")
    assert run.recipe.name == "beta_vae"
    assert (run.options["beta"], run.options["hidden"]) == (3.0, (8,))
    assert (run.plan.batch_size, run.plan.steps, run.plan.epochs) == (99, 2, None)


def test_yaml(tmp_path: Path) -> None:
    pytest.importorskip("yaml")
    file = tmp_path / "own.yaml"
    file.write_text("data: digits\nlatent_dim: 2\nhidden: [8, 8]\nsteps: 1\nlearning_rate: 1e-3\nnorm: true\n")
    done = call("fit", "--config", file, "--out", tmp_path / "run", "--no-report")
    assert done.status == 0, done.err
    run = latentia.load(tmp_path / "run")
    assert (run.options["hidden"], run.options["norm"], run.plan.learning_rate) == ((8, 8), True, 1e-3)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.toml", "epocs = 3", "epocs"),
        ("a.toml", "epochs = ", "is no valid TOML"),
        ("a.json", "[1]", "holds no names with values"),
        ("a.json", '{"epochs": 1, "training": {"epochs": 2}}', "epochs stands there twice"),
        ("a.toml", 'epochs = "many"', "many"),
        ("a.toml", 'recipe = "vea"', "did you mean 'vae'?"),
        ("a.txt", "epochs = 3", "configurations are read from .toml, .json and .yaml files"),
    ],
)
def test_files_that_are_refused(name: str, text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    assert message in call("fit", "digits", "--config", tmp_path / name, "--out", tmp_path / "run").error
    assert not (tmp_path / "run").exists()


def test_resume_goes_on_to_the_same_weights(tmp_path: Path) -> None:
    straight, broken = tmp_path / "straight", tmp_path / "broken"
    call("fit", "digits", "--epochs", 4, *TINY, "--out", straight, "--no-report")
    call("fit", "digits", "--epochs", 2, *TINY, "--out", broken, "--no-report")
    assert "holds a run already; go on with it (latentia fit --resume" in call("fit", "digits", "--out", broken).error
    for option, value, message in (
        ("--latent-dim", 5, "latent_dim was 3 and is 5"),
        ("--learning-rate", 0.1, "learning_rate was 0.001 and is 0.1"),
        ("--recipe", "iwae", "recipe was 'vae' and is 'iwae'"),
        ("--test", 0.3, "test was None and is 0.3"),
        ("--epochs", 1, "12 steps in all were asked for; the run in"),
    ):
        assert message in call("fit", "--resume", broken, option, value).error
    done = call("fit", "--resume", broken, "--epochs", 4, "--no-report")
    assert done.status == 0, done.err
    assert "resuming after step 24" in done.err
    assert hash_of(broken) == hash_of(straight)
    assert tomllib.loads((broken / "config.toml").read_text())["training"]["epochs"] == 4
    assert len((broken / "metrics.jsonl").read_text().splitlines()) == 4


def test_the_ways_to_say_resume(trained: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(trained, run)
    for arguments in (["--resume", run], ["--out", run, "--resume"], ["digits", "--out", run, "--resume"],
                      ["--out", run, "--resume", "digits"], [f"--resume={run}", "--epochs", 3]):  # fmt: skip
        done = call("fit", *arguments, "--no-report")
        assert (done.status, done.out) == (0, f"run: {run}\n"), done.err
    assert hash_of(run) == hash_of(trained)


def test_resume_refuses_other_data(table: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(table, run)
    assert "rows of shape (1, 8, 8), and the run's had (4,)" in call("fit", "digits", "--out", run, "--resume").error


def test_a_run_in_which_nothing_was_trained_can_be_begun(trained: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    for name in ("config.toml", "data.json"):
        shutil.copy(trained / name, run)
    assert "no run folder" not in call("fit", "digits", "--out", run).error
    assert call("fit", "--resume", run, "--no-report").status == 0
    assert hash_of(run) == hash_of(trained)


def test_what_cannot_be_built_leaves_no_folder(tmp_path: Path) -> None:
    refused = call("fit", "digits", "--network", "conv", "--width", 0, "--out", tmp_path / "run")
    assert refused.error
    assert not (tmp_path / "run").exists()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.txt").touch()
    assert "has other files in it and is no run" in call("fit", "digits", "--out", tmp_path / "other").error
