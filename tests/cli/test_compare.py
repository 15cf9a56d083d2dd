"""`latentia compare`: the same rows, paired differences, and what is not compared."""

from __future__ import annotations

import math
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import latentia
from latentia.evaluation import log_likelihood
from latentia.report.overlaid_curves import overlaid_curves
from latentia.runs.comparing import compare
from tests.cli.conftest import TINY
from tests.cli.shell import call


@pytest.fixture(scope="module")
def runs(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Runs on the digits that differ from `trained` in one thing each."""
    home = tmp_path_factory.mktemp("compared")
    recipes = {
        "iwae": ["--recipe", "iwae", "--epochs", 2],
        "gaussian": ["--likelihood", "gaussian", "--epochs", 1],
        "bernoulli": ["--likelihood", "bernoulli", "--epochs", 1],
        "categorical": ["--likelihood", "categorical", "--epochs", 1],
        "autoencoder": ["--recipe", "autoencoder", "--epochs", 1],
    }
    for name, options in recipes.items():
        done = call("fit", "digits", *options, *TINY, "--out", home / name, "--no-report")
        assert done.status == 0, done.err
    return {"vae": trained, **{name: home / name for name in recipes}}


def test_two_runs(runs: dict[str, Path], tmp_path: Path) -> None:
    done = call("compare", runs["vae"], runs["iwae"], "-k", 20, "--out", tmp_path / "curves.png", "--json")
    found = done.json
    assert [each["run"] for each in found["runs"]] == [str(runs["vae"]), str(runs["iwae"])]
    assert {each["num_samples"] for each in found["runs"]} == {20}
    assert (found["split"], found["num_examples"], found["seed"], found["refused"]) == ("test", 180, 0, [])
    with Image.open(tmp_path / "curves.png") as picture:
        assert picture.width > 1000
    # The same numbers from Python, row by row.
    rows = latentia.load_data("digits").test
    a, b = (log_likelihood(latentia.load(runs[name]).model, rows, num_samples=20) for name in ("vae", "iwae"))
    [difference] = found["differences"]
    assert difference["difference"] == pytest.approx(float((a - b).mean()))
    assert difference["se"] == pytest.approx(float((a - b).std()) / math.sqrt(180))
    assert difference["clear"] == (abs(difference["difference"]) > 2 * difference["se"])
    nll = [each["nll"] for each in found["runs"]]
    assert difference["difference"] == pytest.approx(nll[1] - nll[0], abs=1e-4)
    # as `evaluate` has them
    assert call("evaluate", runs["vae"], "-k", 20, "--json").json["nll"] == pytest.approx(nll[0])


def test_what_people_read(runs: dict[str, Path], tmp_path: Path) -> None:
    done = call("compare", *runs.values(), "-k", 3, "--out", tmp_path / "curves.png")
    assert done.status == 0, done.err
    text = " ".join(done.out.split())
    assert "180 test rows, 3 samples each, seed 0" in text
    assert "nats a row (paired)" in text
    assert f"without a log-likelihood (prior or posterior has no density): {runs['autoencoder']}" in text
    for reason in ("densities, which depend on the unit", "drawn as black and white", "of different families"):
        assert reason in text
    # The rest of the table is given all the same.
    lines = done.out.splitlines()
    for path in runs.values():
        assert sum(line.startswith(f"{path} ") and " of 3" in line for line in lines) == 1
    assert text.endswith(f"curves: {tmp_path / 'curves.png'}")


def test_refusals_are_listed_for_programs(runs: dict[str, Path], tmp_path: Path) -> None:
    chosen = [runs[name] for name in ("vae", "categorical", "gaussian")]
    flags = ["-k", 3, "--out", tmp_path / "a.png", "--json"]
    found = call("compare", *chosen, *flags).json
    assert len(found["refused"]) == 3
    assert found["differences"] == []
    assert all(each["nll"] is not None for each in found["runs"])
    found = call("compare", *chosen, "--across-families", "--force", *flags).json
    [difference] = found["differences"]
    assert (difference["first"], difference["second"]) == (str(runs["vae"]), str(runs["categorical"]))
    assert len(found["refused"]) == 2  # densities and probabilities never meet


def test_the_order_of_the_runs_turns_the_sign_alone(runs: dict[str, Path]) -> None:
    vae, iwae = latentia.load(runs["vae"]), latentia.load(runs["iwae"])
    one, other = (compare(pair, num_samples=3).differences[0] for pair in ([vae, iwae], [iwae, vae]))
    assert one.difference == -other.difference
    assert one.se == other.se


def test_a_copy_of_a_run_does_not_differ(runs: dict[str, Path], tmp_path: Path) -> None:
    shutil.copytree(runs["vae"], tmp_path / "copy")
    done = call("compare", tmp_path / "copy", runs["vae"], "-k", 2, "--split", "validation", "--json")
    assert done.json["differences"][0]["difference"] == 0
    assert done.json["differences"][0]["clear"] is False
    # a free name in the first run's folder
    assert done.json["path"] == str(tmp_path / "copy" / "comparison.png")
    text = call("compare", tmp_path / "copy", runs["vae"], "-k", 2).out
    assert "do not differ clearly" in text
    assert text.rstrip().endswith(str(tmp_path / "copy" / "comparison-2.png"))


def test_runs_of_other_data_are_refused(runs: dict[str, Path], table: Path, tmp_path: Path) -> None:
    assert "rows of shape (1, 8, 8) and (4,)" in call("compare", runs["vae"], table).error
    for name, options in {"rows": ["--test", 0.3], "seed": ["--split-seed", 1]}.items():
        out = tmp_path / name
        assert call("fit", "digits", "--steps", 1, *options, *TINY, "--out", out, "--no-report").status == 0
    assert "1,437 train, 180 validation, 180 test rows and " in call("compare", runs["vae"], tmp_path / "rows").error
    assert "another division into splits" in call("compare", runs["vae"], tmp_path / "seed").error


def test_what_cannot_be_compared(runs: dict[str, Path], tmp_path: Path) -> None:
    assert "one run was given; a comparison needs at least two" in call("compare", runs["vae"]).error
    assert "the same run twice was given" in call("compare", runs["vae"], runs["vae"]).error
    assert "no such folder" in call("compare", runs["vae"], tmp_path / "none").error
    assert "written as .png" in call("compare", runs["vae"], runs["iwae"], "--out", tmp_path / "x.npy").error
    (tmp_path / "x.png").touch()
    assert "is there already" in call("compare", runs["vae"], runs["iwae"], "--out", tmp_path / "x.png").error
    assert "num_samples is 0" in call("compare", runs["vae"], runs["iwae"], "-k", 0, "--out", tmp_path / "y.png").error


def test_the_data_are_read_from_whichever_run_can(tmp_path: Path) -> None:
    x = np.random.default_rng(0).normal(size=(60, 3))
    np.save(tmp_path / "x.npy", x)
    small: dict[str, Any] = {"hidden": (4,), "latent_dim": 2, "steps": 2, "report": False}
    given = latentia.fit(x, out=tmp_path / "given", **small)
    named = latentia.fit(str(tmp_path / "x.npy"), out=tmp_path / "named", **small)
    found = call("compare", given.folder, named.folder, "-k", 2, "--json").json
    assert found["num_examples"] == 6
    (tmp_path / "x.npy").unlink()
    assert "cannot be read again" in call("compare", given.folder, named.folder).error


def test_curves_without_metrics_are_not_drawn() -> None:
    assert overlaid_curves({"a": [], "b": []}, [("gaussian", ["a", "b"])]) is None
    rows = [{"epoch": e, "train": {"elbo": -1.0 * e}, "validation": {}} for e in (1, 2, 3)]
    figure = overlaid_curves({"a": rows, "b" * 50: [], "c": rows}, [("gaussian", ["a", "b" * 50]), ("poisson", ["c"])])
    assert figure is not None
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["ELBO, gaussian", "ELBO, poisson"]
