"""What people and tools are told while a model trains."""

from __future__ import annotations

import io
import json
import signal
from pathlib import Path

import pytest
from rich.console import Console

from latentia.errors import MissingExtraError, RunFolderError
from latentia.train import Interrupted, MetricsFile, Plan, TensorBoard, progress, read_metrics, train
from latentia.train.reporters import End, Live, Row, Start, tensorboard
from latentia.train.reporters.fan_out import Reporters
from latentia.train.reporters.progress import LiveLine, PlainLines
from latentia.train.schedule import Horizon
from tests.train.small import Record, build, fitted, grey_data, signalled, validate

TRAIN = {"loss": 98.2, "elbo": -98.2, "reconstruction": -78.1, "kl": 20.1}
VALIDATION = {"elbo": -99.31, "bits_per_dim": 0.1827, "active_units": 18.0}


def start(plan: Plan, step: int = 0) -> Start:
    return Start(
        plan=plan,
        horizon=Horizon.resolve(plan, 1000),
        num_examples=1000,
        step=step,
        reported=-1,
        device="cpu",
        folder=None,
    )


def row(epoch: int, *, last: bool = False) -> Row:
    return Row(
        epoch=epoch,
        epochs=50,
        step=epoch * 8,
        train=TRAIN,
        validation=VALIDATION,
        best=True,
        learning_rate=0.1,
        kl_weight=1.0,
        examples_per_second=41_234.5,
        seconds=float(epoch),
        last=last,
    )


def live(fraction: float) -> Live:
    return Live(
        epoch=3,
        epochs=50,
        step=20,
        fraction=fraction,
        train=TRAIN,
        validation=VALIDATION,
        examples_per_second=41_234.5,
        remaining=95.0,
    )


END = End(reason="epochs", step=400, seconds=65.0, weights="best", validation=VALIDATION)


def test_one_row_an_epoch_in_json() -> None:
    record = Record()
    fitted(Plan(epochs=2, batch_size=10), reporters=[record])
    assert [(r.epoch, r.step, r.last) for r in record.rows] == [(1, 5, False), (2, 10, True)]
    assert set(record.rows[0].train) == {"loss", "elbo", "reconstruction", "kl"}
    assert set(record.rows[0].validation) == {"elbo", "kl"}
    assert record.starts[0].num_examples == 45


def test_rows_not_validated_say_so() -> None:
    record = Record()
    fitted(Plan(epochs=3, batch_size=10, validate_every=2), reporters=[record])
    assert [bool(r.validation) for r in record.rows] == [False, True, True]


def test_metrics_file(tmp_path: Path) -> None:
    path = tmp_path / "new" / "metrics.jsonl"
    file = MetricsFile(path)
    file.start(start(Plan()))
    file.row(row(1))
    file.row(
        Row(
            epoch=2,
            epochs=None,
            step=16,
            train={"elbo": float("nan")},
            learning_rate=0.1,
            kl_weight=1,
            examples_per_second=1,
            seconds=2,
        )
    )
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert lines == read_metrics(path)
    assert lines[0] == {
        "step": 8, "epoch": 1, "train": TRAIN, "validation": VALIDATION, "learning_rate": 0.1, "kl_weight": 1.0,
        "examples_per_second": 41_234.5, "seconds": 1.0,
    }  # fmt: skip
    assert lines[1]["train"] == {"elbo": None}
    assert read_metrics(tmp_path / "none") == []
    path.write_text('{"step": 1}\nnot a row\n{"step"')
    with pytest.raises(RunFolderError, match="line 2"):
        read_metrics(path)


def test_plain_lines_are_complete_and_not_too_many() -> None:
    out = io.StringIO()
    now = [0.0]
    lines = PlainLines(Console(file=out, width=40), clock=lambda: now[0])
    lines.start(start(Plan(epochs=50, batch_size=125)))
    for epoch in range(1, 51):
        now[0] = epoch * 0.5
        lines.row(row(epoch, last=epoch == 50))
    lines.message("[a message]")
    lines.end(END)
    told = out.getvalue().splitlines()
    assert told[0] == "training 50 epochs on 1,000 examples, 8 steps an epoch, on cpu"
    assert told[1] == (
        "epoch  1/50: ELBO -98.20 = -78.10 - KL 20.10 nats | validation -99.31, 0.183 bits/dim, 18 active | "
        "41,234 examples/s | best"
    )
    assert [line.split(":")[0] for line in told[1:4]] == ["epoch  1/50", "epoch  5/50", "epoch  9/50"]
    assert told[-3].startswith("epoch 50/50")
    assert told[-2] == "[a message]"
    assert told[-1] == "trained after 400 steps, 1:05 | validation -99.31, 0.183 bits/dim, 18 active | best weights"


