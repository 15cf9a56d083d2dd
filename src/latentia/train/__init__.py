"""Training: a plan, a thin loop, and checkpoints that resume bit for bit.

The names below are imported where they are first used, so that describing a plan (`Plan`) costs no import of torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from latentia.train.checkpoint import load_checkpoint
    from latentia.train.outcome import Outcome
    from latentia.train.plan import Plan
    from latentia.train.reporters.events import Reporter
    from latentia.train.reporters.metrics import MetricsFile, read_metrics
    from latentia.train.reporters.progress import progress
    from latentia.train.reporters.tensorboard import TensorBoard
    from latentia.train.signals import HungUp, Interrupted, Terminated
    from latentia.train.tensors import weight_hash
    from latentia.train.training import train

__all__ = [
    "HungUp",
    "Interrupted",
    "MetricsFile",
    "Outcome",
    "Plan",
    "Reporter",
    "TensorBoard",
    "Terminated",
    "load_checkpoint",
    "progress",
    "read_metrics",
    "train",
    "weight_hash",
]

_HOME = {
    "HungUp": "signals",
    "Interrupted": "signals",
    "MetricsFile": "reporters.metrics",
    "Outcome": "outcome",
    "Plan": "plan",
    "Reporter": "reporters.events",
    "TensorBoard": "reporters.tensorboard",
    "Terminated": "signals",
    "load_checkpoint": "checkpoint",
    "progress": "reporters.progress",
    "read_metrics": "reporters.metrics",
    "train": "training",
    "weight_hash": "tensors",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'latentia.train' has no attribute {name!r}")
    value = getattr(import_module(f"latentia.train.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
