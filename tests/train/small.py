"""A small model on a few rows, for runs of milliseconds, and ways to stop them where a test wants."""

from __future__ import annotations

import signal
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from latentia.conditionals import Need
from latentia.data.dataset import Dataset
from latentia.data.source import Resident
from latentia.data_model import DataModel
from latentia.model import VAE
from latentia.objectives import Loss, Objective, Step
from latentia.recipes import recipe_named
from latentia.train import Outcome, Plan, load_checkpoint, train, weight_hash
from latentia.train.reporters import End, Live, Row, Start
from tests.ledger import spec

ROWS, COLUMNS = 45, 6


def grey_data() -> Dataset:
    """Rows of grey levels: a Bernoulli likelihood draws noise for the data too."""
    x = torch.randint(0, 17, (ROWS, COLUMNS), generator=torch.Generator().manual_seed(1)).to(torch.uint8)
    return _dataset(x, "levels", levels=17)


def real_data(dtype: torch.dtype = torch.float32) -> Dataset:
    """Rows of standard normal numbers."""
    return _dataset(torch.randn(ROWS, COLUMNS, generator=torch.Generator().manual_seed(2), dtype=dtype), "real")


def _dataset(x: Tensor, support: str, levels: int | None = None) -> Dataset:
    described = replace(spec((COLUMNS,), support, levels=levels), digest=weight_hash({"x": x}))
    return Dataset(described, Resident(x), Resident(x[:9]), Resident(x[:9]))


def build(data: Dataset, recipe: str = "vae", **options: Any) -> tuple[DataModel, Objective]:
    """A model with the same initial weights at every call."""
    with torch.random.fork_rng():
        torch.manual_seed(5)
        if data.spec.support == "levels":
            options = {"likelihood": "bernoulli", **options}
        vae, objective = recipe_named(recipe)(
            data.spec, **{"latent_dim": 2, "hidden": (5,), "network": "mlp", **options}
        )
    return DataModel(vae, data.spec), objective


def validate(model: DataModel) -> Mapping[str, float]:
    """A bound that draws noise, as evaluation does."""
    with torch.no_grad():
        trace = model.trace(grey_data().validation.x if model.spec.support == "levels" else real_data().validation.x)
        return {"elbo": float(trace.log_w.mean()), "kl": float(trace.kl.mean())}


class Hooked:
    """An objective that first calls a hook with the index of the optimiser step."""

    def __init__(self, inner: Objective, hook: Callable[[int], None]) -> None:
        self.inner, self.hook = inner, hook

    @property
    def requires(self) -> frozenset[Need]:
        return self.inner.requires

    @property
    def critic(self) -> nn.Module | None:
        return self.inner.critic

    def __call__(self, model: VAE, x: Tensor, step: Step, player: int = 0) -> Loss:
        if player == 0:
            self.hook(step.index)
        return self.inner(model, x, step, player)


def signalled(objective: Objective, at: int, number: int = signal.SIGTERM) -> Objective:
    """The objective, with a signal in the midst of one optimiser step (the first is 1)."""
    return Hooked(objective, lambda index: signal.raise_signal(number) if index == at - 1 else None)


class Record:
    """A reporter that remembers."""

    def __init__(self) -> None:
        self.starts: list[Start] = []
        self.lives: list[Live] = []
        self.rows: list[Row] = []
        self.messages: list[str] = []
        self.ends: list[End] = []

    def start(self, event: Start) -> None:
        self.starts.append(event)

    def live(self, event: Live) -> None:
        self.lives.append(event)

    def row(self, event: Row) -> None:
        self.rows.append(event)

    def message(self, text: str) -> None:
        self.messages.append(text)

    def end(self, event: End) -> None:
        self.ends.append(event)


def fitted(plan: Plan, folder: Path | None = None, **arguments: Any) -> tuple[str, Outcome]:
    """A run on the grey rows: the hash of its final weights, and its outcome."""
    data = grey_data()
    model, objective = build(data)
    outcome = train(model, objective, data, plan, folder=folder, validate=validate, **arguments)
    return weight_hash(model.state_dict()), outcome


def state_hash(folder: Path) -> str:
    """The hash of all tensors of the saved state: weights, moments, averages, generators, sums."""
    return weight_hash(load_checkpoint(folder, "state")[0])
