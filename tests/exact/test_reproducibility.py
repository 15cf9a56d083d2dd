"""Oracle 29: the same seed on the same machine gives the same weights, however the data were read and the run was cut.

`tests/train/test_resume.py` cuts at every batch; here is the law itself over real pictures, with its mutants.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from latentia.data import load_data
from latentia.data_model import DataModel
from latentia.errors import LatentiaError
from latentia.objectives import Objective
from latentia.recipes import vae
from latentia.train import Plan, train, weight_hash
from tests.exact.mutants import killed
from tests.train.small import signalled


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty small pictures."""
    home = tmp_path_factory.mktemp("pictures")
    rng = np.random.default_rng(0)
    for i in range(40):
        Image.fromarray(rng.integers(0, 256, (6, 5, 3), dtype=np.uint8)).save(home / f"{i:02}.png")
    return home


def weights(folder: Path, *, workers: int = 1, seed: int = 0, split_seed: int = 0) -> str:
    data = load_data(folder, workers=workers, seed=split_seed)
    torch.manual_seed(3)
    core, objective = vae(data.spec, latent_dim=2, network="conv", width=4)
    model = DataModel(core, data.spec)
    train(model, objective, data, Plan(epochs=2, batch_size=8, seed=seed, threads=1))
    return weight_hash(model.state_dict())


def stopped_and_resumed(folder: Path, home: Path, at: int) -> str:
    data = load_data(folder)

    def fresh() -> tuple[DataModel, Objective]:
        torch.manual_seed(3)
        core, objective = vae(data.spec, latent_dim=2, network="conv", width=4)
        return DataModel(core, data.spec), objective

    plan = Plan(epochs=2, batch_size=8, threads=1)
    model, objective = fresh()
    with pytest.raises(LatentiaError, match="stopped"):
        train(model, signalled(objective, at), data, plan, folder=home)
    model, objective = fresh()
    train(model, objective, data, plan, folder=home, resume=True)
    return weight_hash(model.state_dict())


def same(first: str, second: str) -> None:
    assert first == second


def test_29_repeats_workers_and_interruptions_do_not_matter(folder: Path, tmp_path: Path) -> None:
    reference = weights(folder)
    same(weights(folder), reference)
    same(weights(folder, workers=2), reference)
    for at in (1, 4, 7):
        same(stopped_and_resumed(folder, tmp_path / str(at), at), reference)


def test_29_mutants(folder: Path) -> None:
    reference = weights(folder)
    with killed():
        same(weights(folder, seed=1), reference)
    with killed():
        same(weights(folder, split_seed=1), reference)
