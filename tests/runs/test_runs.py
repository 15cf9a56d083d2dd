"""Runs from Python: trained, loaded, gone on with, and recipes of one's own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch

import latentia
import latentia.runs.finishing
from latentia.data import DataSpec
from latentia.errors import CheckpointError, ConfigurationError, DataError, RunFolderError
from latentia.model import VAE
from latentia.objectives import ELBO, Objective
from latentia.recipes import vae
from latentia.runs import Run
from latentia.runs.finishing import measured
from latentia.runs.signals import Termination
from latentia.runs.watching import Voice
from latentia.train import Interrupted, Plan, load_checkpoint, weight_hash
from latentia.train.reporters import End, Live, Row, Start
from latentia.train.tensors import encode

SMALL: dict[str, Any] = {"hidden": [8], "latent_dim": 2, "epochs": 1, "report": False, "reporters": []}


def own_recipe(data: DataSpec, /, *, depth: int = 1, scale: float = 1.0) -> tuple[VAE, Objective]:
    """A recipe of one's own.

    Args:
        data: What the data are.
        depth: Hidden layers.
        scale: Weight of the KL.

    References:
        None.
    """
    model, _ = vae(data, latent_dim=2, hidden=(8,) * depth)
    return model, ELBO(beta=scale)


@pytest.fixture(scope="module")
def rows() -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.random.default_rng(0).normal(3, 2, (80, 5))


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return latentia.fit("digits", out=tmp_path_factory.mktemp("runs") / "run", **SMALL)


def hash_of(run: Run) -> str:
    return weight_hash(run.model.state_dict())


def test_loading_gives_the_same_run(digits: Run) -> None:
    again = latentia.load(digits.folder)
    assert hash_of(again) == hash_of(digits)
    assert again.settings == digits.settings
    assert again.spec == digits.spec
    assert again.metrics == digits.metrics
    assert not again.model.training
    x = latentia.load_data("digits").test.x
    for use in ("encode", "reconstruct"):
        assert torch.equal(getattr(again.model, use)(x), getattr(digits.model, use)(x))
    torch.manual_seed(0)
    drawn = digits.sample(3)
    torch.manual_seed(0)
    assert torch.equal(again.sample(3), drawn)
    assert again.model.trace(x[:4], num_samples=3).log_w.shape == (3, 4)


def test_evaluation_is_that_of_the_library(digits: Run) -> None:
    found = digits.evaluate(num_samples=3, seed=4)
    again = latentia.evaluate(latentia.load(digits.folder).model, digits.split("test"), num_samples=3, seed=4)
    assert found == again
    assert digits.evaluate(split="validation", num_samples=3, seed=4) != found


def test_the_seed_decides_the_weights(tmp_path: Path, digits: Run) -> None:
    state = torch.random.get_rng_state()
    same = latentia.fit("digits", out=tmp_path / "a", **SMALL)
    other = latentia.fit("digits", out=tmp_path / "b", seed=1, **SMALL)
    assert hash_of(same) == hash_of(digits) != hash_of(other)
    assert torch.equal(torch.random.get_rng_state(), state)


def test_plan_and_options_are_two_ways_to_say_one_thing(tmp_path: Path, digits: Run) -> None:
    options = {name: value for name, value in SMALL.items() if name != "epochs"}
    run = latentia.fit("digits", out=tmp_path / "a", plan=Plan(epochs=1), **options)
    assert hash_of(run) == hash_of(digits)
    longer = latentia.fit("digits", out=tmp_path / "b", plan=Plan(epochs=1, batch_size=500), steps=2, **options)
    assert (longer.plan.epochs, longer.plan.steps, longer.plan.batch_size) == (None, 2, 500)


def test_rows_from_python(rows: np.ndarray[Any, np.dtype[np.float64]], tmp_path: Path) -> None:
    run = latentia.fit(rows, out=tmp_path / "run", **SMALL)
    assert run.settings.data is None
    loaded = latentia.load(run.folder)
    assert loaded.model.encode(rows).shape == (80, 2)
    with pytest.raises(DataError, match="handed over from Python"):
        loaded.evaluate()
    with pytest.raises(DataError, match="give the data"):
        latentia.fit(out=run.folder, resume=True)
    with pytest.raises(DataError, match="other values"):
        latentia.fit(rows + 1, out=run.folder, resume=True)
    more = latentia.fit(rows, out=run.folder, resume=True, epochs=3, report=False, reporters=[])
    straight = latentia.fit(rows, out=tmp_path / "straight", **{**SMALL, "epochs": 3})
    assert hash_of(more) == hash_of(straight)


def test_a_recipe_of_ones_own(tmp_path: Path) -> None:
    run = latentia.fit("digits", own_recipe, out=tmp_path / "run", depth=2, steps=2, report=False, reporters=[])
    assert run.options == {"depth": 2, "scale": 1.0}
    with pytest.raises(CheckpointError, match=r"recipe 'own_recipe'.*latentia.load\(\.\.\., recipe=own_recipe\)"):
        latentia.load(run.folder)
    again = latentia.load(run.folder, recipe=own_recipe)
    assert hash_of(again) == hash_of(run)
    with pytest.raises(ConfigurationError, match="pass recipe=own_recipe"):
        latentia.fit(out=run.folder, resume=True)
    more = latentia.fit(recipe=own_recipe, out=run.folder, resume=True, steps=4, report=False, reporters=[])
    assert more.metrics[-1]["step"] == 4
    with pytest.raises(ConfigurationError, match="there is no option 'dept'; did you mean 'depth'"):
        latentia.fit("digits", own_recipe, dept=2)


def test_a_recipe_cannot_take_the_name_of_a_plan_option() -> None:
    def greedy(data: DataSpec, /, *, epochs: int = 1) -> tuple[VAE, Objective]:
        """Greedy."""
        return own_recipe(data, depth=epochs)

    with pytest.raises(ConfigurationError, match="greedy has an option 'epochs'"):
        latentia.fit("digits", greedy)


def _rewrite(folder: Path, **metadata: str) -> None:
    """The run's newest model with other metadata, its hash put into the manifest: what another release would write."""
    import latentia.train.manifest as record

    tensors, before = load_checkpoint(folder, "model")
    content = encode(tensors, {**before, **metadata})
    manifest = record.read_manifest(folder / record.CURRENT)
    newest = manifest.checkpoints[0]
    file = record.File(newest.files["model"].path, content.sha256, content.size)
    (folder / file.path).unlink()
    (folder / file.path).write_bytes(b"".join(content.chunks))
    entry = record.Checkpoint(newest.step, {**newest.files, "model": file})
    changed = record.Manifest((entry, *manifest.checkpoints[1:]), manifest.finished, manifest.environment)
    (folder / record.CURRENT).write_bytes(changed.encode())


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        (
            {"recipe": "nvae"},
            r"made by the recipe 'nvae' with latentia \d.*has none of that name: install that version",
        ),
        ({"options": '{"flux": 3}'}, r"options that the recipe vae of latentia .* does not know \(flux\)"),
        ({"options": '{"latent_dim": 3, "hidden": [8]}'}, r"has shape .* and should have"),
        ({"options": "no JSON"}, "does not say what it is"),
        ({"spec": "{}"}, "does not say what it is"),
    ],
)
def test_models_that_this_release_does_not_know(metadata: dict[str, str], message: str, tmp_path: Path) -> None:
    run = latentia.fit("digits", out=tmp_path / "run", **SMALL)
    _rewrite(run.folder)
    assert hash_of(latentia.load(run.folder)) == hash_of(run)
    _rewrite(run.folder, **metadata)
    with pytest.raises(CheckpointError, match=message):
        latentia.load(run.folder)


