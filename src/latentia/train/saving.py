"""A run's connection with its folder: what goes into a checkpoint, and what comes out of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from latentia._version import __version__
from latentia.data import DataSpec
from latentia.train import resume
from latentia.train.checkpoint import Store, Which
from latentia.train.manifest import FORMAT
from latentia.train.plan import Plan
from latentia.train.state import State
from latentia.train.tensors import encode


class Saving:
    """Saves the state of a run into its folder, and restores it.

    Args:
        folder: The run folder, held by this process.
        state: What is saved.
        plan: The run's plan.
        spec: The run's data.
        metadata: Text for the header of the saved model.
        environment: What the run runs on.
        checkpoint: Which checkpoint to go on from, if the folder holds a run.
    """

    def __init__(
        self,
        folder: Path,
        state: State,
        plan: Plan,
        spec: DataSpec,
        metadata: Mapping[str, str],
        environment: Mapping[str, Any],
        checkpoint: Which = "current",
    ) -> None:
        self.folder, self.state, self.plan, self.spec = folder, state, plan, spec
        self._metadata = dict(metadata)
        self._checkpoint: Which = checkpoint
        self._store = Store(folder, environment, checkpoint)

    @property
    def begun(self) -> bool:
        """Whether the folder holds a checkpoint."""
        return self._store.manifest is not None

    @property
    def finished(self) -> bool:
        """Whether the newest checkpoint is a finished run's at the state's own step: saving it again adds nothing."""
        manifest = self._store.manifest
        return manifest is not None and manifest.finished and manifest.checkpoints[0].step == self.state.progress.step

    def save(self, *, finished: bool = False) -> None:
        """Saves a checkpoint.

        Raises:
            CheckpointError: It could not be saved; what was saved before is intact.
        """
        weights, which = self.state.deliverable()
        common = {"format": str(FORMAT), "latentia": __version__}
        about = {**self._metadata, **common, "kind": "model", "weights": which, "step": str(self.state.progress.step)}
        state = {
            **common,
            **self.state.metadata(),
            "kind": "state",
            "plan": json.dumps(self.plan.to_dict()),
            "data": self.spec.digest,
        }
        self._store.save(
            self.state.progress.step, encode(weights, about), encode(self.state.tensors(), state), finished=finished
        )

    def resume(self) -> str | None:
        """Puts the saved state into the run's.

        Returns:
            One line about what is not as it was when the run was saved, if anything.
        """
        resume.restore(self.state, self.plan, self.spec, self.folder, self._checkpoint)
        return resume.changes(self.folder, self._store.environment)
