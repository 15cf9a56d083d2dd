"""The main job on real data: fit, then the importance-weighted estimate of -log p(x) on the whole test split.

    python -m benchmarks.main_job mnist              # 784-200-200-50, dynamic binarisation, IWAE-5000
    python -m benchmarks.main_job clothing64         # 64 x 64 colour photographs, convolutions, 256 levels

needs `LATENTIA_DATA` (MNIST is downloaded without it). Each job leaves its run folder, prints one line and writes its
JSON to `benchmarks/results`; `--epochs` and `--num-samples` shorten a trial.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.machine import machine

import latentia
from latentia.evaluation import evaluate


@dataclass(frozen=True)
class Job:
    """What is fitted and how it is measured."""

    data: str
    epochs: int
    num_samples: int
    options: dict[str, Any]


JOBS = {
    # The architecture of Burda, Grosse, Salakhutdinov (2016) for one stochastic layer, whose VAE row reads 86.76 nats
    # after 3,280 epochs.
    "mnist": Job(
        "mnist",
        epochs=100,
        num_samples=5000,
        options={
            "likelihood": "bernoulli",
            "hidden": (200, 200),
            "latent_dim": 50,
            "learning_rate": 1e-3,
            "schedule": "cosine",
        },
    ),
    "clothing64": Job(
        "clothing64",
        epochs=20,
        num_samples=16,
        options={
            "latent_dim": 64,
            "batch_size": 32,
            "learning_rate": 1e-3,
            "schedule": "cosine",
            "warmup_steps": 200,
            "precision": "bfloat16",
        },
    ),
}


def source(name: str) -> str:
    """The data by name, or the folder of that name under `LATENTIA_DATA`."""
    if name == "mnist":
        return name
    root = os.environ.get("LATENTIA_DATA")
    if root is None:
        raise SystemExit(f"set LATENTIA_DATA to the folder that holds {name}")
    return str(Path(root) / name)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("job", choices=JOBS)
    parser.add_argument("--out", type=Path, default=None, help="run folder (default: runs/JOB)")
    parser.add_argument("--json", type=Path, default=None, help="where the figures go (default: benchmarks/results)")
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--num-samples", type=int)
    parser.add_argument("--measure-only", action="store_true", help="the run folder is there already: measure it again")
    chosen = parser.parse_args()
    job = JOBS[chosen.job]
    epochs, num_samples = chosen.epochs or job.epochs, chosen.num_samples or job.num_samples

    out = chosen.out or Path("runs") / chosen.job
    if chosen.measure_only:
        run = latentia.load(out)
        epochs = int(run.metrics[-1]["epoch"])
    else:
        run = latentia.fit(source(job.data), "vae", out=out, epochs=epochs, seed=0, **job.options)
    fitted = float(run.metrics[-1]["seconds"])
    start = time.perf_counter()
    evidence = evaluate(run.model, run.split("test"), num_samples=num_samples)
    evaluated = time.perf_counter() - start

    row = {
        "job": chosen.job,
        "epochs": epochs,
        "options": {k: list(v) if isinstance(v, tuple) else v for k, v in job.options.items()},
        "train_seconds": round(fitted, 1),
        "examples_per_second": round(epochs * len(run.split("train")) / fitted),
        "evaluate_seconds": round(evaluated, 1),
        **evidence.to_dict(),
        "machine": machine(),
    }
    target = chosen.json or Path(__file__).parent / "results" / f"main_job_{chosen.job}.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(row, indent=1) + "\n")
    nll, error = evidence.nll, evidence.nll_se
    print(
        f"{chosen.job}: -log p(x) <= {nll:.2f} +- {error:.2f} nats (K={num_samples}, n={evidence.num_examples}), "
        f"{evidence.bits_per_dim:.3f} bits/dim, ELBO {evidence.elbo:.2f}, active {evidence.active_units}/"
        f"{evidence.latent_dim}; training {fitted:.0f} s ({epochs} epochs), evaluation {evaluated:.0f} s; {target}"
    )


if __name__ == "__main__":
    main()
