"""A job: data, a recipe and a plan brought together, ready to be carried out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from latentia.data import Dataset, DataSpec, choose_likelihood
from latentia.recipes import RecipeInfo
from latentia.runs.folder import check_new
from latentia.runs.reading import name_of, read_data
from latentia.runs.resolve import Request
from latentia.runs.settings import Settings
from latentia.train.device import resolve_device
from latentia.train.schedule import Horizon

PATIENCE = 25
"""Epochs without improvement after which a run whose length nobody chose ends, with the best weights."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What is to be trained.

    Attributes:
        recipe: What the recipe says of itself.
        build: The recipe.
        settings: Everything that was asked for, resolved.
        dataset: The data.
        spec: Their description; that of the first session, where a run is resumed.
        folder: The run folder; None where one is to be numbered.
        resumed: Whether the folder holds the run already.
        asked: Whether the likelihood was asked for.
    """

    recipe: RecipeInfo
    build: Callable[..., Any]
    settings: Settings
    dataset: Dataset
    spec: DataSpec
    folder: Path | None
    resumed: bool = False
    asked: bool = False


def new_job(data: Any, request: Request, folder: Path | None) -> Job:
    """A new run.

    Args:
        data: As `load_data` takes it.
        request: What was asked for.
        folder: The run folder, or None.

    Returns:
        The job; nothing was written yet.

    Raises:
        ConfigurationError: The device cannot be used.
        RunFolderError: Something is in the folder already.
        DataError: The data cannot be read.
    """
    resolve_device(request.plan.device)
    if folder is not None:
        check_new(folder)
    dataset = read_data(data, request.reading)
    of_recipe = {option.name: option.default for option in request.recipe.options}
    return Job(
        recipe=request.recipe,
        build=request.build,
        settings=_settled(request, dataset, name_of(data, request.reading)),
        dataset=dataset,
        spec=dataset.spec,
        folder=folder,
        asked=request.options.get("likelihood") not in (None, of_recipe.get("likelihood")),
    )


def _settled(request: Request, dataset: Dataset, name: str | None) -> Settings:
    """Decides what was left open until the data were known: the likelihood, and how long the run lasts."""
    options, plan, reading = dict(request.options), request.plan, dict(request.reading)
    if options.get("likelihood", "") is None:
        options["likelihood"] = choose_likelihood(dataset.spec).name
    if plan.epochs is plan.steps is plan.minutes is None:
        # A length nobody chose is an upper limit: the run ends when the held-out objective no longer improves.
        patience = PATIENCE if plan.patience is None else plan.patience
        plan = replace(plan, epochs=Horizon.resolve(plan, len(dataset.train)).epochs, patience=patience)
    if isinstance(labels := reading.get("labels"), str):
        reading["labels"] = str(Path(labels).expanduser().absolute())
    return Settings(
        data=name,
        recipe=request.recipe.name,
        reading=reading if name is not None else {},
        options=options,
        plan=plan,
    )
