"""`fit`: from data and a recipe to a run folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from latentia.data import Dataset
from latentia.data_model import DataModel
from latentia.errors import ConfigurationError
from latentia.evaluation import validate
from latentia.objectives import Objective
from latentia.runs import folder as places
from latentia.runs.description import Description, construct
from latentia.runs.finishing import finish
from latentia.runs.job import Job, new_job
from latentia.runs.notices import notices
from latentia.runs.resolve import Recipe, resolve
from latentia.runs.resuming import resumed_job
from latentia.runs.run import Run
from latentia.runs.settings import FILE as CONFIG
from latentia.runs.summary import summary
from latentia.runs.watching import Recorder, Voice
from latentia.train import MetricsFile, Plan, Reporter, TensorBoard, read_metrics, train
from latentia.train.durable import check_writable
from latentia.train.manifest import CURRENT, read_manifest
from latentia.train.reporters.tensorboard import FOLDER as EVENTS
from latentia.train.reporters.tensorboard import available

if TYPE_CHECKING:
    from latentia.data.load import DataSource

Which = Literal["current", "previous"]


def fit(
    data: DataSource | Dataset | None = None,
    recipe: Recipe | None = None,
    *,
    out: str | Path | None = None,
    plan: Plan | None = None,
    resume: bool = False,
    checkpoint: Which = "current",
    reporters: Sequence[Reporter] | None = None,
    report: bool = True,
    **options: Any,
) -> Run:
    """Train a model on data and write a run folder: settings, model, metrics, measurement, pictures and a report.

    Args:
        data: A name, a path, an array or a data set: see `load_data`. Not needed to resume a run whose data
            have a name or a path.
        recipe: Name of a recipe (`vae` where nothing is said), or a function like one.
        out: The run folder; by default `runs/DATA-RECIPE-1`, `-2`, ..., whichever is free.
        plan: The training plan; fields of it may be given as options instead.
        resume: Go on with the run in `out`. A run goes on with its own recipe, options and data; what may change is how
            long it lasts (`epochs`, `steps`, `minutes`, `patience`), where it runs, how often it is saved or validated.
        checkpoint: Which checkpoint to resume from.
        reporters: Who watches; by default a progress line on standard error. An empty list is silence.
        report: Whether to measure the model on the test split, draw pictures and write the report.
        **options: Options of the recipe (`latent_dim=8`), of the plan (`epochs=20`, `seed=1`), and of reading the data
            (`resize`, `validation`, `test`, `labels`, `columns`, `missing`, `split_seed`).

    Returns:
        The run.

    Raises:
        ConfigurationError: An option or a value that does not exist, or parts that do not fit.
        DataError: The data cannot be read.
        RunFolderError: The folder holds something else, is in use, or cannot be written.
        Interrupted: Stopped by a signal; all is saved, and the message says how to go on.

    Example:
        run = latentia.fit("digits", latent_dim=8, epochs=50)
        run.evidence.nll, run.report
    """
    voice = Voice(reporters)
    job = make_job(data, recipe, out=out, plan=plan, resume=resume, options=options)
    run = carry_out(job, voice, checkpoint=checkpoint, report=report)
    for line in summary(run):
        voice.say(line)
    return run


def make_job(
    data: DataSource | Dataset | None,
    recipe: Recipe | None,
    *,
    out: str | Path | None,
    plan: Plan | None,
    resume: bool,
    options: Mapping[str, Any],
) -> Job:
    """Bring together what is to be trained; the arguments are those of `fit`.

    Raises:
        ConfigurationError: Something that does not exist or does not fit.
        DataError: The data cannot be read.
        RunFolderError: The folder holds something else, or no run where one is to be resumed.
    """
    folder = Path(out) if out is not None else None
    if resume:
        return resumed_job(folder, data, recipe, plan, options)
    if data is None:
        raise ConfigurationError("no data: give a name, a path or an array; or out and resume=True")
    return new_job(data, resolve("vae" if recipe is None else recipe, plan, options), folder)


def carry_out(job: Job, voice: Voice, *, checkpoint: Which = "current", report: bool = True) -> Run:
    """Train what a job says, and write its folder.

    Args:
        job: The job.
        voice: Who is told.
        checkpoint: Which checkpoint to resume from.
        report: Whether to measure, draw and write the report.

    Returns:
        The run.
    """
    settings = job.settings
    model, objective = construct(job.build, settings.options, job.spec, seed=settings.plan.seed)
    described, configuration = Description(settings.recipe, settings.options, job.spec), settings.to_toml()
    metadata = described.to_metadata()
    if not job.resumed:
        for line in notices(job.dataset, model, job.recipe, settings.options, job.asked):
            voice.say(line)
    folder = job.folder if job.resumed else places.make_new(job.folder, f"{job.spec.name}-{settings.recipe}")
    assert folder is not None, "a run that is resumed has a folder"
    voice.say(f"run: {folder}")
    try:
        if not job.resumed:
            check_writable(folder)
            places.write_text(folder / CONFIG, configuration)
            places.write_json(folder / places.DATA, job.spec.to_dict())
        seconds = _trained(model, objective, job, folder, voice, configuration, metadata, checkpoint)
    except BaseException:
        if not job.resumed:
            places.abandon(folder)
        raise
    model.eval()
    run = Run(
        folder=folder,
        model=model,
        settings=settings,
        recipe=job.recipe,
        spec=job.spec,
        metrics=read_metrics(folder / places.METRICS),
        environment=read_manifest(folder / CURRENT).environment,
        data=job.dataset,
    )
    return finish(run, voice, seconds=seconds, report=report)


def _trained(
    model: DataModel,
    objective: Objective,
    job: Job,
    folder: Path,
    voice: Voice,
    configuration: str,
    metadata: dict[str, str],
    checkpoint: Which,
) -> float:
    """Trains; seconds that it took, over all sessions."""
    plan, validation = job.settings.plan, job.dataset.validation
    recorders: list[Reporter] = [Recorder(folder / CONFIG, configuration)] if job.resumed else []
    recorders.append(MetricsFile(folder / places.METRICS))
    if available():
        recorders.append(TensorBoard(folder / EVENTS))
    outcome = train(
        model,
        objective,
        job.dataset,
        plan,
        folder=folder,
        validate=lambda current: validate(current, objective, validation, seed=plan.seed),
        reporters=[*recorders, *voice.reporters],
        resume=job.resumed,
        checkpoint=checkpoint,
        metadata=metadata,
        how_to_resume=f"latentia fit --resume {folder}",
    )
    return outcome.seconds
