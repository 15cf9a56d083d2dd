"""Every kind of run gets the pictures that have a meaning for it, the same ones each time, and leaves no trace."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from latentia.data_model import DataModel
from latentia.operate import as_pixels
from latentia.report import PICTURES, draw_pictures
from latentia.report.curves import loss_curves, series
from latentia.report.style import DPI, WIDTH
from tests.report.runs import KINDS, rows, run_of

Drawn = Callable[[str], dict[str, Path]]
USUAL = {"reconstructions", "samples", "traversals", "latent_map", "curves", "kl_per_dim"}
WANTED = {
    "wide table": USUAL - {"kl_per_dim"} | {"code_spread"},
    "mixed table": USUAL - {"kl_per_dim"} | {"code_spread"},
    "autoencoder": USUAL - {"kl_per_dim", "samples"} | {"code_spread"},
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_right_pictures_in_reading_order(drawn: Drawn, kind: str) -> None:
    pictures = drawn(kind)
    assert set(pictures) == WANTED.get(kind, USUAL)
    assert list(pictures) == [name for name in PICTURES if name in pictures]
    for name, path in pictures.items():
        assert path.name == f"{name}.png"
        with Image.open(path) as image:
            image.verify()
            assert image.width <= WIDTH * DPI
            assert image.height < 2500
    assert len(list(next(iter(pictures.values())).parent.iterdir())) == len(pictures)


@pytest.mark.parametrize("kind", ["colour", "table"])
def test_the_same_pictures_each_time_and_no_trace(drawn: Drawn, kind: str, tmp_path: Path) -> None:
    run, first = run_of(kind), drawn(kind)
    run.model.train()
    before = torch.get_rng_state()
    again = draw_pictures(run, tmp_path / "new" / "folder")
    assert torch.equal(before, torch.get_rng_state())
    assert run.model.training
    run.model.eval()
    for name, path in first.items():
        assert path.read_bytes() == again[name].read_bytes(), name


def test_originals_stand_above_their_reconstructions(drawn: Drawn) -> None:
    """Pixel for pixel: the first test picture is found in the first row, magnified."""
    run = run_of("grey")
    assert run.dataset is not None
    original = as_pixels(run.dataset.test.x[:1], run.spec)[0, :, :, 0]
    with Image.open(drawn("grey")["reconstructions"]) as image:
        pixels = np.asarray(image.convert("L"))
    found = []
    for magnify in range(10, 30):
        wanted = original.repeat(magnify, 0).repeat(magnify, 1)
        side = len(wanted)
        found += [x for x in range(60, 250) if np.array_equal(pixels[16 : 16 + side, x : x + side], wanted)]
    assert len(found) == 1


def test_without_data_what_needs_none_is_drawn(tmp_path: Path) -> None:
    pictures = draw_pictures(replace(run_of("grey"), dataset=None), tmp_path)
    assert list(pictures) == ["samples", "traversals", "curves"]


def test_without_metrics_there_are_no_curves(tmp_path: Path) -> None:
    assert "curves" not in draw_pictures(replace(run_of("grey"), dataset=None, metrics=()), tmp_path)


def test_names_that_no_font_has_and_no_formula_is_meant(tmp_path: Path) -> None:
    hostile = ("$\\frac{$", "价格", "<b>\n\x07" * 9)
    grey, table = run_of("grey"), run_of("table")
    assert grey.dataset is not None
    classes = replace(grey.spec, classes=hostile)
    labelled = replace(grey, model=DataModel(grey.model.vae, classes), dataset=replace(grey.dataset, spec=classes))
    assert "latent_map" in draw_pictures(labelled, tmp_path)
    columns = replace(table.spec, names=(*hostile, "d"))
    named = replace(table, model=DataModel(table.model.vae, columns))
    assert {"samples", "reconstructions", "traversals"} <= set(draw_pictures(named, tmp_path))


def test_pyplot_and_its_global_state_are_not_touched() -> None:
    code = "import latentia.report, sys; assert 'matplotlib.pyplot' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_curves_skip_what_is_missing() -> None:
    some = rows(4)
    some[1]["validation"] = {}
    some[2]["train"]["elbo"] = None
    assert series(some, "validation", "elbo")[:, 0].tolist() == [1.0, 3.0, 4.0]
    assert series(some, "train", "elbo")[:, 0].tolist() == [1.0, 2.0, 4.0]
    assert loss_curves(some) is not None
    assert loss_curves([{"step": 1, "epoch": 1, "train": {}}]) is None
    assert loss_curves([]) is None


@pytest.mark.parametrize("epochs", [1, 2, 40])
def test_curves_of_any_length(epochs: int) -> None:
    figure = loss_curves(rows(epochs))
    assert figure is not None
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["ELBO", "reconstruction term", "KL"]


def test_first_epochs_far_off_are_cut_off_and_said_so() -> None:
    far = rows(40)
    far[0]["train"] = {"elbo": -1e6}
    figure = loss_curves(far)
    assert figure is not None
    low, high = figure.axes[0].get_ylim()
    assert -60 < low < high < 0
    assert "−1,000,000 (cut off)" in [text.get_text().removeprefix("from ") for text in figure.axes[0].texts]


def test_a_weight_that_changes_is_drawn() -> None:
    warming = [{**row, "kl_weight": min(1.0, row["epoch"] / 3)} for row in rows()]
    figure = loss_curves(warming)
    assert figure is not None
    assert figure.axes[-1].get_ylabel() == "KL weight"
