"""Data: one description, one protocol for a source of batches, one file a kind of input.

The names below are imported where they are first used, so that describing data (`DataSpec`) costs no import of torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from latentia.data.dataset import Dataset
    from latentia.data.inspect import Inspection
    from latentia.data.likelihood_choice import Choice, choose_likelihood
    from latentia.data.load import load_data, load_rows
    from latentia.data.preparation import Preparation
    from latentia.data.source import Batch, Resident, Source
    from latentia.data.spec import DataSpec

_HOMES = {
    "Batch": "source",
    "Choice": "likelihood_choice",
    "DataSpec": "spec",
    "Dataset": "dataset",
    "Inspection": "inspect",
    "Preparation": "preparation",
    "Resident": "source",
    "Source": "source",
    "choose_likelihood": "likelihood_choice",
    "load_data": "load",
    "load_rows": "load",
}

__all__ = [
    "Batch",
    "Choice",
    "DataSpec",
    "Dataset",
    "Inspection",
    "Preparation",
    "Resident",
    "Source",
    "choose_likelihood",
    "load_data",
    "load_rows",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
