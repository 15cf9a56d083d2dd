"""The loop: batches in, optimiser steps out, and between two steps everything that must not disturb them.

One optimiser step sees `accumulate` batches, the last step of an epoch perhaps fewer, each weighed by its share of the
examples: the gradient is that of one larger batch. A run stops, saves and resumes between steps only.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import cached_property
from itertools import islice

import torch
from torch import nn

from latentia.data import Batch, Source
from latentia.data_model import DataModel, evaluating
from latentia.objectives import Loss, Step
from latentia.train import generators, memory, stopping
from latentia.train.compiled import LossFunction
from latentia.train.critic import Critic
from latentia.train.guard import Guard, Rewind
from latentia.train.plan import Plan
from latentia.train.reporters.events import Live, Row
from latentia.train.reporters.fan_out import Reporters
from latentia.train.schedule import Horizon, kl_weight, learning_rate
from latentia.train.signals import Stop, StopNow
from latentia.train.state import State

LIVE_SECONDS = 0.25
Validate = Callable[[DataModel], Mapping[str, float]]


class Loop:
    """One session of a run, from where its state stands to its end.

    Args:
        state: What the run changes.
        source: The training data, on the state's device if they are resident.
        plan: The plan.
        horizon: The run's length.
        compute: The loss of a raw batch.
        validate: Figures of the validation data, or None.
        reporters: Who watches.
        stop: Whether a signal has asked to stop.
        save: Saves the state; None where nothing is saved.
    """

    def __init__(
        self,
        state: State,
        source: Source,
        plan: Plan,
        horizon: Horizon,
        *,
        compute: LossFunction,
        validate: Validate | None,
        reporters: Reporters,
        stop: Stop,
        save: Callable[[], None] | None,
    ) -> None:
        self.state, self.source, self.plan, self.horizon = state, source, plan, horizon
        self.guard = Guard(state, plan.accumulate)
        self._compute, self._validate, self._save = compute, validate, save
        self._reporters, self._stop = reporters, stop
        self._parameters = list(state.parameters.values())
        self._group = state.optimizer.param_groups[0]
        self._begun = time.monotonic() - state.progress.elapsed
        self._session_fraction = self._fraction()
        self._session_begun = self._saved_at = self._live_at = time.monotonic()
        self._examples, self._since = 0, time.monotonic()
        self._told = state.progress.reported

    def run(self) -> str:
        """Trains until the plan's limit, the end of patience or a signal.

        Returns:
            Why it ended: `epochs`, `steps`, `minutes`, `patience` or `interrupted`.

        Raises:
            NonFiniteError: The loss, a gradient or a weight is not finite; the state is the last good one.
        """
        progress = self.state.progress
        try:
            while True:
                progress = self.state.progress
                if progress.step_in_epoch >= self.horizon.steps_per_epoch:
                    self._close_epoch()
                elif self._over():
                    break
                elif self._stop.pending is not None:
                    return "interrupted"
                else:
                    self._train_on()
            if progress.reported != progress.step:
                self._report(progress.epoch + 1)
        except StopNow:
            self._clock()
            return "interrupted"
        if stopping.exhausted(self.state, self.plan):
            return "patience"
        return "minutes" if self.plan.minutes is not None else "steps" if self.plan.steps is not None else "epochs"

    def _over(self) -> bool:
        self._clock()
        # Patience is judged between epochs only: within one it would depend on where the run was stopped and resumed.
        at_edge = self.state.progress.step_in_epoch == 0
        return self._fraction() >= 1.0 or (at_edge and stopping.exhausted(self.state, self.plan))

    def _clock(self) -> float:
        self.state.progress.elapsed = time.monotonic() - self._begun
        return self.state.progress.elapsed

    def _fraction(self) -> float:
        return self.horizon.fraction(self.state.progress.step, self.state.progress.elapsed)

    def _train_on(self) -> None:
        """Takes steps until the epoch or the run ends, or a signal asks to stop."""
        self._examples, self._since = 0, time.monotonic()
        with suppress(Rewind):
            self._steps()

    def _steps(self) -> None:
        plan, progress = self.plan, self.state.progress
        start = progress.step_in_epoch * plan.accumulate
        batches = self.source.batches(plan.batch_size, seed=plan.seed, epoch=progress.epoch, start=start)
        while progress.step_in_epoch < self.horizon.steps_per_epoch and self._stop.pending is None:
            self._clock()
            if self._fraction() >= 1.0:
                break
            with memory.explained(plan):
                self._step(batches)
            progress.step += 1
            progress.step_in_epoch += 1
            self.guard.after_step()
            self._between_steps()
        self.guard.verify()

    def _step(self, batches: Iterator[Batch]) -> None:
        """One optimiser step."""
        state, plan, progress = self.state, self.plan, self.state.progress
        self._group["lr"] = learning_rate(plan, progress.step, self._fraction())
        step = Step(progress.step, kl_weight(plan, progress.step, self.horizon.steps_per_epoch), self._fraction())
        self.guard.before_step()
        taken = list(islice(batches, plan.accumulate))
        total = sum(len(batch.x) for batch in taken)
        results = self._backward(taken, total, step, 0)
        self.guard.before_update([result.loss for result in results], taken)
        if plan.clip_norm is not None:
            nn.utils.clip_grad_norm_(self._parameters, plan.clip_norm)
        state.optimizer.step()
        state.optimizer.zero_grad()
        if state.average is not None:
            state.average.update(progress.step + 1)
        terms = [result.terms for result in results]
        if state.critic is not None:
            for named, seen in zip(terms, self._critic_turn(state.critic, taken, total, step), strict=True):
                named.update(seen.terms)
        with torch.no_grad():
            for batch, result, named in zip(taken, results, terms, strict=True):
                state.meter.add(result.loss, named, len(batch.x))
        self._examples += total

    def _backward(self, taken: list[Batch], total: int, step: Step, player: int) -> list[Loss]:
        """The losses of some batches for a player, their gradients summed as those of one larger batch."""
        results: list[Loss] = []
        for batch in taken:
            result = self._compute(batch.x.to(self.state.device, non_blocking=True), step, player)
            share = len(batch.x) / total
            (result.loss if share == 1.0 else result.loss * share).backward()
            results.append(Loss(result.loss.detach(), dict(result.terms)))
        return results

    def _critic_turn(self, critic: Critic, taken: list[Batch], total: int, step: Step) -> list[Loss]:
        """The second player's step on the same batches, against the model as it is now."""
        critic.set_rate(self._group["lr"])
        # The model's loss has left gradients on the critic, which are not the critic's own.
        critic.optimizer.zero_grad()
        results = self._backward(taken, total, step, 1)
        if self.plan.clip_norm is not None:
            nn.utils.clip_grad_norm_(list(critic.parameters.values()), self.plan.clip_norm)
        critic.optimizer.step()
        critic.optimizer.zero_grad()
        self.state.optimizer.zero_grad()
        return results

    def _between_steps(self) -> None:
        now = time.monotonic()
        if self._save is not None and now - self._saved_at >= self.plan.checkpoint_seconds:
            self.save()
        if now - self._live_at >= LIVE_SECONDS:
            self._live_at = now
            self._reporters.live(self._live())

    def save(self) -> None:
        """Saves the state, if there is where to; a state that is not finite is never saved."""
        if self._save is None:
            return
        self._clock()
        self.guard.verify()
        self._save()
        self._saved_at = time.monotonic()

    def _close_epoch(self) -> None:
        """Validates and reports a trained epoch, and opens the next."""
        progress = self.state.progress
        self._report(progress.epoch + 1)
        progress.epoch += 1
        progress.step_in_epoch = 0
        self.state.meter.reset()
        self._between_steps()

    def _report(self, epoch: int) -> None:
        """One row of metrics, validated if it is due."""
        progress, plan = self.state.progress, self.plan
        speed = self._speed()
        self._clock()
        last = self._fraction() >= 1.0
        train = self._means()
        validated = self._validate is not None and (last or epoch % plan.validate_every == 0)
        best = False
        if validated:
            progress.validation = self._validated()
            best = stopping.consider(self.state, plan, epoch)
        progress.reported = progress.step
        step = max(progress.step - 1, 0)
        row = Row(
            epoch=epoch,
            epochs=self.horizon.epochs,
            step=progress.step,
            train=train,
            validation=dict(progress.validation) if validated else {},
            best=best if plan.patience is not None else None,
            learning_rate=learning_rate(plan, step, self.horizon.fraction(step, progress.elapsed)),
            kl_weight=kl_weight(plan, step, self.horizon.steps_per_epoch),
            examples_per_second=speed,
            seconds=self._clock(),
            last=last,
        )
        if progress.step > self._told:  # a rewound run passes the same epochs again
            self._told = progress.step
            self._reporters.row(row)

    def _validated(self) -> dict[str, float]:
        """The validation's figures, with its own noise: the training's generators stand as they stood."""
        assert self._validate is not None
        state = self.state
        with generators.borrowed(state.device), state.validating(), evaluating(state.model):
            generators.seed(self.plan.seed, state.device)
            # Innermost, so that a signal cannot strike while the scopes around it put things back.
            with self._stop.at_once():
                figures = self._validate(state.model)
            return {name: float(value) for name, value in figures.items() if value is not None}

    def _means(self) -> dict[str, float]:
        """The epoch's terms so far, in the units of the data as the validation's are."""
        return self.state.model.in_data_units(self.state.meter.means(), self._offset)

    @cached_property
    def _offset(self) -> float | None:
        """Mean change of variables of the training rows, where missing cells make it another for each row."""
        if not self.state.model.spec.missing:
            return None
        preparation, total = self.state.model.preparation, 0.0
        for batch in self.source.batches(self.plan.batch_size, seed=None):
            total += float(preparation.log_scale_of(batch.x.to(self.state.device)).sum())
        return total / len(self.source)

    def _speed(self) -> float:
        spent = time.monotonic() - self._since
        return self._examples / spent if spent > 0 else 0.0

    def _live(self) -> Live:
        progress = self.state.progress
        fraction = self._fraction()
        done = fraction - self._session_fraction
        spent = time.monotonic() - self._session_begun
        return Live(
            epoch=progress.epoch + 1,
            epochs=self.horizon.epochs,
            step=progress.step,
            fraction=fraction,
            train=self._means(),
            validation=progress.validation,
            examples_per_second=self._speed(),
            remaining=spent * (1.0 - fraction) / done if done > 0 else None,
        )
