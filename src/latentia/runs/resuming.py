"""A run that goes on: with its own recipe, options and data, or an error that names what differs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from latentia.data import DataSpec
from latentia.errors import ConfigurationError, DataError, RunFolderError
from latentia.runs import folder as places
from latentia.runs.job import Job
from latentia.runs.loading import settings_of
from latentia.runs.reading import name_of, read_again, read_data, require_same
from latentia.runs.resolve import Recipe, recipe_of, resolve, revised
from latentia.runs.settings import Settings
from latentia.train import Plan
from latentia.train.manifest import CURRENT, read_manifest
from latentia.train.schedule import Horizon


def resumed_job(
    folder: Path | None, data: Any, recipe: Recipe | None, plan: Plan | None, options: Mapping[str, Any]
) -> Job:
    """A run that goes on.

    Args:
        folder: Its folder.
        data: Its data, if they are given again; otherwise they are read from where they were.
        recipe: Its recipe, if it is named again; a recipe of the caller's own must be.
        plan: A plan to go on with; only what does not change the weights of a step may differ.
        options: Options that were given; those of recipe and reading must be as they were.

    Returns:
        The job.

    Raises:
        RunFolderError: The folder holds no run.
        ConfigurationError: Names what differs.
        DataError: The data cannot be read, or are others.
    """
    if folder is None:
        raise ConfigurationError("resume: which run? give its folder (out, or latentia fit --resume FOLDER)")
    places.require_run(folder)
    own = recipe if callable(recipe) else None
    saved = settings_of(folder, own)
    given = {name: value for name, value in options.items() if value is not None}
    info, build = recipe_of(own or saved.recipe)
    if recipe is not None and (other := recipe_of(recipe)[0].name) != saved.recipe:
        raise ConfigurationError(
            f"resume: recipe was {saved.recipe!r} and is {other!r}; a run goes on as it began: leave that out, or "
            "start another run"
        )
    asked = resolve(own or saved.recipe, plan or saved.plan, given)
    _require_same({**saved.options, **saved.reading}, {**asked.options, **asked.reading}, given)
    fields = {name: given[name] for name in saved.plan.to_dict() if name in given}
    going_on = revised(plan or saved.plan, fields)
    spec = _spec(folder)
    _require_not_past(folder, going_on, spec)
    if data is None:
        dataset = read_again(saved, spec, folder)
    else:
        dataset = read_data(data, saved.reading)
        require_same(dataset, spec, folder)
    return Job(
        recipe=info,
        build=build,
        settings=Settings(
            data=saved.data if data is None else name_of(data, saved.reading),
            recipe=saved.recipe,
            reading=saved.reading,
            options=saved.options,
            plan=going_on,
        ),
        dataset=dataset,
        spec=spec,
        folder=folder,
        resumed=True,
    )


def _require_same(saved: Mapping[str, Any], asked: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    differing = [name for name in given if name in asked and saved.get(name) != asked[name]]
    if differing:
        listed = ", ".join(f"{name} was {saved.get(name)!r} and is {asked[name]!r}" for name in differing)
        raise ConfigurationError(f"resume: {listed}; a run goes on as it began: leave that out, or start another run")


def _require_not_past(folder: Path, plan: Plan, spec: DataSpec) -> None:
    """A run that is shorter than what was trained already cannot be gone on with."""
    horizon = Horizon.resolve(plan, spec.counts["train"])
    if horizon.total_steps is None or not (folder / CURRENT).exists():
        return
    done = read_manifest(folder / CURRENT).checkpoints[0].step
    if done > horizon.total_steps:
        raise ConfigurationError(
            f"resume: {horizon.total_steps:,} steps in all were asked for; the run in {folder} has {done:,} behind it "
            f"({done / horizon.steps_per_epoch:.4g} epochs): ask for more"
        )


def _spec(folder: Path) -> DataSpec:
    path = folder / places.DATA
    try:
        return DataSpec.from_json(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise RunFolderError(f"{folder} has no {places.DATA}, which says what the data were; restore it") from error
    except (OSError, UnicodeDecodeError, DataError) as error:
        raise RunFolderError(f"{path} cannot be read: {error}") from error
