"""Keeps a run's state finite: nothing that is not a number reaches the weights that are saved.

Checking every gradient of every step would cost about 2% of a small model's time on the CPU, and on an accelerator
would make every step wait. So a step is only glanced at: on the CPU its loss is seen before the optimiser moves; on
an accelerator the sums of the epoch are, every `EVERY` steps. If something is bad, the run goes back to the last good
snapshot and takes the same steps with the same noise again, this time checking each thoroughly. That finds the batch
and the tensor, with the state as it was before them.
"""

from __future__ import annotations

import math
from typing import NoReturn

import torch
from torch import Tensor

from latentia.data import Batch
from latentia.errors import NonFiniteError
from latentia.train import generators, optimizer
from latentia.train.finite import all_finite, diagnose
from latentia.train.state import Snapshot, State

EVERY = 200


class Rewind(Exception):
    """The state was bad and is a good earlier one again; the data must be taken up from there."""


class Guard:
    """Watches one run.

    Args:
        state: The state, good as it is.
        accumulate: Batches of a full step.
        glance: Look at the loss of every step; by default where that costs no waiting, on the CPU.
    """

    def __init__(self, state: State, accumulate: int, *, glance: bool | None = None) -> None:
        self._state, self._accumulate = state, accumulate
        self._glance = state.device.type == "cpu" if glance is None else glance
        self._thorough_until = -1
        self._snapshot: Snapshot = state.snapshot()
        self._generators: dict[str, Tensor] = {}
        self._buffers: list[Tensor] = []

    @property
    def thorough(self) -> bool:
        """Whether the coming step is checked in all its parts."""
        return self._state.progress.step < self._thorough_until

    def before_step(self) -> None:
        """Notes what a step changes besides the weights, generators and buffers, if it is to be checked thoroughly."""
        if self.thorough:
            self._generators = generators.states(self._state.device)
            self._buffers = [buffer.clone() for buffer in self._state.model.buffers()]

    def before_update(self, losses: list[Tensor], batches: list[Batch]) -> None:
        """Checks a step between the backward pass and the optimiser.

        Args:
            losses: The loss of each batch of the step.
            batches: The batches.

        Raises:
            Rewind: It is bad; the state is the last good one.
            NonFiniteError: It is bad on a second, thorough look: names the tensor; the state is that before the step.
        """
        if not (self._glance or self.thorough):
            return
        good = [math.isfinite(loss.item()) for loss in losses]
        if not self.thorough:
            if not all(good):
                self._rewind(self._state.progress.step + 1)
            return
        gradients = {name: p.grad for name, p in self._state.parameters.items() if p.grad is not None}
        if all(good) and all_finite(list(gradients.values())):
            return
        if all(good):
            self._fail(batches[0], 0, gradients)
        culprit = good.index(False)  # its gradient is bad because its loss is: not worth a look
        self._fail(batches[culprit], culprit, {})

    def _fail(self, batch: Batch, place: int, gradients: dict[str, Tensor]) -> NoReturn:
        state, progress = self._state, self._state.progress
        # The generators are put back to the start of the step: exact for its first batch, and for a later one a tensor
        # that is bad with this noise as well is named all the same.
        self._undo_step()
        found = diagnose(state.model, batch, gradients)
        self._undo_step()
        number = progress.step_in_epoch * self._accumulate + place
        where = f"batch {number} of epoch {progress.epoch + 1} (counted from 0; optimiser step {progress.step + 1})"
        self._stop(f"the loss or its gradient is not finite at {where}: {found}")

    def _stop(self, what: str) -> NoReturn:
        self._state.optimizer.zero_grad()
        raise NonFiniteError(
            f"{what}; the state after step {self._state.progress.step} is kept; "
            "try a lower learning_rate, clip_norm=1 or some warmup_steps"
        )

    def _undo_step(self) -> None:
        generators.restore(self._generators, self._state.device)
        with torch.no_grad():
            for buffer, kept in zip(self._state.model.buffers(), self._buffers, strict=True):
                buffer.copy_(kept)

    def after_step(self) -> None:
        """Every `EVERY` steps, and after each that was to be checked: checks the state, and notes it as good.

        Raises:
            Rewind: It is bad; the state is the last good one.
        """
        if self._state.progress.step % EVERY == 0 or self._state.progress.step <= self._thorough_until:
            self.verify()
            self._snapshot = self._state.snapshot(into=self._snapshot)

    def verify(self) -> None:
        """Checks the whole state: before it is saved, and at the end of an epoch.

        Raises:
            Rewind: It is bad; the state is the last good one, to be gone on from step by step.
            NonFiniteError: It is bad although every step was checked: an update itself overflowed.
        """
        state, step = self._state, self._state.progress.step
        watched = {"the sum of the losses": state.meter.loss}
        watched |= {f"the parameter {name}": p.detach() for name, p in state.parameters.items()}
        watched |= optimizer.moments(state.optimizer, state.parameters)
        if state.critic is not None:
            watched |= {f"the critic's {name}": t for name, t in state.critic.tensors().items()}
        if all_finite(list(watched.values())):
            return
        if step <= self._thorough_until:
            bad = next(name for name, tensor in watched.items() if not all_finite([tensor]))
            state.rewind(self._snapshot)
            self._stop(f"the update of optimiser step {step} overflowed: {bad} is not finite")
        self._rewind(step)

    def _rewind(self, step: int) -> NoReturn:
        self._thorough_until = step
        self._state.optimizer.zero_grad()
        self._state.rewind(self._snapshot)
        raise Rewind
