"""Where commands write: never over what is there, unless they are told to."""

from __future__ import annotations

import itertools
from pathlib import Path

from latentia.cli.options import Writing
from latentia.data import DataSpec
from latentia.errors import ConfigurationError


def destination(writing: Writing, folder: Path, stem: str, suffix: str) -> Path:
    """The file to write.

    Args:
        writing: What was asked for.
        folder: The run folder, where a file goes that was given no name.
        stem: Its name there: `STEM.SUFFIX`, or the first free of `STEM-2.SUFFIX`, `STEM-3.SUFFIX`, ...
        suffix: Its format.

    Returns:
        The path.

    Raises:
        ConfigurationError: Something is there already.
    """
    if writing.out is None:
        names = itertools.chain([stem], (f"{stem}-{number}" for number in itertools.count(2)))
        paths = (folder / f"{name}{suffix}" for name in names)
        return next(path for path in paths if writing.force or not path.exists())
    if writing.out.is_file() and not writing.force:
        raise ConfigurationError(f"{writing.out} is there already; give another name, or --force to replace it")
    return writing.out


def usual_suffix(spec: DataSpec) -> str:
    """The format for data where none is asked for: a picture of pictures, or a table."""
    return ".png" if spec.kind == "image" else ".csv"
