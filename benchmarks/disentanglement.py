"""Scores of disentanglement of models trained on dSprites, side by side with what chance would score.

    python -m benchmarks.disentanglement                            # six models
    python -m benchmarks.disentanglement vae beta_tc --steps 500    # some of them, briefly: nothing is kept

needs `LATENTIA_DATA`. Each model is trained once, as in `benchmarks.recipes`: 10 dimensions, an MLP, one seed, one
thread. Scores are those of the posterior means of all 20,000 random shapes, most of which were trained on without
their factors. The table of a full run is kept in `benchmarks/results/disentanglement.json`.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from benchmarks.machine import machine

TARGET = Path(__file__).parent / "results" / "disentanglement.json"
RECIPES = ("vae", "beta_vae", "beta_tc", "factor_vae", "dip_i", "dip_ii")
OPTIONS = {"latent_dim": 10, "network": "mlp"}
STEPS = 1500
"""Optimiser steps of 128 rows, as for dSprites in `benchmarks.recipe_jobs`."""


def train_and_measure(recipe: str, steps: int, seed: int = 0) -> dict[str, Any]:
    """Train one model and score it."""
    from benchmarks.datasets import DATA, dsprites_factors

    from latentia import Plan, evaluate
    from latentia.data import Resident
    from latentia.data.spec import SPLITS
    from latentia.evaluation.disentanglement import Factors, measure
    from latentia.recipes import recipe_named
    from latentia.runs.description import construct
    from latentia.train import train

    data, factors = DATA["dsprites"](), dsprites_factors()
    model, objective = construct(recipe_named(recipe), OPTIONS, data.spec, seed=seed)
    plan = Plan(
        steps=steps, learning_rate=1e-3, warmup_steps=200, schedule="cosine", clip_norm=100.0, seed=seed, threads=1
    )
    begun = time.process_time()
    outcome = train(model, objective, data, plan)
    trained = time.process_time() - begun
    everything = Resident(torch.cat([data.split(name).x for name in SPLITS]))
    values = np.concatenate([factors.split(name).values for name in SPLITS])
    found = measure(model, everything, Factors(values, factors.names, factors.categorical), seed=seed)
    measured = time.process_time() - begun - trained
    evidence = evaluate(model, data.test, num_samples=20, seed=seed)
    return {
        "recipe": recipe,
        "steps": outcome.steps,
        "seconds": trained,
        "seconds_measuring": measured,
        "nll": evidence.nll,
        "active_units": evidence.active_units,
        **found.to_dict(),
    }


def print_table(rows: list[dict[str, Any]]) -> None:
    """Scores, in brackets those of the same codes dealt to other rows."""
    for row in rows:
        print(
            f"\n{row['recipe']}: {row['steps']} steps, {row['seconds']:.0f} s; -log p(x) {row['nll']:.1f}, "
            f"{row['active_units']}/{row['latent_dim']} active"
        )
        print(
            "  " + "  ".join(f"{name} {row['scores'][name]:.3f} ({row['chance'][name]:.3f})" for name in row["scores"])
        )
        print(f"  {row['verdict']} ({row['seconds_measuring']:.0f} s to measure)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipes", nargs="*", choices=[*RECIPES, []], help="which models; by default all")
    parser.add_argument("--steps", type=int, default=STEPS)
    given = parser.parse_args()
    rows = []
    for recipe in given.recipes or RECIPES:
        rows.append(train_and_measure(recipe, given.steps))
        print_table(rows[-1:])
    if tuple(given.recipes or RECIPES) == RECIPES and given.steps == STEPS:
        TARGET.write_text(json.dumps({"rows": rows, "machine": machine()}, indent=1) + "\n")


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
