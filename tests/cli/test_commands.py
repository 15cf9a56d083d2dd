"""Every command on a trained run, end to end."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import latentia
from latentia.evaluation.metrics import METRICS
from tests.cli.shell import call


def test_evaluate(trained: Path) -> None:
    found = call("evaluate", trained, "--num-samples", 20, "--json").json
    assert {"elbo", "elbo_se", "nll", "nll_se", "bits_per_dim", "kl", "active_units", "run"} <= set(found)
    assert (found["num_samples"], found["num_examples"], found["split"]) == (20, 180, "test")
    assert found["nll"] <= -found["elbo"]
    assert found["bits_per_dim"] == pytest.approx(found["nll"] / (64 * math.log(2)))
    # the same numbers as from Python, with the same seed
    run = latentia.load(trained)
    assert run.evaluate(num_samples=20).nll == pytest.approx(found["nll"], rel=1e-12)
    text = call("evaluate", trained, "-k", 20).out
    assert f"{found['nll']:.2f}" in text
    assert "of 3 latent dimensions active" in text


def test_evaluate_says_whether_to_trust_its_estimate(trained: Path) -> None:
    found = call("evaluate", trained, "-k", 100, "--json").json
    text = call("evaluate", trained, "-k", 100).out
    assert found["k_hat_verdict"] in text
    assert 0 <= found["k_hat_high"] <= 1
    assert found["dequantisation"]
    other = call("evaluate", trained, "-k", 100, "--batch-size", 3, "--json").json
    assert other["nll"] == pytest.approx(found["nll"], rel=1e-5)


def test_evaluate_by_the_names_of_metrics(trained: Path) -> None:
    asked = ("--metrics", "likelihood,decomposition,health,ais", "-k", 5, "--rows", 3, "--temperatures", 5)
    found = call("evaluate", trained, *asked, "--json").json
    assert found["num_samples"] == 5
    assert (found["ais"]["num_examples"], found["ais"]["num_temperatures"]) == (3, 5)
    assert found["decomposition"]["kl"] == pytest.approx(
        sum(found["decomposition"][part] for part in ("information", "correlation", "dimensions"))
    )
    assert found["health"]["latent_dim"] == 3
    text = call("evaluate", trained, *asked).out
    assert "health: " in text
    assert "±" in text
    alone = call("evaluate", trained, "--metrics", "health", "--json").json
    assert set(alone) == {"run", "data", "split", "health"}


def test_unknown_metrics_are_refused_with_the_list(trained: Path) -> None:
    done = call("evaluate", trained, "--metrics", "likelihood,bleu")
    assert done.status == 2
    assert "no metric 'bleu'" in done.error
    listed = call("evaluate", trained, "--metrics", "list").out
    for name in METRICS:
        assert name in listed
        assert f"{name} (" in done.error
    assert call("evaluate", trained, "--metrics", ",").status == 2


def test_evaluate_other_rows(trained: Path, tmp_path: Path) -> None:
    rows = latentia.load_data("digits").validation.x[:30].numpy()
    np.save(tmp_path / "rows.npy", rows)
    found = call("evaluate", trained, tmp_path / "rows.npy", "-k", 2, "--json").json
    assert (found["num_examples"], found["split"], found["data"]) == (30, "all", str(tmp_path / "rows.npy"))
    assert call("evaluate", trained, "--split", "validation", "-k", 2, "--json").json["num_examples"] == 180


def test_encode_and_decode(trained: Path, tmp_path: Path) -> None:
    run = latentia.load(trained)
    expected = run.model.encode(latentia.load_data("digits").test.x)
    for name in ("codes.npy", "codes.csv", "codes.parquet"):
        found = call("encode", trained, "--out", tmp_path / name, "--json").json
        assert found["shape"] == [180, 3]
        assert found["names"] == ["z[0]", "z[1]", "z[2]"]
        decoded = tmp_path / f"{name}-decoded.npy"
        assert call("decode", trained, tmp_path / name, "--out", decoded).status == 0
        assert np.array_equal(np.load(decoded), run.model.decode(expected).numpy())
    assert np.array_equal(np.load(tmp_path / "codes.npy"), expected.numpy())
    assert call("encode", trained, "--split", "all", "-o", tmp_path / "all.npy", "--json").json["shape"] == [1797, 3]


def test_sample_from_a_density_fitted_to_the_codes(trained: Path, tmp_path: Path) -> None:
    found = call(
        "sample", trained, "-n", 4, "--density", "mixture", "--components", 3, "-o", tmp_path / "a.npy", "--json"
    )
    assert found.json["density"] == "mixture"
    call("sample", trained, "-n", 4, "--out", tmp_path / "b.npy")
    assert not np.array_equal(np.load(tmp_path / "a.npy"), np.load(tmp_path / "b.npy"))
    again = latentia.load(trained).with_density("mixture", components=3)
    assert again.sample(2).shape == (2, 1, 8, 8)


def test_sample(trained: Path, tmp_path: Path) -> None:
    found = call("sample", trained, "-n", 5, "--out", tmp_path / "a.npy", "--json").json
    assert found["shape"] == [5, 1, 8, 8]
    call("sample", trained, "-n", 5, "--out", tmp_path / "b.npy")
    call("sample", trained, "-n", 5, "--seed", 1, "--out", tmp_path / "c.npy")
    a, b, c = (np.load(tmp_path / f"{name}.npy") for name in "abc")
    assert np.array_equal(a, b)
    assert not np.array_equal(a, c)
    call("sample", trained, "-n", 5, "--draw", "--out", tmp_path / "d.npz")
    drawn = np.load(tmp_path / "d.npz")["x"]
    assert np.array_equal(drawn, np.rint(drawn))  # draws lie on the levels of the data, means between them
    assert not np.array_equal(a, np.rint(a))
    call("sample", trained, "-n", 5, "--temperature", 0, "--out", tmp_path / "e.npy")
    cold = np.load(tmp_path / "e.npy")
    assert np.allclose(cold[0], cold[4], atol=1e-4)
    assert not np.allclose(a[0], a[4], atol=1e-4)


def test_pictures_get_free_names_in_the_run_folder(trained: Path) -> None:
    commands = {"sample": "samples", "reconstruct": "reconstructions", "interpolate": "interpolation"}
    for command, stem in (*commands.items(), ("traverse", "traversals")):
        for name in (f"{stem}.png", f"{stem}-2.png"):
            done = call(command, trained)
            assert done.status == 0, done.err
            assert done.out.rstrip().endswith(str(trained / name))
            with Image.open(trained / name) as picture:
                assert picture.width > 8


def test_a_folder_of_samples(trained: Path, tmp_path: Path) -> None:
    assert call("sample", trained, "-n", 3, "--out", tmp_path / "samples").status == 0
    assert sorted(path.name for path in (tmp_path / "samples").iterdir()) == ["0.png", "1.png", "2.png"]
    assert "not an empty folder" in call("sample", trained, "-n", 3, "--out", tmp_path / "samples").error


def test_reconstruct(trained: Path, tmp_path: Path) -> None:
    found = call("reconstruct", trained, "--out", tmp_path / "all.npy", "--json").json
    x = latentia.load_data("digits").test.x
    back = np.load(tmp_path / "all.npy")
    assert back.shape == x.shape
    assert found["mse"] == pytest.approx(float(np.square(back.astype(float) - x.numpy()).mean()))
    assert call("reconstruct", trained, "-n", 7, "--json").json["num_examples"] == 7


def test_interpolate(trained: Path, tmp_path: Path) -> None:
    found = call("interpolate", trained, "--from", 2, "--to", -1, "--steps", 4, "--out", tmp_path / "a.npy", "--json")
    assert found.json["shape"] == [1, 4, 1, 8, 8]
    run, x = latentia.load(trained), latentia.load_data("digits").test.x
    ends = run.model.reconstruct(torch.stack([x[2], x[-1]]))
    assert np.allclose(np.load(tmp_path / "a.npy")[0, [0, -1]], ends.numpy(), atol=1e-5)
    call("interpolate", trained, "--from", 2, "--to", -1, "--steps", 4, "--how", "spherical", "-o", tmp_path / "b.npy")
    assert not np.allclose(np.load(tmp_path / "a.npy")[0, 1], np.load(tmp_path / "b.npy")[0, 1])


def test_traverse(trained: Path, tmp_path: Path) -> None:
    found = call("traverse", trained, "--dims", "2,0", "--steps", 5, "--out", tmp_path / "a.npy", "--json").json
    assert (found["dims"], found["shape"]) == ([2, 0], [2, 5, 1, 8, 8])
    centre = latentia.load(trained).model.decode(torch.zeros(1, 3))[0]
    assert np.allclose(np.load(tmp_path / "a.npy")[:, 2], centre.numpy(), atol=1e-5)
    call("traverse", trained, "--dims", 1, "--steps", 5, "--row", 3, "--out", tmp_path / "b.npy")
    run = latentia.load(trained)
    own = run.model.reconstruct(latentia.load_data("digits").test.x[3:4])
    assert np.allclose(np.load(tmp_path / "b.npy")[0, 2], own[0].numpy(), atol=1e-5)


def test_tables(table: Path, tmp_path: Path) -> None:
    assert call("sample", table, "-n", 3, "--out", tmp_path / "new.csv").status == 0
    lines = (tmp_path / "new.csv").read_text().splitlines()
    assert (len(lines), len(lines[0].split(","))) == (4, 4)
    for command in ("reconstruct", "interpolate", "traverse"):
        done = call(command, table)
        assert done.status == 0, done.err
        assert done.out.rstrip().endswith(".csv")
    found = call("evaluate", table, "-k", 5, "--json").json
    assert found["units"].startswith("nats of density")


def test_an_autoencoder_says_what_it_lacks(tmp_path: Path) -> None:
    run = tmp_path / "run"
    call(
        "fit", "digits", "--recipe", "linear_autoencoder", "--epochs", 1, "--latent-dim", 2, "--out", run, "--no-report"
    )
    found = call("evaluate", run, "--json").json
    assert [found[name] for name in ("elbo", "nll", "nll_se", "bits_per_dim", "kl")] == [None] * 5
    assert "no likelihood bound" in call("evaluate", run).out
    done = call("evaluate", run, "--metrics", "ais")
    assert done.status == 2
    assert "ais: this model has no likelihood" in done.error
    everything = call("evaluate", run, "--metrics", "all", "--json").json
    assert "no likelihood" in everything["ais"]["refused"]
    assert everything["health"]["kl"] is None
    assert "prior" in call("sample", run).error


def test_inspect(tmp_path: Path) -> None:
    found = call("inspect", "digits", "--json").json
    assert (found["shape"], found["likelihood"], found["levels"]) == ([1, 8, 8], "discretized_logistic", 17)
    text = call("inspect", "digits").out
    assert "likelihood: discretized_logistic, because every value is a whole number from 0 to 16" in text
    rows = np.ones((20, 2))
    rows[3, 1] = np.nan
    np.save(tmp_path / "holes.npy", rows)
    done = call("inspect", tmp_path / "holes.npy")
    assert done.status == 0
    assert "problem: " in done.out
    assert "row 3" in done.out
