"""Training from start to end: the scopes it needs, what is restored before and what is saved after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import torch

from latentia.data import Dataset, Source
from latentia.data_model import DataModel
from latentia.errors import ConfigurationError, NonFiniteError, RunFolderError
from latentia.objectives import Objective, require
from latentia.train import generators
from latentia.train.checkpoint import Which, worth_keeping
from latentia.train.compiled import distributions_untouched, loss_function
from latentia.train.device import environment, resolve_device, threads
from latentia.train.durable import check_writable
from latentia.train.lock import locked
from latentia.train.loop import Loop, Validate
from latentia.train.outcome import Outcome
from latentia.train.plan import Plan
from latentia.train.reporters.events import End, Reporter, Start
from latentia.train.reporters.fan_out import Reporters
from latentia.train.saving import Saving
from latentia.train.schedule import Horizon
from latentia.train.signals import KINDS, Interrupted, Stop, stoppable
from latentia.train.state import State


def train(
    model: DataModel,
    objective: Objective,
    dataset: Dataset,
    plan: Plan,
    *,
    folder: Path | None = None,
    validate: Validate | None = None,
    reporters: Sequence[Reporter] = (),
    resume: bool = False,
    checkpoint: Which = "current",
    metadata: Mapping[str, str] | None = None,
    how_to_resume: str = "train again with resume=True",
) -> Outcome:
    """Trains a model in place, and saves it and all that resuming needs in a folder.

    A run that was stopped at any step and resumed ends with the same bits as one that never stopped, on the same
    machine with the same number of threads. torch's global generators, thread count and signal handlers are as before
    afterwards.

    Args:
        model: What is trained; it is moved to the plan's device and ends with the weights that are kept.
        objective: What is minimised.
        dataset: The training rows are used; validation is up to `validate`.
        plan: How to train.
        folder: The run folder; without it nothing is saved.
        validate: Figures of the validation data by name (`elbo`, `kl`, ...), for reports and early stopping.
        reporters: Who watches.
        resume: Go on with the run that the folder holds; if it holds none yet, begin.
        checkpoint: Which of its checkpoints to resume from.
        metadata: Text kept in the header of the saved model: its recipe, options and data.
        how_to_resume: Told to a person who interrupts the run.

    Returns:
        How it ended.

    Raises:
        Interrupted: SIGINT, SIGTERM or SIGHUP; the state is saved.
        NonFiniteError: The loss or a weight was not finite; the last good state is saved.
        CheckpointError: Nothing could be saved, or what was saved is damaged.
        RunFolderError: The folder is in use, not writable, or holds a run although `resume` is false.
        ConfigurationError: Parts or options that do not fit.
    """
    require(model.vae, objective)
    with ExitStack() as scopes:
        device = resolve_device(plan.device)
        if folder is not None:
            check_writable(folder)
            scopes.enter_context(locked(folder))
            if not resume and worth_keeping(folder):
                raise RunFolderError(f"{folder} holds a run already; resume it (resume=True), or give another folder")
        scopes.enter_context(threads(plan.threads))
        scopes.enter_context(generators.borrowed(device))
        scopes.enter_context(distributions_untouched())
        scopes.enter_context(torch.enable_grad())
        stop = scopes.enter_context(stoppable())
        model.to(device)
        scopes.callback(model.train, model.training)
        model.train()
        generators.seed(plan.seed, device)

        source: Source = dataset.train.to(device)
        horizon = Horizon.resolve(plan, len(source))
        critic = objective.critic
        state = State(model, plan, device, critic.to(device) if critic is not None else None)
        watchers = Reporters(reporters)
        notes: list[str] = []
        saving = None
        if folder is not None:
            here = environment(device, plan.seed)
            saving = Saving(
                folder, state, plan, dataset.spec, metadata or {}, here, checkpoint if resume else "current"
            )
            if resume and saving.begun:
                notes += filter(None, [saving.resume()])
            else:
                # Proves that there is room for a checkpoint before any work is done.
                saving.save()
                notes += ["there is no checkpoint to resume from: beginning"] if resume else []
        loop = Loop(
            state,
            source,
            plan,
            horizon,
            compute=loss_function(model, objective, plan, device, watchers.message),
            validate=validate,
            reporters=watchers,
            stop=stop,
            save=saving.save if saving is not None else None,
        )
        progress = state.progress
        watchers.start(
            Start(
                plan=plan,
                horizon=horizon,
                num_examples=len(source),
                step=progress.step,
                reported=progress.reported,
                device=str(device),
                folder=folder,
            )
        )
        for note in notes:
            watchers.message(note)
        reason = "failed"
        try:
            reason = _trained(loop, saving, stop, how_to_resume)
        except Interrupted:
            reason = "interrupted"
            raise
        finally:
            _, which = state.deliverable()
            watchers.end(
                End(
                    reason=reason,
                    step=state.progress.step,
                    seconds=state.progress.elapsed,
                    weights=which,
                    validation=_validation(state),
                )
            )
        weights, which = state.deliverable()
        state.load_weights(weights)
        return Outcome(
            reason=reason,
            steps=state.progress.step,
            epochs=state.progress.epoch,
            seconds=state.progress.elapsed,
            weights=which,
            validation=_validation(state),
            best_epoch=state.progress.best_epoch if state.best is not None else None,
        )


def _trained(loop: Loop, saving: Saving | None, stop: Stop, how_to_resume: str) -> str:
    """Runs the loop and saves its end, whatever it is."""
    try:
        reason = loop.run()
    except (NonFiniteError, ConfigurationError):
        loop.save()
        raise
    if reason == "interrupted":
        loop.save()
    elif saving is not None and not saving.finished:
        saving.save(finished=True)
    if stop.pending is not None:
        raise KINDS[stop.pending](_told(loop, saving, reason, how_to_resume))
    return reason


def _told(loop: Loop, saving: Saving | None, reason: str, how_to_resume: str) -> str:
    step = loop.state.progress.step
    if saving is None:
        return f"stopped after step {step}; nothing was saved, as there is no run folder"
    if reason != "interrupted":
        return f"stopped when training had just ended, after step {step}; it is saved in {saving.folder}"
    return f"stopped after step {step} and saved in {saving.folder}; to go on: {how_to_resume}"


def _validation(state: State) -> dict[str, float]:
    return state.progress.best_validation if state.best is not None else state.progress.validation
