"""Every recipe, trained briefly on real data and held against the plain VAE on the same data.

    python -m benchmarks.recipes                  # all of them; what is measured already is not measured again
    python -m benchmarks.recipes vamp sphere      # rows of these names, or whose name contains one of these
    python -m benchmarks.recipes --table          # the table alone

needs `LATENTIA_DATA`. Each row is one training of a fixed number of steps (benchmarks/recipe_jobs.py) with one seed on
one thread. Log-likelihoods are importance-weighted estimates on the same test rows, so that a difference is a mean over
paired rows, with its standard error. Rows are kept in `build/recipes`, the table in `benchmarks/results/recipes.json`.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from benchmarks.machine import machine
from benchmarks.recipe_jobs import JOBS, SAMPLES, STEPS, Job

KEPT = Path("build") / "recipes"
TARGET = Path(__file__).parent / "results" / "recipes.json"


def measure(name: str, job: Job, seed: int = 0) -> dict[str, Any]:
    """Train and evaluate one row."""
    from benchmarks.datasets import DATA
    from benchmarks.total_correlation import total_correlation

    from latentia import Plan, evaluate
    from latentia.bounds import bits_per_dim
    from latentia.conditionals import Need
    from latentia.evaluation import log_likelihood
    from latentia.recipes import recipe_named
    from latentia.runs.description import construct
    from latentia.train import train

    data = DATA[job.data]()
    model, objective = construct(recipe_named(job.recipe), job.options, data.spec, seed=seed)
    steps = job.steps or STEPS[job.data]
    plan = Plan(
        steps=steps, learning_rate=1e-3, warmup_steps=200, schedule="cosine", clip_norm=100.0, seed=seed, threads=1
    )
    begun = time.process_time()
    outcome = train(model, objective, data, plan)
    seconds = time.process_time() - begun
    samples = SAMPLES[job.data]
    found = evaluate(model, data.test, num_samples=20, seed=seed)
    row: dict[str, Any] = {
        "recipe": job.recipe,
        "data": job.data,
        "options": {key: list(value) if isinstance(value, tuple) else value for key, value in job.options.items()},
        "steps": outcome.steps,
        "seconds": seconds,
        "num_samples": samples,
        **{key: getattr(found, key) for key in ("elbo", "kl", "active_units", "latent_dim", "mse")},
        "nll": None,
        "bits_per_dim": None,
    }
    if Need.DENSITY in model.vae.provides:
        rows = log_likelihood(model, data.test, num_samples=samples, seed=seed)
        row |= {"rows": rows.tolist(), "nll": -float(rows.mean()), "nll_se": float(rows.std() / len(rows) ** 0.5)}
        row["bits_per_dim"] = bits_per_dim(float(rows.mean()), data.spec.num_dims)
    if job.data == "dsprites":
        row["total_correlation"] = total_correlation(model, data.test)
    return row


def file_of(name: str) -> Path:
    """Where a row is kept."""
    return KEPT / (name.replace(" ", "_").replace(",", "").replace("=", "") + ".json")


def kept() -> dict[str, dict[str, Any]]:
    """The rows that have been measured."""
    return {name: json.loads(file_of(name).read_text()) for name in JOBS if file_of(name).exists()}


def table(rows: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """The table: every row with its gain over what it is held against."""
    result = []
    for name, row in rows.items():
        job = JOBS[name]
        line = {
            "name": name,
            **{key: value for key, value in row.items() if key != "rows"},
            "claim": job.claim,
            "why": job.why,
        }
        other = rows.get(job.against or "")
        if other is not None:
            line["against"] = job.against
            if "rows" in row and "rows" in other:
                gain = np.subtract(row["rows"], other["rows"])
                line |= {"gain": float(gain.mean()), "gain_se": float(gain.std(ddof=1) / math.sqrt(len(gain)))}
            else:
                line["mse_ratio"] = row["mse"] / other["mse"]
        result.append(line)
    return result


def shown(value: Any, digits: int) -> str:
    """A number, or a dash."""
    return "-" if value is None else f"{value:.{digits}f}"


def print_table(lines: list[dict[str, Any]]) -> None:
    """The table as text."""
    print(
        f"{'recipe':26} {'data':9} {'steps':>6} {'ELBO':>10} {'-log p(x)':>10} {'bits/dim':>8} "
        f"{'gain':>16} {'active':>9} {'mse':>9} {'TC':>6} {'s':>6}"
    )
    for line in lines:
        gain = f"{line['gain']:+.2f} ± {line['gain_se']:.2f}" if "gain" in line else "-"
        active = f"{line['active_units']}/{line['latent_dim']}"
        print(
            f"{line['name']:26} {line['data']:9} {line['steps']:6} {shown(line['elbo'], 2):>10} "
            f"{shown(line['nll'], 2):>10} {shown(line['bits_per_dim'], 4):>8} {gain:>16} {active:>9} "
            f"{line['mse']:9.4g} {shown(line.get('total_correlation'), 2):>6} {line['seconds']:6.0f}"
        )
    for line in lines:
        if line["why"]:
            print(f"{line['name']}: {line['why']}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="parts of the names of rows")
    parser.add_argument("--table", action="store_true", help="measure nothing")
    parser.add_argument("--again", action="store_true", help="measure again what is kept")
    given = parser.parse_args()
    KEPT.mkdir(parents=True, exist_ok=True)
    for name, job in JOBS.items():
        exact = set(given.names) & set(JOBS)
        wanted = not given.names or name in exact or any(part in name for part in set(given.names) - exact)
        if given.table or not wanted or (file_of(name).exists() and not given.again):
            continue
        row = measure(name, job)
        file_of(name).write_text(json.dumps(row) + "\n")
        print(f"{name}: nll {shown(row['nll'], 2)}, mse {row['mse']:.4g}, {row['seconds']:.0f} s", flush=True)
    lines = table(kept())
    print_table(lines)
    TARGET.write_text(json.dumps({"rows": lines, "machine": machine()}, indent=1) + "\n")


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
