"""Small made-up runs of every kind, for the tests of pictures and pages."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
import torch

from latentia.data import Dataset, load_data
from latentia.data_model import DataModel
from latentia.evaluation import evaluate
from latentia.recipes import explain, recipe_named
from latentia.report import ReportInput
from latentia.train.plan import Plan
from tests.data.test_columns import gappy

SMALL: dict[str, Any] = {"latent_dim": 3, "hidden": (8,)}


def grey() -> Dataset:
    """Labelled grey pictures on 17 levels."""
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (60, 8, 8)).astype(np.uint8)
    return load_data(x, labels=rng.integers(0, 3, 60))


def colour() -> Dataset:
    """Colour pictures, not square."""
    return load_data(np.random.default_rng(0).integers(0, 256, (40, 12, 9, 3)).astype(np.uint8))


def table(columns: int = 4) -> Dataset:
    """Real columns, one of them constant."""
    x = np.random.default_rng(0).normal(size=(80, columns))
    x[:, -1] = 7.0
    return load_data(x)


def mixed_table() -> Dataset:
    """A column of every kind, with gaps."""
    return load_data(gappy(90), columns="real,positive,count,binary,categorical,ordinal", missing=True)


KINDS: Mapping[str, tuple[Any, str, dict[str, Any]]] = {
    "grey": (grey, "vae", SMALL),
    "binarised": (grey, "beta_vae", {**SMALL, "likelihood": "bernoulli", "beta": 2.0}),
    "colour": (colour, "iwae", {**SMALL, "num_samples": 2, "likelihood": "gaussian"}),
    "table": (table, "vae", SMALL),
    "wide table": (lambda: table(30), "vae", {**SMALL, "prior": "mixture", "components": 2}),
    "mixed table": (mixed_table, "table_vae", {**SMALL, "components": 2}),
    "two columns": (
        lambda: load_data(np.random.default_rng(0).normal(size=(50, 2))),
        "vae",
        {**SMALL, "latent_dim": 1},
    ),
    "autoencoder": (grey, "autoencoder", SMALL),
    "top down": (grey, "top_down", {**SMALL, "top_dim": 2}),
}
"""Name to data, recipe and options."""


def rows(epochs: int = 6, terms: Sequence[str] = ("elbo", "reconstruction", "kl")) -> list[dict[str, Any]]:
    """Metrics of a run that improves quickly and then stays, without a gap."""
    return [
        {
            "step": 10 * epoch,
            "epoch": epoch,
            "train": {term: -20.0 - 30 * math.exp(-3 * epoch) for term in terms},
            "validation": {term: -20.5 - 30 * math.exp(-3 * epoch) for term in terms},
            "learning_rate": 1e-3,
            "kl_weight": 1.0,
            "examples_per_second": 1000.0,
            "seconds": 1.5 * epoch,
        }
        for epoch in range(1, epochs + 1)
    ]


@cache
def run_of(kind: str) -> ReportInput:
    """An untrained run, measured."""
    source, recipe, options = KINDS[kind]
    dataset = source()
    torch.manual_seed(0)
    vae, _ = recipe_named(recipe)(dataset.spec, **options)
    model = DataModel(vae, dataset.spec).eval()
    return ReportInput(
        model=model,
        dataset=dataset,
        evidence=evaluate(model, dataset.test, num_samples=5),
        metrics=rows(terms=("reconstruction",) if recipe == "autoencoder" else ("elbo", "reconstruction", "kl")),
        recipe=explain(recipe),
        options=options,
        plan=Plan(epochs=6).to_dict(),
        environment={"torch": "2.13.0", "threads": 1},
        run=f"runs/{kind}",
        seconds=75.0,
    )
