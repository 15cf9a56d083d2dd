"""SIGTERM outside the training loop. Imports no torch."""

from __future__ import annotations


class Termination(KeyboardInterrupt):
    """SIGTERM, raised by whoever handles that signal, so that it unwinds a program as Ctrl-C does."""
