"""Trains on the digits in child processes and kills them at random; run by `test_kill.py` in a process of its own.

Forking after the imports spares every life the import of torch. Prints the hash of the state of a run that was
killed again and again, that of an unbroken one, and the steps at which it was killed.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
import traceback
from pathlib import Path

import torch

from latentia.data import Dataset, load_data
from latentia.data_model import DataModel
from latentia.recipes import recipe_named
from latentia.train import Plan, load_checkpoint, train, weight_hash
from tests.train.small import Hooked

KILLS, STEPS = 20, 120


def life(data: Dataset, folder: Path, seconds: float, pipe: int) -> None:
    """One process's share of a run; a byte goes down the pipe at every step."""
    torch.manual_seed(0)
    vae, objective = recipe_named("vae")(data.spec, latent_dim=2, hidden=(8,), network="mlp")

    def tell(index: int) -> None:
        os.write(pipe, b".")

    hooked = Hooked(objective, tell)
    plan = Plan(steps=STEPS, checkpoint_seconds=seconds, ema=0.9, kl_warmup=4.0, schedule="cosine", seed=3)
    train(DataModel(vae, data.spec), hooked, data, plan, folder=folder, resume=True)


def spawn(data: Dataset, folder: Path, seconds: float) -> tuple[int, int]:
    """A child that trains: its id, and the end of the pipe that tells its steps."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        status = 1
        try:
            life(data, folder, seconds, writing)
            status = 0
        finally:
            if status:
                traceback.print_exc()
            os._exit(status)
    os.close(writing)
    return child, reading


def warm_up() -> None:
    """Lets torch import, once and for all children, what it imports at the first optimiser step."""
    parameter = torch.nn.Parameter(torch.zeros(1))
    parameter.grad = torch.zeros(1)
    torch.optim.Adam([parameter], fused=True).step()


def main(root: Path) -> None:
    torch.set_num_threads(1)
    data = load_data("digits")
    warm_up()
    chance = random.Random(17)
    at: list[int] = []
    for _ in range(KILLS):
        child, steps = spawn(data, root / "killed", 0.0)
        for _ in range(chance.randrange(1, 6)):
            assert os.read(steps, 1), "the child ended before it was killed"
        time.sleep(chance.random() * 0.03)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(steps)
        at.append(saved_step(root / "killed"))
    for folder, seconds in ((root / "killed", 0.0), (root / "unbroken", 1e9)):
        child, steps = spawn(data, folder, seconds)
        while os.read(steps, 4096):
            pass
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    print(
        json.dumps(
            {
                "killed": weight_hash(load_checkpoint(root / "killed", "state")[0]),
                "unbroken": weight_hash(load_checkpoint(root / "unbroken", "state")[0]),
                "at": at,
            }
        )
    )


def saved_step(folder: Path) -> int:
    """The step of the newest checkpoint, which loads whatever the kill left behind."""
    manifest = folder / "manifest.json"
    if not manifest.exists():
        return -1
    load_checkpoint(folder, "state")
    load_checkpoint(folder, "model")
    return int(json.loads(manifest.read_text())["checkpoints"][0]["step"])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
