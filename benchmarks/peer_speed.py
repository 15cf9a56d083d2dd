"""Training speed beside a peer: the same layers, data, batch and epochs, in turn, in one run.

    python -m benchmarks.peer_speed --peer /path/to/python [--rounds 3] [--epochs 2] [--threads 1]

`--peer` is the interpreter of an environment with pythae (installed with --no-deps beside torch). Both train
784-512-16-512-784 with a Bernoulli likelihood on MNIST thresholded at one half, batch 128, Adam at 1e-3, and are timed
from the first batch to the end of training, their own bookkeeping included. Needs `LATENTIA_DATA`.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

from benchmarks.machine import machine

READ = """
import gzip, json, os, sys, time, tempfile
import numpy as np, torch
epochs, threads = int(sys.argv[1]), int(sys.argv[2])
torch.set_num_threads(threads)
with gzip.open(os.environ["LATENTIA_DATA"] + "/mnist/train-images-idx3-ubyte.gz") as file:
    x = (np.frombuffer(file.read(), np.uint8, offset=16).reshape(-1, 784) > 127)
"""
OURS = (
    READ
    + """
import latentia
from latentia.data_model import DataModel
from latentia.recipes import vae
from latentia.train import Plan, train
data = latentia.load_data(x.astype(np.uint8), validation=0.001, test=0.001)
core, objective = vae(data.spec, latent_dim=16, hidden=(512,), activation="relu", norm=False)
model = DataModel(core, data.spec)
start = time.perf_counter()
train(model, objective, data, Plan(epochs=epochs, threads=threads))
print(json.dumps(epochs * len(data.train) / (time.perf_counter() - start)))
"""
)
PEER = (
    READ
    + """
import logging
logging.disable(logging.CRITICAL)
from pythae.models import VAE, VAEConfig
from pythae.trainers import BaseTrainer, BaseTrainerConfig
from pythae.data.datasets import BaseDataset
rows = torch.from_numpy(x.astype(np.float32))
model = VAE(VAEConfig(input_dim=(1, 28, 28), latent_dim=16, reconstruction_loss="bce"))
config = BaseTrainerConfig(output_dir=tempfile.mkdtemp(), num_epochs=epochs, learning_rate=1e-3,
    per_device_train_batch_size=128, optimizer_cls="Adam", no_cuda=True, keep_best_on_train=False)
trainer = BaseTrainer(model=model, train_dataset=BaseDataset(rows.reshape(-1, 1, 28, 28), torch.zeros(len(rows))),
    training_config=config)
start = time.perf_counter()
trainer.train(log_output_dir=None)
print(json.dumps(epochs * len(rows) / (time.perf_counter() - start)))
"""
)


def examples_per_second(python: str, code: str, epochs: int, threads: int) -> float:
    """One fresh process; its last line on standard output is the figure."""
    command = [python, "-c", code, str(epochs), str(threads)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return float(json.loads(done.stdout.strip().splitlines()[-1]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--threads", type=int, default=1)
    chosen = parser.parse_args()
    if "LATENTIA_DATA" not in os.environ:
        raise SystemExit("set LATENTIA_DATA to the folder that holds mnist")
    ours, peer = [], []
    for turn in range(chosen.rounds):
        ours.append(examples_per_second(sys.executable, OURS, chosen.epochs, chosen.threads))
        peer.append(examples_per_second(chosen.peer, PEER, chosen.epochs, chosen.threads))
        print(f"round {turn + 1}: latentia {ours[-1]:,.0f}, pythae {peer[-1]:,.0f} examples/s", flush=True)
    ratios = [a / b for a, b in zip(ours, peer, strict=True)]
    row = {
        "latentia": statistics.median(ours),
        "pythae": statistics.median(peer),
        "ratio": statistics.median(ratios),
        "ratios": ratios,
        "epochs": chosen.epochs,
        "threads": chosen.threads,
        "machine": machine(),
    }
    target = Path(__file__).parent / "results" / f"peer_speed_{chosen.threads}.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(row, indent=1) + "\n")
    print(f"medians: latentia {row['latentia']:,.0f}, pythae {row['pythae']:,.0f} examples/s, ratio {row['ratio']:.2f}")


if __name__ == "__main__":
    main()