def test_folders_that_are_no_run(tmp_path: Path) -> None:
    for folder in (tmp_path / "none", tmp_path):
        with pytest.raises(RunFolderError):
            latentia.load(folder)
    with pytest.raises(ConfigurationError, match="no data"):
        latentia.fit()
    with pytest.raises(ConfigurationError, match="which run"):
        latentia.fit("digits", resume=True)


def test_the_measurement_belongs_to_the_model(tmp_path: Path) -> None:
    """After more training an old measurement must not be taken for one of the new weights."""
    run = measured(latentia.fit("digits", out=tmp_path / "run", **SMALL), Voice([]), num_samples=2)
    assert latentia.load(run.folder).evidence == run.evidence
    assert json.loads((run.folder / "evidence.json").read_text())["split"] == "test"
    latentia.fit(out=run.folder, resume=True, **{**SMALL, "epochs": 2})
    assert latentia.load(run.folder).evidence is None


@pytest.mark.parametrize(("raised", "status"), [(KeyboardInterrupt, 130), (Termination, 143)])
def test_stopped_while_measuring(
    raised: type[BaseException], status: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(run: Run, voice: Voice) -> Run:
        raise raised

    monkeypatch.setattr(latentia.runs.finishing, "measured", interrupted)
    with pytest.raises(Interrupted) as caught:
        latentia.fit("digits", out=tmp_path / "run", **{**SMALL, "report": True})
    assert caught.value.status == status
    assert str(caught.value).endswith(f"to measure it and write its report: latentia report {tmp_path / 'run'}")
    assert latentia.load(tmp_path / "run").metrics[-1]["epoch"] == 1


class Record:
    """Keeps what a run tells."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.rows: list[Row] = []

    def start(self, event: Start) -> None:
        pass

    def live(self, event: Live) -> None:
        pass

    def row(self, event: Row) -> None:
        self.rows.append(event)

    def message(self, text: str) -> None:
        self.texts.append(text)

    def end(self, event: End) -> None:
        pass


def test_what_was_noticed_is_told(tmp_path: Path, rows: np.ndarray[Any, np.dtype[np.float64]]) -> None:
    record = Record()
    options = {name: value for name, value in SMALL.items() if name != "reporters"}
    grey = latentia.fit("digits", out=tmp_path / "a", likelihood="bernoulli", reporters=[record], **options)
    assert record.texts[:5] == [
        "data: digits, 1,437 training, 180 validation and 180 test pictures",
        "      8 x 8 pixels, 1 channel, uint8, values from 0 to 16",
        "likelihood: bernoulli, as asked (by itself it would be discretized_logistic: every value is a whole number "
        "from 0 to 16 (17 levels))",
        "preparation: values become 0 or 1 anew each time they are used, 1 with probability value/16 "
        "(dynamic binarisation)",
        f"model: vae, {sum(p.numel() for p in grey.model.parameters()):,} parameters, 2 latent dimensions",
    ]
    assert record.texts[-1] == f"run: {tmp_path / 'a'}"
    assert [row.epoch for row in record.rows] == [1]
    record = Record()
    table = np.hstack([rows, np.ones((80, 1))])
    latentia.fit(table, "top_down", out=tmp_path / "b", top_dim=3, reporters=[record], **options)
    text = "\n".join(record.texts)
    assert "likelihood: gaussian, because the values are real numbers from" in text
    assert "each column is centred and scaled" in text
    assert "note: " in text  # of the constant column
    assert "5 latent dimensions (z1: 3, z2: 2)" in text


def test_kept_files(digits: Run) -> None:
    spec = DataSpec.from_json((digits.folder / "data.json").read_text())
    assert spec == digits.spec
    lines = (digits.folder / "metrics.jsonl").read_text().splitlines()
    assert [cast(dict[str, Any], json.loads(line))["epoch"] for line in lines] == [1]


def test_giving_a_file_the_name_it_has_leaves_nothing_behind(tmp_path: Path) -> None:
    from latentia.runs.folder import link_or_copy

    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(b"weights")
    for _ in range(2):
        link_or_copy(source, target)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["source", "target"]
    assert target.read_bytes() == b"weights"
