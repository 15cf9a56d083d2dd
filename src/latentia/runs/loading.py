"""`load`: a run folder as a run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, fields, replace
from pathlib import Path
from typing import Any, Literal, cast

from latentia.errors import ConfigurationError
from latentia.evaluation import Evidence
from latentia.recipes import RECIPES
from latentia.runs import folder as places
from latentia.runs.description import Description, rebuild
from latentia.runs.resolve import resolve
from latentia.runs.run import Run
from latentia.runs.settings import FILE as CONFIG
from latentia.runs.settings import Settings, read_settings
from latentia.train import load_checkpoint, read_metrics
from latentia.train.manifest import CURRENT, read_manifest
from latentia.train.tensors import require_same_layout


def load(
    folder: str | Path,
    *,
    checkpoint: Literal["current", "previous"] = "current",
    recipe: Callable[..., Any] | None = None,
) -> Run:
    """Load a run: the model is built from what its file says, and its weights are verified before they are used.

    Args:
        folder: A run folder.
        checkpoint: The newest weights, or those of the checkpoint before.
        recipe: The recipe, where the model was trained with one of your own.

    Returns:
        The run, its model on the CPU.

    Raises:
        RunFolderError: The folder holds no run, or one in which nothing was trained yet.
        CheckpointError: The model is damaged, or of a newer version or a recipe that is not known here.

    Example:
        run = latentia.load("runs/digits-vae-1")
        codes = run.model.encode(rows)
    """
    folder = Path(folder)
    places.require_run(folder)
    tensors, metadata = load_checkpoint(folder, "model", checkpoint)
    described = Description.from_metadata(metadata, folder)
    model, options, info = rebuild(described, folder, recipe)
    require_same_layout(tensors, model.state_dict(), str(folder))
    model.load_state_dict(tensors)
    model.eval()
    return Run(
        folder=folder,
        model=model,
        settings=replace(settings_of(folder, recipe), options=options),
        recipe=info,
        spec=described.spec,
        evidence=evidence_of(folder) if checkpoint == "current" else None,
        metrics=read_metrics(folder / places.METRICS),
        environment=read_manifest(folder / CURRENT).environment if (folder / CURRENT).exists() else {},
    )


def settings_of(folder: Path, recipe: Callable[..., Any] | None) -> Settings:
    """The settings that a run folder keeps.

    Args:
        folder: The run folder.
        recipe: The recipe, where it is one of the caller's own.

    Returns:
        The settings.

    Raises:
        ConfigurationError: The file is missing, or no configuration any more.
    """
    path = folder / CONFIG
    values = read_settings(path)
    data, name = values.pop("data", None), values.pop("recipe", None)
    if name is None:
        raise ConfigurationError(f"{path} names no recipe; restore the file as the run wrote it")
    if recipe is None and name not in RECIPES:
        raise ConfigurationError(f"{path}: no recipe {name!r} here; if it is a function of yours, pass recipe={name}")
    try:
        request = resolve(recipe or name, None, values)
    except ConfigurationError as error:
        raise ConfigurationError(f"{path}: {error}") from error
    return Settings(data=data, recipe=name, reading=request.reading, options=request.options, plan=request.plan)


def evidence_of(folder: Path) -> Evidence | None:
    """The measurement that a run folder keeps, if it is one of the model that it keeps.

    Args:
        folder: The run folder.

    Returns:
        The evidence, or None.
    """
    found = places.read_json(folder / places.EVIDENCE) or {}
    # What has a default came with a later version, and a folder of an earlier one lacks it.
    needed = {item.name for item in fields(Evidence) if item.default is MISSING}
    if found.get("model") != model_hash(folder) or not needed <= found.keys():
        return None
    names = [item.name for item in fields(Evidence) if item.name in found]
    values = {name: tuple(v) if isinstance(v := found[name], list) else v for name in names}
    return Evidence(**cast(Any, values))


def model_hash(folder: Path) -> str | None:
    """SHA-256 of the newest saved model, as the manifest has it."""
    if not (folder / CURRENT).exists():
        return None
    return read_manifest(folder / CURRENT).checkpoints[0].files["model"].sha256
