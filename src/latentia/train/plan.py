"""How a model is trained: one frozen, validated value, readable without importing torch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from latentia.errors import ConfigurationError


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The training plan: how long, how fast, how exactly, and what is kept.

    At most one of `epochs`, `steps` and `minutes` may be set. When none is, the number of epochs is the smallest that
    gives 8,000 optimiser steps, but at least 5 and at most 500 (see `latentia.train.schedule.Horizon`).

    A run limited by `minutes` depends on the clock: its length, and the rates of the `cosine` and `linear` schedules,
    which follow the elapsed fraction, differ between repeats. Everything else is repeatable bit for bit on one machine.

    Raises:
        ConfigurationError: A value out of its range, of another type, or more than one limit.

    >>> Plan(epochs=3).batch_size
    128
    >>> Plan(epochs=3, steps=10)
    Traceback (most recent call last):
    ...
    latentia.errors.ConfigurationError: epochs, steps: set one of them only, a run has one limit
    """

    epochs: Annotated[int | None, "Passes over the training data."] = None
    steps: Annotated[int | None, "Optimiser steps, instead of epochs."] = None
    minutes: Annotated[
        float | None, "Wall-clock minutes, instead of epochs; such a run cannot be repeated bit for bit."
    ] = None
    batch_size: Annotated[int, "Examples a batch."] = 128
    learning_rate: Annotated[float, "Peak learning rate."] = 1e-3
    optimizer: Annotated[Literal["adam", "adamw"], "Adam, or Adam with decoupled weight decay."] = "adam"
    weight_decay: Annotated[float, "Weight decay (an L2 penalty's gradient for adam, decoupled for adamw)."] = 0.0
    schedule: Annotated[
        Literal["constant", "cosine", "linear"],
        "How the learning rate falls over the run: not at all, or towards zero.",
    ] = "constant"
    warmup_steps: Annotated[int, "Optimiser steps over which the learning rate rises linearly to its peak."] = 0
    kl_warmup: Annotated[float, "Epochs over which the weight of the KL divergence rises linearly from 0 to 1."] = 0.0
    clip_norm: Annotated[float | None, "Largest allowed Euclidean norm of the gradient."] = None
    accumulate: Annotated[int, "Batches whose gradients make one optimiser step, as one larger batch would."] = 1
    ema: Annotated[float | None, "Decay of a moving average of the weights, which is then validated and kept."] = None
    precision: Annotated[
        Literal["float32", "bfloat16"], "Arithmetic of the networks; weights and densities stay in float32."
    ] = "float32"
    compile: Annotated[
        Literal["off", "on", "auto"], "Compile the loss with torch.compile: never, always, or on CUDA devices only."
    ] = "auto"
    device: Annotated[str, "auto, cpu, cuda, cuda:1, mps, ..."] = "auto"
    threads: Annotated[int | None, "CPU threads during the run; unset leaves torch's own choice."] = None
    seed: Annotated[int, "Seed of the shuffling and of every random draw of the training."] = 0
    patience: Annotated[
        int | None,
        "Stop after so many epochs without a better validation; keeps the best weights. Runs of default length: 25.",
    ] = None
    checkpoint_seconds: Annotated[float, "Seconds between checkpoints; 0 saves after every optimiser step."] = 60.0
    validate_every: Annotated[int, "Epochs between validations; the last epoch is always validated."] = 1

    def __post_init__(self) -> None:
        hints = get_type_hints(type(self))
        for item in fields(self):
            object.__setattr__(self, item.name, _typed(item.name, getattr(self, item.name), hints[item.name]))
        limits = [name for name in ("epochs", "steps", "minutes") if getattr(self, name) is not None]
        if len(limits) > 1:
            raise ConfigurationError(f"{', '.join(limits)}: set one of them only, a run has one limit")
        for name in ("epochs", "steps", "batch_size", "accumulate", "threads", "patience", "validate_every"):
            _at_least(name, getattr(self, name), 1)
        for name in ("weight_decay", "warmup_steps", "kl_warmup", "checkpoint_seconds", "seed"):
            _at_least(name, getattr(self, name), 0)
        for name in ("minutes", "learning_rate", "clip_norm"):
            value = getattr(self, name)
            if value is not None and value <= 0:
                raise ConfigurationError(f"{name}: {value!r} was given, a number above 0 is expected")
        if self.ema is not None and not 0 < self.ema < 1:
            raise ConfigurationError(
                f"ema: {self.ema!r} was given, a decay between 0 and 1 (such as 0.999) is expected"
            )
        if self.seed >= 2**63:
            raise ConfigurationError(f"seed: {self.seed} was given, at most 2**63 - 1 fits")

    def to_dict(self) -> dict[str, Any]:
        """The plan as plain values that JSON and TOML can hold, one entry a field."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Plan:
        """The plan described by plain values; fields left out take their defaults.

        Raises:
            ConfigurationError: A name that no field has, or a value that its field cannot hold.

        >>> Plan.from_dict(Plan(seed=3).to_dict()) == Plan(seed=3)
        True
        """
        known = [item.name for item in fields(cls)]
        unknown = sorted(set(values) - set(known))
        if unknown:
            raise ConfigurationError(f"no such option of a plan: {', '.join(unknown)}; there are {', '.join(known)}")
        return cls(**values)


def _at_least(name: str, value: float | None, least: int) -> None:
    if value is not None and value < least:
        raise ConfigurationError(f"{name}: {value!r} was given, at least {least} is expected")


def _typed(name: str, value: object, hint: object) -> object:
    """The value in the field's type (an int becomes a float where one is asked for), or an error that names both."""
    choices = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    if value is None and NoneType in choices:
        return None
    for choice in choices:
        if get_origin(choice) is Literal and value in get_args(choice):
            return value
        if choice is str and isinstance(value, str):
            return value
        if choice is int and isinstance(value, int) and not isinstance(value, bool):
            return value
        if choice is float and isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
            return float(value)
    raise ConfigurationError(f"{name}: {value!r} was given, {_describe(choices)} is expected")


def _describe(choices: tuple[object, ...]) -> str:
    words: dict[object, str] = {int: "a whole number", float: "a finite number", str: "a name"}
    named = [
        "one of " + ", ".join(map(str, get_args(choice))) if get_origin(choice) is Literal else words[choice]
        for choice in choices
        if get_origin(choice) is Literal or choice in words
    ]
    return " or ".join(named)
