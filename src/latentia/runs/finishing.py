"""The end of a run: the model at its place, measured on the test split, drawn and reported."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from torch import nn

from latentia.errors import RunFolderError
from latentia.evaluation import Evidence
from latentia.runs import folder as places
from latentia.runs.loading import model_hash
from latentia.runs.plain import plain
from latentia.runs.run import Run
from latentia.runs.signals import Termination
from latentia.runs.watching import Voice
from latentia.train import Interrupted, Terminated
from latentia.train.manifest import CURRENT, read_manifest

NUM_SAMPLES = 100
NUM_SAMPLES_CONVOLUTIONAL = 16
"""Importance samples for each row of the measurement that ends a run, fewer where each costs convolutions; `latentia
evaluate` takes as many as it is told."""


def finish(run: Run, voice: Voice, *, seconds: float | None, report: bool) -> Run:
    """Put the model at its place, and measure and report it if that is wanted.

    Args:
        run: A trained run.
        voice: Who is told.
        seconds: The training took, if known.
        report: Whether to measure, draw and write the report.

    Returns:
        The run, with its evidence.

    Raises:
        Interrupted: Ctrl-C or SIGTERM; the training is saved, and the message says how to get the report.
    """
    place_model(run.folder)
    if not report:
        return run
    try:
        run = measured(run, voice)
        write_pages(run, voice, seconds=seconds)
    except KeyboardInterrupt as error:
        raise (Terminated if isinstance(error, Termination) else Interrupted)(
            f"stopped after the training, which is saved in {run.folder}; to measure it and write its report: "
            f"latentia report {run.folder}"
        ) from error
    return run


def place_model(folder: Path) -> Path:
    """Give the newest saved model its short name at the top of the run folder; its SHA-256 stands in the manifest.

    Args:
        folder: A run folder.

    Returns:
        The file.
    """
    saved = read_manifest(folder / CURRENT).checkpoints[0].files["model"]
    places.link_or_copy(folder / saved.path, folder / places.MODEL)
    return folder / places.MODEL


def measured(run: Run, voice: Voice, *, num_samples: int | None = None) -> Run:
    """Measure a run on its test split, and keep the result in its folder.

    Args:
        run: The run; its model may be on any device.
        voice: Who is told.
        num_samples: Importance samples for each row; by default as many as the networks make cheap.

    Returns:
        The run with its evidence.
    """
    rows = run.split("test")
    if num_samples is None:
        convolutional = any(isinstance(module, nn.Conv2d) for module in run.model.modules())
        num_samples = NUM_SAMPLES_CONVOLUTIONAL if convolutional else NUM_SAMPLES
    voice.say(f"measuring {len(rows):,} test rows, {num_samples} samples each")
    with voice.counting("measuring") as tell:
        evidence = run.evaluate(rows, num_samples=num_samples, progress=tell)
    kept = {"split": "test", "model": model_hash(run.folder), **plain(evidence.to_dict())}
    places.write_json(run.folder / places.EVIDENCE, kept)
    return replace(run, evidence=evidence)


def write_pages(run: Run, voice: Voice, *, seconds: float | None) -> Path:
    """Draw a run's pictures and write its report.

    Args:
        run: A measured run.
        voice: Who is told.
        seconds: The training took, if known.

    Returns:
        The report.

    Raises:
        RunFolderError: Something cannot be written.
    """
    from latentia.report import ReportInput, draw_pictures, write_report

    assert isinstance(run.evidence, Evidence), "a run is measured before it is reported"
    voice.say("drawing pictures")
    shown = ReportInput(
        model=run.model,
        dataset=run.data,
        evidence=run.evidence,
        metrics=run.metrics,
        recipe=run.recipe,
        options=run.options,
        plan=run.plan.to_dict(),
        environment=run.environment,
        run=str(run.folder),
        seconds=seconds if seconds is not None else _seconds(run.metrics),
        seed=run.plan.seed,
    )
    try:
        return write_report(shown, run.folder, draw_pictures(shown, run.folder / places.PICTURES))
    except OSError as error:
        raise RunFolderError(f"{run.folder}: the report cannot be written ({error.strerror or error})") from error


def _seconds(metrics: Sequence[object]) -> float | None:
    last = metrics[-1] if metrics else None
    return float(last["seconds"]) if isinstance(last, dict) and "seconds" in last else None
