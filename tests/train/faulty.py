"""A disk that fails when told to: stands in for `os` where files are written."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from typing import Any

CHANGING = ("makedirs", "open", "write", "fsync", "replace", "unlink", "rmdir")


class Killed(BaseException):
    """The process is no more: from here on no call does anything."""


class Disk:
    """Passes calls on to `os`, counting those that change something, and fails where asked.

    Args:
        fail: Called with the name and the number of each such call (from 1, by name); an errno it returns is raised.
        kill_at: The number of the call, over all names, at which the process dies; half of a write still happens.
    """

    def __init__(
        self, fail: Callable[[str, int], int | None] = lambda name, number: None, kill_at: int | None = None
    ) -> None:
        self.fail, self.kill_at = fail, kill_at
        self.counts = dict.fromkeys(CHANGING, 0)
        self.total = 0

    def __getattr__(self, name: str) -> Any:
        real = getattr(os, name)
        if name not in CHANGING:
            return real

        def call(*arguments: Any, **named: Any) -> Any:
            self.total += 1
            self.counts[name] += 1
            if self.kill_at is not None and self.total >= self.kill_at:
                if name == "write" and self.total == self.kill_at:
                    real(arguments[0], arguments[1][: len(arguments[1]) // 2])
                raise Killed
            code = self.fail(name, self.counts[name])
            if code is not None:
                raise OSError(code, os.strerror(code))
            return real(*arguments, **named)

        return call


def full_from(write: int) -> Callable[[str, int], int | None]:
    """A disk that has no space from the n-th write on."""
    return lambda name, number: errno.ENOSPC if name == "write" and number >= write else None


def broken_at(name: str, number: int) -> Callable[[str, int], int | None]:
    """A disk whose n-th call of that name fails with EIO."""
    return lambda called, count: errno.EIO if (called, count) == (name, number) else None
