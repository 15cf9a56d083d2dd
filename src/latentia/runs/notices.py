"""What a person should know before a run begins, one line each: what was read, chosen and built."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from latentia.columns import listed
from latentia.data import Dataset, DataSpec, Preparation, choose_likelihood
from latentia.data_model import DataModel
from latentia.recipes import RecipeInfo

SHOWN = 3
"""Files that could not be read, of which so many are named."""


def notices(
    dataset: Dataset, model: DataModel, recipe: RecipeInfo, options: Mapping[str, Any], asked: bool
) -> Iterator[str]:
    """What was noticed, in the order in which it was decided.

    Args:
        dataset: The data.
        model: The model for them.
        recipe: Its recipe.
        options: The recipe's options.
        asked: Whether the likelihood was given rather than chosen.

    Yields:
        Lines.
    """
    yield f"data: {counted(dataset.spec)}"
    yield f"      {described(dataset.spec)}"
    for note in dataset.notes:
        yield f"note: {note}"
    if dataset.skipped:
        more = f"; and {len(dataset.skipped) - SHOWN} more" if len(dataset.skipped) > SHOWN else ""
        yield f"note: {len(dataset.skipped)} files could not be read: {'; '.join(dataset.skipped[:SHOWN])}{more}"
    if "likelihood" in options:
        yield f"likelihood: {likelihood_line(dataset.spec, options['likelihood'], asked)}"
    yield f"preparation: {prepared(model.preparation)}"
    parameters = sum(parameter.numel() for parameter in model.parameters())
    sizes = model.latent_sizes
    groups = f" ({', '.join(f'{name}: {size}' for name, size in sizes.items())})" if len(sizes) > 1 else ""
    yield f"model: {recipe.name}, {parameters:,} parameters, {model.latent_dim} latent dimensions{groups}"


def counted(spec: DataSpec) -> str:
    """How many rows there are of what.

    Args:
        spec: The data.

    Returns:
        Such as `digits, 1,437 training, 180 validation and 180 test pictures`.
    """
    what = "pictures" if spec.kind == "image" else "rows"
    train, validation, test = (f"{spec.counts[split]:,}" for split in ("train", "validation", "test"))
    return f"{spec.name}, {train} training, {validation} validation and {test} test {what}"


def described(spec: DataSpec) -> str:
    """What one row looks like.

    Args:
        spec: The data.

    Returns:
        Such as `8 x 8 pixels, 1 channel, uint8, values from 0 to 16`.
    """
    if spec.kind == "image":
        channels, height, width = spec.shape
        shape = f"{height} x {width} pixels, {channels} channel{'s' * (channels != 1)}"
    else:
        kinds = f" ({listed(spec.columns)})" if spec.columns is not None else ""
        shape = f"{spec.num_dims} column{'s' * (spec.num_dims != 1)}{kinds}"
    gaps = f", {spec.missing:.1%} of them missing" if spec.missing > 0 else ""
    return f"{shape}, {spec.dtype}, values from {spec.low:g} to {spec.high:g}{gaps}"


def likelihood_line(spec: DataSpec, name: str, asked: bool) -> str:
    """Which likelihood, and why.

    Args:
        spec: The data.
        name: The likelihood.
        asked: Whether it was asked for.

    Returns:
        Such as `bernoulli, because every value is 0 or 1 (binary)`.
    """
    choice = choose_likelihood(spec)
    if name == choice.name and not asked:
        return f"{name}, because {choice.reason}; the option likelihood chooses another"
    other = "" if name == choice.name else f" (by itself it would be {choice.name}: {choice.reason})"
    return f"{name}, as {'asked' if asked else 'the recipe has it'}{other}"


def prepared(preparation: Preparation) -> str:
    """What happens to the values before the model sees them.

    Args:
        preparation: Of the model.

    Returns:
        A clause.
    """
    spec = preparation.spec
    if preparation.binarises:
        share = "value" if spec.unit == 1 else f"value/{spec.unit:g}"
        return f"values become 0 or 1 anew each time they are used, 1 with probability {share} (dynamic binarisation)"
    if spec.columns is not None:
        return (
            "real columns are centred and scaled to unit variance, positive ones divided by their geometric mean, all "
            "others taken as they are"
        )
    if preparation.standardises:
        each = "channel" if spec.kind == "image" else "column"
        return f"each {each} is centred and scaled to unit variance"
    counts = preparation.space == "counts"
    return "values are taken as they are" if spec.unit == 1 or counts else f"values are divided by {spec.unit:g}"
