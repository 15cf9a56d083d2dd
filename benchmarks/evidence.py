"""IWAE-K over MNIST's test images, beside pythae's `get_nll` on the same weights and rows, and beside annealing.

    python -m benchmarks.evidence                 # 5,000 samples; all 10,000 rows by latentia, 20 of them by both
    python -m benchmarks.evidence --rows 200 --peer-rows 5 --rounds 1
    python -m benchmarks.evidence --annealed 100  # also AIS with 1,000 temperatures of 100 rows

The model is the VAE with layers of 200 and 200 units and 50 latent variables on fixed binarised MNIST, trained here for
some epochs or taken from `--weights`. Each library scores in a process of its own, in turn, the first rows of the same
file: seconds are of the scoring alone (wall and processor time), memory is the process's peak. pythae does one row at
a time, so its time for all rows is that of a row times their number; that figure is an extrapolation, and called so.
Needs `LATENTIA_DATA`; and `LATENTIA_PYTHAE`, the folder that `make peers` fills, for the comparison.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.machine import machine

TARGET = Path(__file__).parent / "results" / "evidence.json"
LAYERS: dict[str, Any] = {
    "latent_dim": 50, "hidden": (200, 200), "network": "mlp", "activation": "tanh", "norm": False,
    "likelihood": "bernoulli",
}  # fmt: skip


def built(weights: Path | None) -> tuple[Any, Any]:
    """The model, with the weights of a file, and all 10,000 test rows in random order."""
    import numpy as np
    import torch
    from benchmarks.datasets import folder
    from safetensors.torch import load_file

    from latentia import load_data
    from latentia.data_model import DataModel
    from latentia.recipes import vae

    with np.load(folder() / "binarized_mnist" / "binarized_mnist.npz") as file:
        bits = {split: np.unpackbits(file[split], axis=1).reshape(-1, 28, 28) for split in ("train", "valid", "test")}
    order = np.random.default_rng(0).permutation(len(bits["test"]))  # they are sorted by class
    data = load_data(bits["train"], validation=bits["valid"], test=bits["test"][order])
    torch.manual_seed(0)
    model = DataModel(vae(data.spec, **LAYERS)[0], data.spec)
    if weights is not None:
        model.load_state_dict(load_file(weights))
    return model, data


def train(epochs: int, weights: Path) -> None:
    """Train and keep the weights."""
    from safetensors.torch import save_file

    from latentia import Plan
    from latentia.recipes import vae
    from latentia.train import train as fit

    model, data = built(None)
    _, objective = vae(data.spec, **LAYERS)
    fit(model, objective, data, Plan(epochs=epochs, seed=0, threads=1))
    save_file(model.state_dict(), weights)


def peak() -> float:
    """Peak resident memory of this process, in GB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def ours(weights: Path, rows: int, num_samples: int) -> dict[str, Any]:
    """By `evaluate`, and nothing but the likelihood of each row."""
    import torch

    from latentia.data import Resident
    from latentia.evaluation import log_likelihood

    model, data = built(weights)
    source = Resident(data.test.x[:rows].clone())
    del data
    before, wall, cpu = peak(), time.perf_counter(), time.process_time()
    found = log_likelihood(model, source, num_samples=num_samples)
    seconds = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    assert bool(torch.isfinite(found).all())
    return {**seconds, "peak_gb": peak(), "before_gb": before, "nll": -float(found.mean()), "rows": rows}


def peer(weights: Path, rows: int, num_samples: int) -> dict[str, Any]:
    """By pythae's `get_nll`, its batches of 100 samples."""
    import importlib

    import torch
    from torch import Tensor

    sys.path.append(os.environ["LATENTIA_PYTHAE"])
    models: Any = importlib.import_module("pythae.models")
    networks: Any = importlib.import_module("pythae.models.nn")
    output: Any = importlib.import_module("pythae.models.base.base_utils").ModelOutput
    model, data = built(weights)
    vae = model.vae.eval()

    class Encoder(networks.BaseEncoder):  # type: ignore[misc] # pythae is untyped
        def forward(self, x: Tensor) -> Any:
            q = vae.latents.groups[0].q(vae.encoder(x)).base_dist
            return output(embedding=q.loc, log_covariance=2 * q.scale.log())

    class Decoder(networks.BaseDecoder):  # type: ignore[misc] # pythae is untyped
        def forward(self, z: Tensor) -> Any:
            return output(reconstruction=vae.likelihood.net(z).sigmoid())

    config = models.VAEConfig(input_dim=(1, 28, 28), latent_dim=LAYERS["latent_dim"], reconstruction_loss="bce")
    other = models.VAE(config, encoder=Encoder(), decoder=Decoder()).eval()
    x = data.test.x[:rows].float().reshape(-1, 1, 28, 28)
    del data
    torch.manual_seed(0)
    before, wall, cpu = peak(), time.perf_counter(), time.process_time()
    with torch.no_grad():
        nll = -float(other.get_nll(x, n_samples=num_samples))
    seconds = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    return {**seconds, "peak_gb": peak(), "before_gb": before, "nll": nll, "rows": rows}


