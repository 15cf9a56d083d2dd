"""What a request to stop does: the batch is finished, the state is saved, and the error says how to go on."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, ClassVar

from latentia.errors import LatentiaError


class Interrupted(LatentiaError):
    """Training was asked to stop by a signal and did: says what is saved and how to resume."""

    status: ClassVar[int] = 130


class Terminated(Interrupted):
    """Stopped by SIGTERM."""

    status: ClassVar[int] = 143


class HungUp(Interrupted):
    """Stopped by SIGHUP: the terminal went away."""

    status: ClassVar[int] = 129


KINDS: dict[int, type[Interrupted]] = {
    signal.SIGINT: Interrupted,
    signal.SIGTERM: Terminated,
    signal.SIGHUP: HungUp,
}


class StopNow(BaseException):
    """Raised by a first signal where waiting for the end of a batch would take long; never leaves the training loop."""


class Stop:
    """Whether a signal has asked to stop.

    The first signal sets `pending`; the loop reads it after each optimiser step. A second one raises where it strikes.
    """

    def __init__(self) -> None:
        self.pending: int | None = None
        self._immediate = False

    def __call__(self, number: int, frame: FrameType | None = None) -> None:
        """Handles one signal."""
        if self.pending is not None:
            raise KINDS[number]("stopped at once by a second signal; what was saved before is intact: resume from it")
        self.pending = number
        if self._immediate:
            raise StopNow

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """A scope that the first signal leaves at once, by `StopNow`: for work that can be done again."""
        if self.pending is not None:
            raise StopNow
        self._immediate = True
        try:
            yield
        finally:
            self._immediate = False


@contextmanager
def stoppable() -> Iterator[Stop]:
    """Handles SIGINT, SIGTERM and SIGHUP in this scope; the former handlers return with its end.

    Python lets only the main thread set handlers: elsewhere nothing is installed. A signal that is ignored already (as
    under nohup) stays ignored.

    Yields:
        The request to stop, to be looked at between steps.
    """
    stop = Stop()
    former: dict[int, Any] = {}
    if threading.current_thread() is threading.main_thread():
        for number in KINDS:
            # None stands for a handler that was not installed from Python: it could not be put back.
            if signal.getsignal(number) not in (signal.SIG_IGN, None):
                former[number] = signal.signal(number, stop)
    try:
        yield stop
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
