"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Group, Parameter, Token

OUTPUT = Group("Output", sort_key=80)
COMPUTING = Group("Model", sort_key=70)
SPLITS = Literal["train", "validation", "test", "all"]


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class Flags:
    """Flags of every command."""

    json: Annotated[
        bool, Parameter(group=OUTPUT, negative="", show_default=False, help="Print one JSON object, for programs")
    ] = False
    debug: Annotated[
        bool, Parameter(group=OUTPUT, negative="", show_default=False, help="Show the traceback of an error")
    ] = False


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class Opening:
    """How the model of a run is opened."""

    checkpoint: Annotated[
        Literal["current", "previous"], Parameter(group=COMPUTING, help="Which of the saved checkpoints")
    ] = "current"
    device: Annotated[str, Parameter(group=COMPUTING, help="auto, cpu, cuda, cuda:1, mps")] = "auto"
    threads: Annotated[int | None, Parameter(group=COMPUTING, help="CPU threads")] = None


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class Writing:
    """Where a command writes."""

    out: Annotated[
        Path | None,
        Parameter(
            name=["--out", "-o"],
            group=OUTPUT,
            help="What to write; its ending decides the format. By default a free name in RUN",
        ),
    ] = None
    force: Annotated[
        bool, Parameter(group=OUTPUT, negative="", show_default=False, help="Replace a file that exists")
    ] = False


FLAGS, OPENING, WRITING = Flags(), Opening(), Writing()

RunFolder = Annotated[Path, Parameter(help="Folder of a run, as `latentia fit` made it")]
Rows = Annotated[
    str | None, Parameter(help="Rows: a name, a file or a folder. By default the run's own data", show_default=False)
]
Split = Annotated[
    SPLITS | None,
    Parameter(help="Which rows: by default the test split of the run's own data, or all of DATA", show_default=False),
]
Resize = Annotated[int | None, Parameter(help="Side of the square that the pictures of DATA are reduced to")]


def whole_numbers(hint: Any, tokens: Sequence[Token]) -> tuple[int, ...]:
    """Read `200,100` as whole numbers; `none` is an empty list.

    Args:
        hint: The option's type.
        tokens: What was given, each a list of its own.

    Returns:
        All of them.

    Raises:
        ValueError: Says which part is no whole number.
    """
    words = [word.strip() for token in tokens for word in token.value.split(",")]
    numbers = []
    for word in words:
        if word in ("", "none"):
            continue
        try:
            numbers.append(int(word))
        except ValueError:
            raise ValueError(f"{word!r} is not a whole number; write a list as 200,100") from None
    return tuple(numbers)


WholeNumbers = Parameter(converter=whole_numbers, n_tokens=1, negative="", metavar="N,N,...")
