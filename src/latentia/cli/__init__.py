"""The command line: one file a command, each a thin layer over the library. Nothing here imports torch at the top."""

from latentia.cli.entry import main

__all__ = ["main"]
