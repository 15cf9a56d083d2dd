"""Requests to stop: the batch is finished, the state saved, the handlers given back."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from latentia.train import HungUp, Interrupted, Plan, Terminated, train
from tests.train.small import Hooked, Record, build, fitted, grey_data, signalled

PLAN = Plan(epochs=2, batch_size=10, checkpoint_seconds=1e9)


@pytest.fixture(autouse=True)
def _default_handlers() -> Iterator[None]:
    """Whoever started the tests (nohup, a job in the background) may have left signals ignored."""
    defaults: dict[signal.Signals, Any] = {
        signal.SIGINT: signal.default_int_handler,
        signal.SIGTERM: signal.SIG_DFL,
        signal.SIGHUP: signal.SIG_DFL,
    }
    former = {number: signal.signal(number, handler) for number, handler in defaults.items()}
    yield
    for number, handler in former.items():
        signal.signal(number, handler)


@pytest.mark.parametrize(
    ("number", "kind", "status"),
    [(signal.SIGINT, Interrupted, 130), (signal.SIGTERM, Terminated, 143), (signal.SIGHUP, HungUp, 129)],
)
def test_the_step_is_finished_and_saved(
    number: signal.Signals, kind: type[Interrupted], status: int, tmp_path: Path
) -> None:
    data, record = grey_data(), Record()
    model, objective = build(data)
    before = [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    with pytest.raises(kind) as caught:
        train(
            model,
            signalled(objective, 3, number),
            data,
            PLAN,
            folder=tmp_path,
            reporters=[record],
            how_to_resume="latentia fit",
        )
    assert caught.value.status == status
    assert str(caught.value) == f"stopped after step 3 and saved in {tmp_path}; to go on: latentia fit"
    assert [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)] == before
    assert [(end.reason, end.step) for end in record.ends] == [("interrupted", 3)]
    assert fitted(PLAN, tmp_path, resume=True)[0] == fitted(PLAN)[0]


def test_a_second_signal_stops_at_once(tmp_path: Path) -> None:
    data = grey_data()
    model, objective = build(data)

    def twice(index: int) -> None:
        if index == 2:
            signal.raise_signal(signal.SIGTERM)
            signal.raise_signal(signal.SIGINT)
            raise AssertionError("the second signal raises where it strikes")

    with pytest.raises(Interrupted, match="second signal") as caught:
        train(model, Hooked(objective, twice), data, PLAN, folder=tmp_path)
    assert caught.value.status == 130
    assert fitted(PLAN, tmp_path, resume=True)[0] == fitted(PLAN)[0]  # from the checkpoint of the start


def test_ignored_signals_stay_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        data = grey_data()
        model, objective = build(data)
        assert train(model, signalled(objective, 2, signal.SIGHUP), data, PLAN).reason == "epochs"
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_without_a_folder_nothing_is_promised() -> None:
    data = grey_data()
    model, objective = build(data)
    with pytest.raises(Interrupted, match="nothing was saved"):
        train(model, signalled(objective, 3), data, PLAN)


def test_a_signal_in_the_last_step_is_not_swallowed(tmp_path: Path) -> None:
    data = grey_data()
    model, objective = build(data)
    with pytest.raises(Terminated, match="just ended, after step 10"):
        train(model, signalled(objective, 10), data, PLAN, folder=tmp_path)


def test_other_threads_train_without_handlers() -> None:
    results: list[str] = []
    thread = threading.Thread(target=lambda: results.append(fitted(PLAN)[0]))
    thread.start()
    thread.join()
    assert results == [fitted(PLAN)[0]]
