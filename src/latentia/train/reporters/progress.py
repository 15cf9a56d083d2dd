"""What a person sees: one live line on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from rich.console import Console, Group
from rich.live import Live as LiveDisplay
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from latentia.train.reporters.events import End, Live, Reporter, Row, Start

PLAIN_SECONDS = 2.0
BAR_WIDTH = 12


def progress(console: Console | None = None) -> Reporter:
    """The reporter that suits a console: standard error by default."""
    console = console or Console(stderr=True)
    return LiveLine(console) if console.is_terminal else PlainLines(console)


class LiveLine:
    """One line (two on a narrow terminal) drawn again a few times a second, and one that stays for every message.

    Args:
        console: A terminal.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._display: LiveDisplay | None = None

    def start(self, event: Start) -> None:
        """Opens the line."""
        self._console.print(opening(event), style="dim", highlight=False)
        # Drawn when there is something new, not by a thread of its own: training has the processor.
        self._display = LiveDisplay(console=self._console, auto_refresh=False, transient=True)
        self._display.start()

    def live(self, event: Live) -> None:
        """Draws the line again."""
        if self._display is None:
            return
        epoch, pace, found = epoch_of(event.epoch, event.epochs), pace_of(event), figures(event)
        narrow = self._console.width < len(epoch) + len(pace) + len(found) + BAR_WIDTH + 6
        grid = Table.grid(padding=(0, 1))
        grid.add_column(no_wrap=True, min_width=len(epoch))
        grid.add_column(width=BAR_WIDTH)
        grid.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
        bar = ProgressBar(total=1.0, completed=event.fraction, width=BAR_WIDTH)
        first = pace if narrow else f"{pace} | {found}"
        grid.add_row(Text(epoch, style="bold"), bar, Text(first))
        below = [Text(found, no_wrap=True, overflow="ellipsis")] if narrow else []
        self._display.update(Group(grid, *below), refresh=True)

    def row(self, event: Row) -> None:
        """Nothing: the line shows the last validation."""

    def message(self, text: str) -> None:
        """Prints the message above the line."""
        self._console.print(text, highlight=False, markup=False)

    def end(self, event: End) -> None:
        """Takes the line away and leaves a summary."""
        if self._display is not None:
            self._display.stop()
            self._display = None
        self._console.print(closing(event), highlight=False, markup=False)


class PlainLines:
    """One line an epoch, at most one every two seconds, and always the last.

    Args:
        console: Where the lines go.
        clock: Seconds that never go back.
    """

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self._console, self._clock = console, clock
        self._printed = float("-inf")

    def start(self, event: Start) -> None:
        """Prints what begins."""
        self._print(opening(event))

    def live(self, event: Live) -> None:
        """Nothing: lines are epochs."""

    def row(self, event: Row) -> None:
        """Prints an epoch, unless one was printed just now."""
        now = self._clock()
        if event.last or now - self._printed >= PLAIN_SECONDS:
            self._printed = now
            speed = f"{event.examples_per_second:,.0f} examples/s"
            parts = [terms(event.train), measured(event.validation), speed, "best" if event.best else ""]
            self._print(epoch_of(event.epoch, event.epochs) + ": " + " | ".join(part for part in parts if part))

    def message(self, text: str) -> None:
        """Prints the message."""
        self._print(text)

    def end(self, event: End) -> None:
        """Prints a summary."""
        self._print(closing(event))

    def _print(self, text: str) -> None:
        self._console.print(text, highlight=False, markup=False, soft_wrap=True)


def epoch_of(epoch: int, epochs: int | None) -> str:
    """The epoch, and of how many.

    >>> epoch_of(3, 50), epoch_of(3, None)
    ('epoch  3/50', 'epoch 3')
    """
    return f"epoch {epoch}" if epochs is None else f"epoch {epoch:>{len(str(epochs))}}/{epochs}"


def terms(train: Mapping[str, float]) -> str:
    """The bound and its two parts, in nats.

    >>> terms({"loss": 98.2, "elbo": -98.2, "reconstruction": -78.1, "kl": 20.1})
    'ELBO -98.20 = -78.10 - KL 20.10 nats'
    """
    if "elbo" in train and {"reconstruction", "kl"} <= set(train):
        return f"ELBO {train['elbo']:.2f} = {train['reconstruction']:.2f} - KL {train['kl']:.2f} nats"
    named = {name: value for name, value in train.items() if name != "loss"} or train
    return ", ".join(f"{name} {value:.2f}" for name, value in named.items()) + (" nats" if named else "")


def measured(validation: Mapping[str, float]) -> str:
    """The last validation: bound, bits/dim, active units.

    >>> measured({"elbo": -99.31, "bits_per_dim": 0.1827, "active_units": 18.0})
    'validation -99.31, 0.183 bits/dim, 18 active'
    """
    parts = [f"{validation[name]:.2f}" for name in ("bound", "elbo", "reconstruction") if name in validation][:1]
    if "bits_per_dim" in validation:
        parts.append(f"{validation['bits_per_dim']:.3f} bits/dim")
    if "active_units" in validation:
        parts.append(f"{validation['active_units']:.0f} active")
    return f"validation {', '.join(parts)}" if parts else ""


def pace_of(event: Live) -> str:
    """How fast, and how long still."""
    left = "" if event.remaining is None else f"{span(event.remaining)} left, "
    return f"{left}{event.examples_per_second:,.0f} examples/s"


def figures(event: Live) -> str:
    """The terms of training and the last validation."""
    return " | ".join(part for part in (terms(event.train), measured(event.validation)) if part)


def opening(event: Start) -> str:
    """The first line of a session."""
    how_long = (
        f"{event.horizon.epochs} epochs" if event.horizon.epochs is not None else f"{event.plan.minutes:g} minutes"
    )
    if event.plan.steps is not None:
        how_long = f"{event.plan.steps} steps"
    verb = "training" if event.step == 0 else f"resuming after step {event.step:,}:"
    size = f"{event.num_examples:,} examples, {event.horizon.steps_per_epoch:,} steps an epoch"
    return f"{verb} {how_long} on {size}, on {event.device}"


def closing(event: End) -> str:
    """The last line of a session."""
    why = {"interrupted": "stopped", "failed": "failed", "patience": "ended early, the validation no longer improved,"}
    parts = [f"{why.get(event.reason, 'trained')} after {event.step:,} steps, {span(event.seconds)}"]
    return " | ".join(part for part in (*parts, measured(event.validation), f"{event.weights} weights") if part)


def span(seconds: float) -> str:
    """A duration as a clock shows it.

    >>> span(5), span(95), span(3700)
    ('0:05', '1:35', '1:01:40')
    """
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
