"""Stopping and resuming at any batch ends in the same bits as never having stopped."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from latentia.data import Batch, Resident
from latentia.data_model import DataModel
from latentia.errors import ConfigurationError
from latentia.train import Interrupted, MetricsFile, Plan, generators, load_checkpoint, read_metrics, train, weight_hash
from tests.train.small import Record, build, fitted, grey_data, real_data, signalled, state_hash, validate

PLANS = {
    "plain": Plan(epochs=2, batch_size=10, checkpoint_seconds=1e9),
    "full": Plan(
        epochs=4, batch_size=6, accumulate=2, schedule="cosine", warmup_steps=2, kl_warmup=1.0, clip_norm=1.0, ema=0.9,
        optimizer="adamw", weight_decay=0.1, learning_rate=0.05, patience=3, checkpoint_seconds=1e9,
    ),
}  # fmt: skip
Ends = dict[str, tuple[str, str, list[dict[str, Any]]]]
"""For each plan the hash of the final weights, that of the whole state, and the rows of metrics."""
STOPS = [(name, step) for name, total in (("plain", 10), ("full", 8)) for step in range(1, total + 1)]


def rows(folder: Path) -> list[dict[str, Any]]:
    """Metrics without what the clock decides."""
    return [
        {key: row[key] for key in row if key not in ("seconds", "examples_per_second")}
        for row in read_metrics(folder / "m")
    ]


def run(plan: Plan, folder: Path, *, at: int | None = None, number: int = signal.SIGTERM, resume: bool = False) -> str:
    data = grey_data()
    model, objective = build(data)
    objective = signalled(objective, at, number) if at is not None else objective
    train(
        model,
        objective,
        data,
        plan,
        folder=folder,
        validate=validate,
        resume=resume,
        reporters=[MetricsFile(folder / "m")],
    )
    return weight_hash(model.state_dict())


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> Ends:
    results = {}
    for name, plan in PLANS.items():
        folder = tmp_path_factory.mktemp(name)
        results[name] = (run(plan, folder), state_hash(folder), rows(folder))
    return results


def test_repeats_are_identical(tmp_path: Path, unbroken: Ends) -> None:
    for name, plan in PLANS.items():
        assert (run(plan, tmp_path / name), state_hash(tmp_path / name), rows(tmp_path / name)) == unbroken[name]


@pytest.mark.parametrize(("name", "step"), STOPS)
def test_resumed_at_every_step(name: str, step: int, tmp_path: Path, unbroken: Ends) -> None:
    with pytest.raises(Interrupted):
        run(PLANS[name], tmp_path, at=step)
    assert run(PLANS[name], tmp_path, resume=True) == unbroken[name][0]
    assert state_hash(tmp_path) == unbroken[name][1]
    assert rows(tmp_path) == unbroken[name][2]


def test_resumed_again_and_again(tmp_path: Path, unbroken: Ends) -> None:
    for step in (2, 3, 4, 5, 6, 9):
        with pytest.raises(Interrupted):
            run(PLANS["plain"], tmp_path, at=step, resume=True)
    assert run(PLANS["plain"], tmp_path, resume=True) == unbroken["plain"][0]
    assert rows(tmp_path) == unbroken["plain"][2]


def test_stopped_while_validating_validates_again(tmp_path: Path, unbroken: Ends) -> None:
    data = grey_data()
    model, objective = build(data)

    def interrupted(model: DataModel) -> Mapping[str, float]:
        signal.raise_signal(signal.SIGINT)
        raise AssertionError("a validation is left at once")

    with pytest.raises(Interrupted) as caught:
        train(
            model,
            objective,
            data,
            PLANS["full"],
            folder=tmp_path,
            validate=interrupted,
            reporters=[MetricsFile(tmp_path / "m")],
        )
    assert caught.value.status == 130
    assert rows(tmp_path) == []
    assert run(PLANS["full"], tmp_path, resume=True) == unbroken["full"][0]
    assert rows(tmp_path) == unbroken["full"][2]


def test_rows_written_after_the_checkpoint_are_not_doubled(tmp_path: Path, unbroken: Ends) -> None:
    with pytest.raises(Interrupted):
        run(PLANS["plain"], tmp_path, at=3)
    # as if killed later: two rows stand, the second cut short, and the checkpoint is that of step 3
    with (tmp_path / "m").open("a") as file:
        file.write('{"step": 5, "epoch": 1}\n{"step": 10, "ep')
    run(PLANS["plain"], tmp_path, resume=True)
    assert rows(tmp_path) == unbroken["plain"][2]


def test_without_the_generators_the_end_is_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unbroken: Ends
) -> None:
    with pytest.raises(Interrupted):
        run(PLANS["plain"], tmp_path, at=3)
    monkeypatch.setattr(generators, "restore", lambda found, device: None)
    assert run(PLANS["plain"], tmp_path, resume=True) != unbroken["plain"][0]


def test_without_the_position_the_end_is_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unbroken: Ends
) -> None:
    with pytest.raises(Interrupted):
        run(PLANS["plain"], tmp_path, at=3)
    batches = Resident.batches

    def from_the_start(
        self: Resident, size: int, *, seed: int | None, epoch: int = 0, start: int = 0
    ) -> Iterator[Batch]:
        return batches(self, size, seed=seed, epoch=epoch)

    monkeypatch.setattr(Resident, "batches", from_the_start)
    assert run(PLANS["plain"], tmp_path, resume=True) != unbroken["plain"][0]


def test_a_run_limited_by_minutes_resumes_with_its_elapsed_time(tmp_path: Path) -> None:
    plan = Plan(minutes=0.02, batch_size=10, schedule="linear", checkpoint_seconds=1e9)
    with pytest.raises(Interrupted):
        run(plan, tmp_path, at=3)
    record = Record()
    _, outcome = fitted(plan, tmp_path, resume=True, reporters=[record])
    assert record.starts[0].step == 3
    assert outcome.reason == "minutes"
    assert outcome.seconds >= 1.2


def test_a_finished_run_is_left_alone_or_extended(tmp_path: Path) -> None:
    plan = Plan(epochs=1, batch_size=10)
    first, _ = fitted(plan, tmp_path)
    manifest = (tmp_path / "manifest.json").read_bytes()
    again, outcome = fitted(plan, tmp_path, resume=True)
    assert (again, outcome.steps) == (first, 5)
    assert (tmp_path / "manifest.json").read_bytes() == manifest
    longer, _ = fitted(Plan(epochs=2, batch_size=10), tmp_path, resume=True)
    assert longer == fitted(Plan(epochs=2, batch_size=10))[0]


def test_steps_may_end_within_an_epoch_and_be_extended(tmp_path: Path) -> None:
    record = Record()
    _, outcome = fitted(Plan(steps=7, batch_size=10), tmp_path, reporters=[record])
    assert (outcome.reason, outcome.steps, outcome.epochs) == ("steps", 7, 1)
    assert [(row.epoch, row.step, row.last) for row in record.rows] == [(1, 5, False), (2, 7, True)]
    assert record.rows[-1].validation
    longer, _ = fitted(Plan(steps=10, batch_size=10), tmp_path, resume=True)
    assert longer == fitted(Plan(epochs=2, batch_size=10))[0]


def test_another_plan_or_other_data_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Interrupted):
        run(PLANS["plain"], tmp_path, at=3)
    with pytest.raises(ConfigurationError, match="batch_size was 10 and is 9, seed was 0 and is 1;"):
        fitted(Plan(epochs=2, batch_size=9, seed=1), tmp_path, resume=True)
    data = real_data()
    model, objective = build(data)
    with pytest.raises(ConfigurationError, match="training data are not those"):
        train(model, objective, data, PLANS["plain"], folder=tmp_path, resume=True)


def test_resuming_nothing_begins(tmp_path: Path) -> None:
    record = Record()
    plan = Plan(epochs=1, batch_size=10)
    assert fitted(plan, tmp_path, resume=True, reporters=[record])[0] == fitted(plan)[0]
    assert record.messages == ["there is no checkpoint to resume from: beginning"]


def test_the_model_holds_what_the_folder_holds(tmp_path: Path) -> None:
    data = grey_data()
    model, objective = build(data)
    train(model, objective, data, PLANS["full"], folder=tmp_path, validate=validate, metadata={"recipe": "vae"})
    tensors, metadata = load_checkpoint(tmp_path)
    assert weight_hash(tensors) == weight_hash(model.state_dict())
    assert (metadata["recipe"], metadata["kind"], metadata["weights"]) == ("vae", "model", "best")


def test_another_machine_is_told_of(tmp_path: Path) -> None:
    threads = torch.get_num_threads()
    with pytest.raises(Interrupted):
        run(PLANS["plain"], tmp_path, at=3)
    record = Record()
    fitted(replace(PLANS["plain"], threads=threads + 1), tmp_path, resume=True, reporters=[record])
    assert record.messages == [
        f"resumed elsewhere (threads was {threads} and is {threads + 1}): "
        "the result may differ in the last digits from an unbroken run"
    ]