def test_the_live_line_fits_a_terminal() -> None:
    out = io.StringIO()
    line = progress(Console(file=out, width=150, force_terminal=True, color_system=None, legacy_windows=False))
    assert isinstance(line, LiveLine)
    line.live(live(0.1))  # before the start: nothing
    line.start(start(Plan(minutes=2), step=7))
    line.live(live(0.25))
    line.message("a message")
    line.end(END)
    told = out.getvalue()
    assert "resuming after step 7: 2 minutes on 1,000 examples" in told
    found = "ELBO -98.20 = -78.10 - KL 20.10 nats | validation -99.31, 0.183 bits/dim, 18 active"
    assert f"1:35 left, 41,234 examples/s | {found}" in told
    assert "a message" in told
    assert told.rstrip().endswith("best weights")


def test_on_eighty_columns_the_live_line_becomes_two_and_hides_nothing() -> None:
    out = io.StringIO()
    line = progress(Console(file=out, width=84, force_terminal=True, color_system=None, legacy_windows=False))
    line.start(start(Plan(epochs=50)))
    line.live(live(0.25))
    line.end(END)
    rows = [row.strip() for row in out.getvalue().splitlines()]
    assert any("epoch" in row and row.endswith("1:35 left, 41,234 examples/s") for row in rows)
    found = "ELBO -98.20 = -78.10 - KL 20.10 nats | validation -99.31, 0.183 bits/dim, 18 active"
    assert any(row.startswith(found[:80]) for row in rows)


def test_a_reporter_that_fails_costs_one_line() -> None:
    class ClosedPipe(Record):
        def row(self, event: Row) -> None:
            raise BrokenPipeError(32, "Broken pipe")

        def message(self, text: str) -> None:
            raise BrokenPipeError(32, "Broken pipe")

    good, bad = Record(), ClosedPipe()
    watchers = Reporters([bad, good])
    for epoch in (1, 2):
        watchers.row(row(epoch))
    watchers.end(END)
    assert [r.epoch for r in good.rows] == [1, 2]
    assert good.messages == ["ClosedPipe: Broken pipe; training goes on without what it writes"]
    assert len(bad.ends) == 1


def test_live_events_come_a_few_times_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    from latentia.train import loop

    monkeypatch.setattr(loop, "LIVE_SECONDS", 0.0)
    record = Record()
    fitted(Plan(epochs=2, batch_size=10), reporters=[record])
    assert [event.step for event in record.lives if event.train] == list(range(1, 11))
    assert record.lives[4].fraction == 0.5
    assert record.lives[-1].remaining == 0.0


def test_tensorboard_events(tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    data = grey_data()
    model, objective = build(data)
    plan = Plan(epochs=2, batch_size=10)
    with pytest.raises(Interrupted):
        train(
            model,
            signalled(objective, 7, signal.SIGTERM),
            data,
            plan,
            folder=tmp_path,
            validate=validate,
            reporters=[TensorBoard(tmp_path / "tb")],
        )
    record = Record()
    fitted(plan, tmp_path, resume=True, reporters=[TensorBoard(tmp_path / "tb"), record])
    events = EventAccumulator(str(tmp_path / "tb"))
    events.Reload()
    points = events.Scalars("train/elbo")
    assert [point.step for point in points] == [5, 10]
    assert points[1].value == pytest.approx(record.rows[0].train["elbo"])
    assert {"validation/elbo", "validation/kl", "schedule/learning_rate"} <= set(events.Tags()["scalars"])


def test_tensorboard_without_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tensorboard, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"latentia\[tensorboard\]"):
        TensorBoard(tmp_path)
