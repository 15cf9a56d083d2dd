"""Signal-to-noise ratio of each gradient estimator against the number of importance samples, on the embedded digits.

    python -m benchmarks.gradient_snr [--draws 1000] [--rows 4] [--epochs 30]

A small VAE is trained for some epochs on IWAE-8 with the pathwise gradient; at those weights, moved a little off so
that there is something to learn, every estimator of the IWAE-K gradient is measured on the same rows. Table, JSON and
picture go to `benchmarks/results`.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.machine import machine

if TYPE_CHECKING:
    from torch import Tensor

    from latentia.model import VAE
    from latentia.names import EstimatorName

ESTIMATORS: tuple[EstimatorName, ...] = ("pathwise", "stl", "dreg", "score", "score_loo", "vimco")
SAMPLES = (1, 2, 4, 8, 16, 32, 64)
BIASED = " (biased beyond K = 1)"
RESULTS = Path(__file__).parent / "results"


def trained(epochs: int, rows: int) -> tuple[VAE, Tensor]:
    """A model in the middle of its training, and test rows."""
    import torch

    from latentia import Plan, load_data
    from latentia.data_model import DataModel
    from latentia.recipes import iwae
    from latentia.train import train

    data = load_data("digits")
    torch.manual_seed(0)
    core, objective = iwae(data.spec, num_samples=8, latent_dim=8, hidden=(32,))
    model = DataModel(core, data.spec)
    train(model, objective, data, Plan(epochs=epochs, seed=0, threads=1))
    with torch.no_grad():
        for parameter in core.parameters():
            parameter.add_(0.01 * torch.randn_like(parameter))
    raw = next(iter(data.test.batches(rows, seed=None))).x
    return core, model.preparation(raw)


def measured(core: VAE, x: Tensor, estimator: EstimatorName, num_samples: int, draws: int) -> dict[str, float]:
    """The ratios of one estimator at one K."""
    from latentia.evaluation import gradient_noise
    from latentia.objectives import IWAE

    objective = IWAE(num_samples, estimator=estimator, allow_bias=True)
    start = time.perf_counter()
    noise = gradient_noise(core, objective, x, draws=draws, chunk=max(1, 1000 // num_samples))
    return {
        "encoder": noise.encoder,
        "decoder": noise.decoder,
        "floor": noise.floor,
        "seconds": time.perf_counter() - start,
    }


def picture(rows: Mapping[str, Mapping[int, Mapping[str, float]]], floor: float, target: Path) -> None:
    """Encoder and decoder side by side, both axes logarithmic."""
    import matplotlib as mpl

    mpl.use("agg")
    from matplotlib import pyplot as plt

    styles: dict[str, str] = dict(zip(ESTIMATORS, ("o-", "s--", "D-", "v:", "^-.", "P-"), strict=True))
    figure, axes = plt.subplots(1, 2, figsize=(9.5, 4.2), sharex=True, layout="constrained")
    for axis, part in zip(axes, ("encoder", "decoder"), strict=True):
        for name, by_k in rows.items():
            label = name + (BIASED if name == "stl" else "")
            axis.plot(list(by_k), [each[part] for each in by_k.values()], styles[name], label=label, markersize=5)
        axis.axhline(floor, color="0.6", linewidth=1)
        axis.text(SAMPLES[-1], floor * 1.04, "pure noise", ha="right", va="bottom", color="0.4", fontsize=8)
        axis.set(xscale="log", yscale="log", title=part, xlabel="K, importance samples")
        axis.set_xticks(SAMPLES, [str(k) for k in SAMPLES])
        axis.minorticks_off()
    axes[0].set_ylabel("|mean| / standard deviation")
    axes[1].legend(fontsize=8)
    figure.suptitle("Signal-to-noise ratio of the gradient of IWAE-K")
    figure.savefig(target, dpi=110)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--rows", type=int, default=4)
    parser.add_argument("--epochs", type=int, default=30)
    given = parser.parse_args()

    import torch

    torch.set_num_threads(1)
    core, x = trained(given.epochs, given.rows)
    rows: dict[str, dict[int, dict[str, float]]] = {}
    print(f"{'estimator':10} {'K':>4} {'encoder':>9} {'decoder':>9} {'seconds':>8}")
    for estimator in ESTIMATORS:
        rows[estimator] = {}
        for k in SAMPLES:
            if k == 1 and estimator in ("score_loo", "vimco"):
                continue
            row = measured(core, x, estimator, k, given.draws)
            rows[estimator][k] = row
            print(f"{estimator:10} {k:4} {row['encoder']:9.4f} {row['decoder']:9.4f} {row['seconds']:8.1f}", flush=True)
    floor = rows["pathwise"][1]["floor"]
    RESULTS.mkdir(parents=True, exist_ok=True)
    result: dict[str, Any] = {"rows": rows, "floor": floor, "options": vars(given), "machine": machine()}
    (RESULTS / "gradient_snr.json").write_text(json.dumps(result, indent=1) + "\n")
    picture(rows, floor, RESULTS / "gradient_snr.png")


if __name__ == "__main__":
    main()
