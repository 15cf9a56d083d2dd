"""Going on with a saved run: the same plan, the same data, the same model, or an error that says what differs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from latentia.data import DataSpec
from latentia.errors import CheckpointError, ConfigurationError
from latentia.train import manifest as record
from latentia.train.checkpoint import Which, load_checkpoint
from latentia.train.manifest import read_manifest
from latentia.train.plan import Plan
from latentia.train.state import State

FREE = frozenset(
    {"epochs", "steps", "minutes", "patience", "validate_every", "checkpoint_seconds", "threads", "device", "compile"}
)
"""Fields of a plan that may differ when a run is resumed: how long and where it runs, how often it is looked at."""


def restore(state: State, plan: Plan, spec: DataSpec, folder: Path, checkpoint: Which) -> None:
    """Puts a run folder's saved state into `state`.

    Raises:
        CheckpointError: It is damaged, or of another model.
        ConfigurationError: The plan or the data are others: names what differs.
    """
    tensors, metadata = load_checkpoint(folder, "state", checkpoint)
    try:
        saved: dict[str, Any] = json.loads(metadata["plan"])
        digest = metadata["data"]
    except (KeyError, ValueError) as error:
        raise CheckpointError(f"the saved state of {folder} lacks what resuming needs: {error!r}") from error
    _require_same_plan(saved, plan)
    if digest != spec.digest:
        raise ConfigurationError(
            f"resume: the training data are not those of the saved run in {folder} (their digests differ); "
            "give the same data and splits, or start another run"
        )
    state.resume(tensors, metadata)


def _require_same_plan(saved: Mapping[str, Any], plan: Plan) -> None:
    given = plan.to_dict()
    differing = [name for name in given if name not in FREE and name in saved and saved[name] != given[name]]
    if differing:
        listed = ", ".join(f"{name} was {saved[name]!r} and is {given[name]!r}" for name in differing)
        raise ConfigurationError(
            f"resume: {listed}; a run goes on with its own plan: leave them as saved, or start another run"
        )


def changes(folder: Path, environment: Mapping[str, Any]) -> str | None:
    """What differs from where the run was saved, as one line; None if nothing does, so that resuming is bit-exact."""
    try:
        before = read_manifest(folder / record.CURRENT).environment
    except CheckpointError:  # damaged, and given up for the previous one
        return None
    listed = [
        f"{name} was {before[name]} and is {value}"
        for name, value in environment.items()
        if name in before and before[name] != value
    ]
    if not listed:
        return None
    return f"resumed elsewhere ({', '.join(listed)}): the result may differ in the last digits from an unbroken run"
