"""Several reporters as one, none of which can stop a run."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from latentia.train.reporters.events import End, Live, Reporter, Row, Start


class Reporters:
    """Passes every event on.

    A reporter that fails to write (a full disk, a closed pipe) costs one line, the first time; it is asked again, as
    disks are emptied.

    Args:
        watchers: The reporters, asked in this order.
    """

    def __init__(self, watchers: Sequence[Reporter]) -> None:
        self._watchers = tuple(watchers)
        self._failed: set[int] = set()

    def _each(self, tell: Callable[[Reporter], None]) -> None:
        for index, watcher in enumerate(self._watchers):
            try:
                tell(watcher)
            except OSError as error:
                if index not in self._failed:
                    self._failed.add(index)
                    self.message(
                        f"{type(watcher).__name__}: {error.strerror or error}; training goes on without what it writes"
                    )

    def start(self, event: Start) -> None:
        """Before the first step."""
        self._each(lambda watcher: watcher.start(event))

    def live(self, event: Live) -> None:
        """A few times a second."""
        self._each(lambda watcher: watcher.live(event))

    def row(self, event: Row) -> None:
        """After every epoch."""
        self._each(lambda watcher: watcher.row(event))

    def message(self, text: str) -> None:
        """Something a person should know: one line."""
        self._each(lambda watcher: watcher.message(text))

    def end(self, event: End) -> None:
        """After the last step."""
        self._each(lambda watcher: watcher.end(event))
