"""The settings of a run as one value, as a configuration file, and read back. Imports no torch."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from latentia._version import __version__
from latentia.errors import ConfigurationError, MissingExtraError
from latentia.runs import toml
from latentia.train.plan import Plan

FILE = "config.toml"
"""Name of the resolved configuration in a run folder."""
LIMITS = ("epochs", "steps", "minutes")
"""The three ways to say how long a run lasts; one excludes the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that a run was asked for, resolved: no default is left open.

    Attributes:
        data: The source as `load_data` takes it, paths made absolute; None where rows were handed over from Python.
        recipe: Name of the recipe.
        reading: Options of the reading: `resize`, `validation`, `test`, `labels`, `columns`, `missing`,
            `split_seed`.
        options: The recipe's options, all of them.
        plan: The training plan.
    """

    data: str | None
    recipe: str
    reading: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    plan: Plan = field(default_factory=Plan)

    def to_toml(self) -> str:
        """The configuration file: `latentia fit --config` takes it again."""
        tables = {
            "data": self.data,
            "recipe": self.recipe,
            "reading": self.reading,
            "model": self.options,
            "training": self.plan.to_dict(),
        }
        comment = "" if self.data else "# the data were handed over from Python and have no name to be read by\n"
        return (
            f"# Written by latentia {__version__}: every setting of this run, the defaults included. Repeat it with\n"
            f"# latentia fit --config {FILE}\n{comment}\n" + toml.dumps(tables)
        )


def read_settings(path: Path) -> dict[str, Any]:
    """Read a configuration file: `.toml`, `.json`, or `.yaml` where that extra is installed.

    Tables only group: `epochs = 3` under `[training]` and at the top mean the same. Dashes and underscores in names are
    the same too.

    Args:
        path: The file.

    Returns:
        Name to value, flat; names with underscores.

    Raises:
        ConfigurationError: Missing, not of that format, or a name that stands twice.
        MissingExtraError: A YAML file without the reader.
    """
    try:
        content = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise ConfigurationError(f"{path}: {reason}; give a configuration file (.toml, .json or .yaml)") from error
    found = _parse(path, content)
    if not isinstance(found, Mapping):
        raise ConfigurationError(f"{path} holds no names with values; write lines such as: epochs = 10")
    flat: dict[str, Any] = {}
    for name, value in _flattened(found):
        if name in flat:
            raise ConfigurationError(f"{path}: {name} stands there twice; keep one")
        flat[name] = value
    return {name: value for name, value in flat.items() if value is not None}


def _parse(path: Path, content: str) -> Any:
    suffix = path.suffix.lower()
    try:
        if suffix == ".toml":
            return tomllib.loads(content)
        if suffix == ".json":
            return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"{path} is no valid {suffix[1:].upper()}: {error}") from error
    if suffix in (".yaml", ".yml"):
        return _parse_yaml(path, content)
    raise ConfigurationError(f"{path}: configurations are read from .toml, .json and .yaml files")


def _parse_yaml(path: Path, content: str) -> Any:
    try:
        yaml = import_module("yaml")
    except ImportError as error:
        raise MissingExtraError(
            f"{path}: YAML files need PyYAML, which is not installed: pip install 'latentia[yaml]', or write .toml"
        ) from error
    try:
        return yaml.safe_load(content)
    except (yaml.YAMLError, RecursionError) as error:
        raise ConfigurationError(f"{path} is no valid YAML: {' '.join(str(error).split())}") from error


def _flattened(table: Mapping[Any, Any]) -> list[tuple[str, Any]]:
    flat: list[tuple[str, Any]] = []
    for name, value in table.items():
        flat += _flattened(value) if isinstance(value, Mapping) else [(str(name).replace("-", "_"), value)]
    return flat
