"""Who watches a run by default, and what is told to a person before, between and after the training."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from latentia.runs.folder import write_text
from latentia.train import Reporter, progress
from latentia.train.reporters.events import End, Live, Row, Start
from latentia.train.reporters.fan_out import Reporters


class Screen(Console):
    """Standard error as a console that a reader who leaves cannot turn into the end of the program."""

    def __init__(self) -> None:
        super().__init__(stderr=True)

    def on_broken_pipe(self) -> None:
        """Hands the error on: rich would exit here, and a training must not end because nobody reads its progress."""
        self.quiet = True
        raise BrokenPipeError


class Voice:
    """The reporters of a run, and a way to tell them something.

    Args:
        reporters: Who watches; None stands for a progress line on standard error.
    """

    def __init__(self, reporters: Sequence[Reporter] | None = None) -> None:
        self._screen = Screen() if reporters is None else None
        self.reporters = [progress(self._screen)] if reporters is None else list(reporters)
        self._all = Reporters(self.reporters)

    def say(self, text: str) -> None:
        """Tell everyone one line."""
        self._all.message(text)

    @contextmanager
    def counting(self, what: str) -> Iterator[Callable[[int, int], None] | None]:
        """A scope with a progress bar, where standard error is a terminal that is being written to anyway.

        Args:
            what: What is counted.

        Yields:
            A function of (done, in all), or None.
        """
        if self._screen is None:
            yield None
            return
        with counting(what, self._screen) as tell:
            yield tell


@contextmanager
def counting(what: str, screen: Screen | None = None) -> Iterator[Callable[[int, int], None] | None]:
    """A scope with a progress bar on standard error, where that is a terminal.

    Args:
        what: What is counted.
        screen: Standard error.

    Yields:
        A function of (done, in all), or None where no one would see it.
    """
    screen = screen or Screen()
    if not screen.is_terminal:
        yield None
        return
    columns = (TextColumn("{task.description}"), BarColumn(24), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=screen, transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@dataclass(frozen=True, slots=True)
class Recorder:
    """Keeps the settings that a resumed run goes on with, once the folder is known to be this process's own.

    Args:
        path: The configuration file.
        text: Its content.
    """

    path: Path
    text: str

    def start(self, event: Start) -> None:
        """Writes the file."""
        write_text(self.path, self.text)

    def live(self, event: Live) -> None:
        """Nothing."""

    def row(self, event: Row) -> None:
        """Nothing."""

    def message(self, text: str) -> None:
        """Nothing."""

    def end(self, event: End) -> None:
        """Nothing."""