def annealing(weights: Path, rows: int, num_samples: int) -> dict[str, Any]:
    """AIS of some rows and the importance estimate of the very same ones."""
    from latentia.data import Resident
    from latentia.evaluation import evaluate
    from latentia.evaluation.annealed import annealed_evidence

    model, data = built(weights)
    source = Resident(data.test.x[:rows].clone())
    start = time.perf_counter()
    found = annealed_evidence(model, source, num_rows=None)
    return {
        "seconds": time.perf_counter() - start,
        "ais": found.to_dict(),
        "iwae": evaluate(model, source, num_samples=num_samples).to_dict(),
    }


PARTS = {"ours": ours, "peer": peer, "annealing": annealing}


def alone(part: str, weights: Path, rows: int, num_samples: int, threads: int) -> dict[str, Any]:
    """One part in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.evidence", "--part", part, "--weights", str(weights)]
    command += ["--rows", str(rows), "--num-samples", str(num_samples), "--threads", str(threads)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    result: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000, help="by latentia alone")
    parser.add_argument("--peer-rows", type=int, default=20, help="by both, in turn; 0 leaves pythae out")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--num-samples", type=int, default=5000)
    parser.add_argument("--annealed", type=int, default=0, help="rows for annealing, too")
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--part", choices=PARTS)
    parser.add_argument("--json", type=Path, default=TARGET)
    given = parser.parse_args()
    if given.part:
        import torch

        torch.set_num_threads(given.threads)
        print(json.dumps(PARTS[given.part](given.weights, given.rows, given.num_samples)))
        return
    if given.peer_rows and "LATENTIA_PYTHAE" not in os.environ:
        sys.exit("LATENTIA_PYTHAE is not set: it names the folder that `make peers` fills; or give --peer-rows 0")
    with tempfile.TemporaryDirectory() as place:
        weights = given.weights or Path(place) / "weights.safetensors"
        if not weights.exists():
            train(given.epochs, weights)
        row = compared(given, weights)
    given.json.parent.mkdir(parents=True, exist_ok=True)
    given.json.write_text(json.dumps(row, indent=1) + "\n", encoding="utf-8")


def compared(given: argparse.Namespace, weights: Path) -> dict[str, Any]:
    """All parts in turn, and what came of them."""
    row: dict[str, Any] = {"num_samples": given.num_samples, "epochs": given.epochs, "threads": given.threads}
    if given.peer_rows:
        pairs = [
            tuple(alone(part, weights, given.peer_rows, given.num_samples, given.threads) for part in ("ours", "peer"))
            for _ in range(given.rounds)
        ]
        ratios = {kind: statistics.median(b[kind] / a[kind] for a, b in pairs) for kind in ("wall", "cpu")}
        seconds = statistics.median(b["wall"] for _, b in pairs) / given.peer_rows
        row |= {"both": [{"latentia": a, "pythae": b} for a, b in pairs], "ratio": ratios}
        row["pythae_hours_for_10000_rows_extrapolated"] = seconds * 10_000 / 3600
        print(
            f"{given.peer_rows} rows by both, K = {given.num_samples:,}: pythae takes {ratios['wall']:.2f} times as "
            f"long ({ratios['cpu']:.2f} in processor time), -log p(x) {pairs[0][0]['nll']:.2f} and "
            f"{pairs[0][1]['nll']:.2f}; pythae would take {seconds * 10_000 / 3600:.2f} h for 10,000 rows "
            f"(extrapolated); peak memory {pairs[0][0]['peak_gb']:.2f} and {pairs[0][1]['peak_gb']:.2f} GB"
        )
    if given.rows:
        row["all"] = found = alone("ours", weights, given.rows, given.num_samples, given.threads)
        print(
            f"{given.rows:,} rows by latentia: -log p(x) = {found['nll']:.2f} in {found['wall']:.0f} s, peak memory "
            f"{found['peak_gb']:.2f} GB ({found['before_gb']:.2f} GB before)"
        )
    if given.annealed:
        row["annealed"] = found = alone("annealing", weights, given.annealed, given.num_samples, given.threads)
        ais, iwae = found["ais"], found["iwae"]
        print(
            f"{given.annealed} rows: AIS {ais['log_likelihood']:.3f} ± {ais['log_likelihood_mc_se']:.3f} (of chains), "
            f"IWAE {-iwae['nll']:.3f} ± {iwae['nll_mc_se']:.3f} (of samples), k-hat above 0.7 for "
            f"{iwae['k_hat_high']:.1%}; over rows ± {iwae['nll_se']:.2f}"
        )
    row["machine"] = machine()
    return row


if __name__ == "__main__":
    main()
