"""What a saved model says of itself in its file, and the model built again from that."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from latentia._version import __version__
from latentia.data import DataSpec
from latentia.data_model import DataModel, seeded
from latentia.errors import CheckpointError, ConfigurationError, DataError
from latentia.objectives import Objective, require
from latentia.recipes import RECIPES, RecipeInfo
from latentia.runs.resolve import recipe_of
from latentia.runs.values import typed

CPU = torch.device("cpu")


@dataclass(frozen=True, slots=True)
class Description:
    """All that is needed to build a model again, but for its weights.

    Attributes:
        recipe: Name of the recipe.
        options: Its options, all of them.
        spec: The data it was trained on.
        version: The release of latentia that wrote it.
    """

    recipe: str
    options: Mapping[str, Any]
    spec: DataSpec
    version: str = __version__

    def to_metadata(self) -> dict[str, str]:
        """Text for the header of the model's file.

        Raises:
            ConfigurationError: An option that is no plain value.
        """
        try:
            options = json.dumps(dict(self.options), allow_nan=False)
        except (TypeError, ValueError) as error:
            raise ConfigurationError(
                f"the options of {self.recipe} cannot be saved ({error}); options of recipes are "
                "numbers, text or lists of these"
            ) from error
        return {"recipe": self.recipe, "options": options, "spec": self.spec.to_json()}

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, str], where: Path) -> Description:
        """Read what `to_metadata` wrote.

        Args:
            metadata: Of the model's file.
            where: The file or folder, for messages.

        Returns:
            The description.

        Raises:
            CheckpointError: Something is missing or cannot be read.
        """
        version = metadata.get("latentia", "of an unknown version")
        try:
            options = json.loads(metadata["options"])
            spec = DataSpec.from_json(metadata["spec"])
            return cls(metadata["recipe"], dict(options), spec, version)
        except (KeyError, ValueError, TypeError, DataError) as error:
            raise CheckpointError(
                f"the model in {where} does not say what it is ({error}); it was written by latentia {version}, "
                f"this is latentia {__version__}"
            ) from error


def construct(
    build: Callable[..., Any], options: Mapping[str, Any], spec: DataSpec, *, seed: int
) -> tuple[DataModel, Objective]:
    """Build a model for data, its weights drawn from a seed.

    Args:
        build: The recipe.
        options: Its options.
        spec: The data.
        seed: Of the initial weights.

    Returns:
        The model, on the CPU, and its objective.

    Raises:
        ConfigurationError: Parts that do not fit the data or one another.
    """
    with seeded(seed, CPU):
        vae, objective = build(spec, **options)
        require(vae, objective)
        return DataModel(vae, spec), objective


def rebuild(
    described: Description, where: Path, recipe: Callable[..., Any] | None
) -> tuple[DataModel, dict[str, Any], RecipeInfo]:
    """Build the model that a description tells of.

    Args:
        described: The description.
        where: The run folder, for messages.
        recipe: The recipe, where it is one of the caller's own.

    Returns:
        The model with fresh weights, its options, and the recipe's description.

    Raises:
        CheckpointError: A recipe or an option that this release does not know.
        ConfigurationError: The recipe refuses its options.
    """
    if recipe is None and described.recipe not in RECIPES:
        raise CheckpointError(
            f"the model in {where} was made by the recipe {described.recipe!r} with latentia {described.version}; "
            f"latentia {__version__} has none of that name: install that version, or pass the function if it is your "
            f"own (latentia.load(..., recipe={described.recipe}))"
        )
    info, build = recipe_of(recipe or described.recipe)
    hints = {option.name: option.type for option in info.options}
    if unknown := sorted(set(described.options) - set(hints)):
        raise CheckpointError(
            f"the model in {where} has options that the recipe {info.name} of latentia {__version__} does not know "
            f"({', '.join(unknown)}); it was written by latentia {described.version}: install that version"
        )
    options = {name: typed(name, value, hints[name]) for name, value in described.options.items()}
    model, _ = construct(build, options, described.spec, seed=0)
    return model, options, info
