"""Anomaly scores of a small VAE against an isolation forest and PCA, on five labelled tables.

    python -m benchmarks.anomaly                      # all five
    python -m benchmarks.anomaly cardio thyroid       # these alone; the others' numbers stay as they are

The tables are from ADBench (Han and others, 2022, arXiv:2206.09426). Half of the normal rows, drawn at random, are
learned from (a tenth of them held out to stop by); the other half and all anomalies are judged. Columns are
standardised by the rows that are learned from. The VAE is the library's default with a small network and a Gaussian
likelihood with one scale for each column. Numbers are kept in `benchmarks/results/anomaly.json`, each table with the
machine and the date of its run.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from benchmarks.datasets import folder
from benchmarks.machine import machine

import latentia
from latentia.data import Resident
from latentia.evaluation.anomaly import AnomalyReport, measure

TARGET = Path(__file__).parent / "results" / "anomaly.json"
SETS = ("cardio", "ionosphere", "mnist", "satellite", "thyroid")
MODEL: Mapping[str, Any] = {"likelihood": "gaussian", "scale": "per_dimension", "hidden": (64, 64)}
PLAN: Mapping[str, Any] = {"epochs": 200, "patience": 20, "batch_size": 64}
SEED = 0


def rows_of(name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Normal rows to learn from, rows to judge, and which of these are anomalies."""
    with np.load(folder() / "anomaly" / f"{name}.npz") as file:
        x, anomalous = file["X"].astype(np.float64), file["y"].astype(bool)
    normal = np.random.default_rng(SEED).permutation(np.flatnonzero(~anomalous))
    learned, judged = np.split(normal, [len(normal) // 2])
    mean, std = x[learned].mean(0), x[learned].std(0)
    x = (x - mean) / np.where(std > 0, std, 1)
    chosen = np.concatenate([judged, np.flatnonzero(anomalous)])
    return x[learned], x[chosen], anomalous[chosen]


def run(name: str) -> AnomalyReport:
    """Train on the normal rows of one table and judge the others."""
    train, judged, anomalous = rows_of(name)
    latent_dim = max(2, min(10, train.shape[1] // 3))
    with TemporaryDirectory() as home:
        data = latentia.load_data(train, validation=0.1, test=judged, seed=SEED)
        done = latentia.fit(
            data,
            "vae",
            out=Path(home) / name,
            report=False,
            reporters=[],
            seed=SEED,
            latent_dim=latent_dim,
            **MODEL,
            **PLAN,
        )
        return measure(done.model, data.train, Resident(data.test.x), anomalous, seed=SEED)


def table(kept: Mapping[str, Mapping[str, Any]], quantity: str) -> str:
    """One quantity of every score on every table."""
    names = [name for name in SETS if name in kept]
    scores = [each["name"] for each in kept[names[0]]["report"]["scores"]]
    head = f"{quantity:<20}" + "".join(f"{name:>16}" for name in names)
    lines = [head]
    for score in scores:
        found = [next(each for each in kept[name]["report"]["scores"] if each["name"] == score) for name in names]
        cells = [f"{each[quantity]:.3f} ± {each[f'{quantity}_se']:.3f}" for each in found]
        lines.append(f"{score:<20}" + "".join(f"{cell:>16}" for cell in cells))
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="*", help=f"of {', '.join(SETS)}; all unless given")
    given = parser.parse_args()
    if unknown := set(given.sets) - set(SETS):
        parser.error(f"there is no table {', '.join(sorted(unknown))}; there are {', '.join(SETS)}")
    torch.set_num_threads(1)
    kept = json.loads(TARGET.read_text(encoding="utf-8")) if TARGET.exists() else {}
    for name in given.sets or SETS:
        kept[name] = {"report": run(name).to_dict(), "machine": machine()}
        TARGET.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
        print(f"{name}: {kept[name]['report']['verdict']}", flush=True)
    print(f"\n{table(kept, 'auroc')}\n\n{table(kept, 'average_precision')}")


if __name__ == "__main__":
    main()
