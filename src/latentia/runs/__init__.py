"""Runs: a data set, a recipe and a plan made into one self-describing folder, and the folder read again.

The names below are imported where they are first used, so that reading a configuration costs no import of torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from latentia.runs.fitting import fit
    from latentia.runs.loading import load
    from latentia.runs.run import Run
    from latentia.runs.settings import Settings

_HOMES = {"Run": "run", "Settings": "settings", "fit": "fitting", "load": "loading"}

__all__ = ["Run", "Settings", "fit", "load"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
