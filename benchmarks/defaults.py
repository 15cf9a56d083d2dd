"""How the defaults of the multilayer perceptron were chosen: best validation ELBO and time on the embedded digits.

    python -m benchmarks.defaults [--seeds 3]

Every row is the median over seeds of a run with early stopping; the table and its JSON go to `benchmarks/results`.
"""

from __future__ import annotations

import argparse
import json
import statistics
from pathlib import Path
from typing import Any

from benchmarks.machine import machine

VARIANTS: dict[str, dict[str, Any]] = {
    "512, 512 relu": {"hidden": (512, 512), "activation": "relu", "norm": False},
    "256, 256 relu": {"hidden": (256, 256), "activation": "relu", "norm": False},
    "256, 256 silu": {"hidden": (256, 256), "activation": "silu", "norm": False},
    "256 silu": {"hidden": (256,), "activation": "silu", "norm": False},
    "256, 256 silu, norm": {"hidden": (256, 256), "activation": "silu", "norm": True},
    "512, 512 silu, norm": {"hidden": (512, 512), "activation": "silu", "norm": True},
}


def measure(options: dict[str, Any], seed: int) -> dict[str, float]:
    """One run: its best validation ELBO, the active units there, seconds and epochs."""
    import torch

    from latentia import Plan, load_data
    from latentia.data_model import DataModel
    from latentia.evaluation import validate
    from latentia.recipes import vae
    from latentia.train import train

    data = load_data("digits")
    torch.manual_seed(seed)
    core, objective = vae(data.spec, **options)
    model = DataModel(core, data.spec)

    def watch(current: DataModel) -> dict[str, float]:
        return validate(current, objective, data.validation)

    outcome = train(model, objective, data, Plan(epochs=400, seed=seed, patience=30, threads=1), validate=watch)
    final = validate(model, objective, data.validation)
    return {
        "elbo": final["elbo"],
        "active_units": final["active_units"],
        "seconds": outcome.seconds,
        "epochs": float(outcome.epochs),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    seeds = range(parser.parse_args().seeds)
    rows = {}
    print(f"{'variant':24} {'ELBO':>8} {'active':>7} {'epochs':>7} {'seconds':>8}")
    for name, options in VARIANTS.items():
        runs = [measure(dict(options), seed) for seed in seeds]
        rows[name] = {key: statistics.median(run[key] for run in runs) for key in runs[0]}
        row = rows[name]
        print(
            f"{name:24} {row['elbo']:8.2f} {row['active_units']:7.0f} {row['epochs']:7.0f} {row['seconds']:8.1f}",
            flush=True,
        )
    target = Path(__file__).parent / "results" / "defaults.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps({"rows": rows, "machine": machine()}, indent=1) + "\n")


if __name__ == "__main__":
    main()
