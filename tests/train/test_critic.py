"""Two players: the critic learns beside the model, is saved and resumed with it, and is no part of what is kept."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from latentia.conditionals import Need
from latentia.data_model import DataModel
from latentia.latents import Trace
from latentia.model import VAE
from latentia.nets import MLP
from latentia.objectives import ELBO, Objective, Step
from latentia.train import Interrupted, MetricsFile, Plan, load_checkpoint, read_metrics, train, weight_hash
from latentia.train import critic as critic_module
from tests.train.small import build, grey_data, signalled, state_hash, validate

PLAN = Plan(epochs=2, batch_size=10, clip_norm=1.0, checkpoint_seconds=1e9)


class Discriminator:
    """Tells codes from draws of the prior; the model is paid for codes that pass as draws."""

    name = "discriminator"
    requires: frozenset[Need] = frozenset({Need.SAMPLES})

    def __init__(self, dim: int) -> None:
        torch.manual_seed(5)
        self.critic = MLP((dim,), (1,), (8,))

    def __call__(self, model: VAE, trace: Trace, step: Step) -> Tensor:
        score: Tensor = self.critic(trace.draw.z[0])
        return -score.mean()

    def critic_loss(self, model: VAE, trace: Trace, step: Step) -> Tensor:
        z = trace.draw.z[0]
        fake: Tensor = self.critic(z)
        real: Tensor = self.critic(torch.randn_like(z))
        return softplus(fake).mean() + softplus(-real).mean()


def players() -> tuple[DataModel, Objective, nn.Module]:
    model, _ = build(grey_data())
    discriminator = Discriminator(model.latent_dim)
    return model, ELBO(penalties=(discriminator,)), discriminator.critic


def run(folder: Path | None, *, at: int | None = None, resume: bool = False) -> str:
    model, objective, critic = players()
    train(
        model,
        signalled(objective, at) if at is not None else objective,
        grey_data(),
        PLAN,
        folder=folder,
        validate=validate,
        resume=resume,
        reporters=[MetricsFile(folder / "m")] if folder is not None else [],
    )
    return weight_hash({**model.state_dict(), **critic.state_dict(prefix="critic.")})


def test_both_players_move_and_each_on_its_own_loss() -> None:
    model, objective, critic = players()
    x = model.preparation(grey_data().train.x[:10])
    assert objective.critic is critic
    objective(model.vae, x, Step(), 1).loss.backward()
    assert all(p.grad is not None for p in critic.parameters())
    assert all(p.grad is None for p in model.parameters())
    before = weight_hash(critic.state_dict())
    train(model, objective, grey_data(), PLAN, validate=None)
    assert weight_hash(critic.state_dict()) != before


def _stand_still(critic: critic_module.Critic, rate: float) -> None:
    critic.optimizer.param_groups[0]["lr"] = 0.0


def test_a_critic_that_no_longer_learns_gives_another_model(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = run(None)
    assert run(None) == whole
    monkeypatch.setattr(critic_module.Critic, "set_rate", _stand_still)
    assert run(None) != whole


@pytest.mark.parametrize("step", range(1, 11, 2))
def test_resumed_at_any_step_both_end_in_the_same_bits(step: int, tmp_path: Path) -> None:
    whole = run(tmp_path / "whole")
    with pytest.raises(Interrupted):
        run(tmp_path / "parts", at=step)
    assert run(tmp_path / "parts", resume=True) == whole
    assert state_hash(tmp_path / "parts") == state_hash(tmp_path / "whole")


def test_a_critic_that_is_not_restored_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = run(tmp_path / "whole")
    with pytest.raises(Interrupted):
        run(tmp_path / "parts", at=5)
    monkeypatch.setattr(critic_module.Critic, "restore", lambda self, tensors: None)
    assert run(tmp_path / "parts", resume=True) != whole


def test_the_critic_is_in_the_state_and_not_in_the_model_that_is_kept(tmp_path: Path) -> None:
    run(tmp_path)
    state, model = load_checkpoint(tmp_path, "state")[0], load_checkpoint(tmp_path, "model")[0]
    assert any(name.startswith("critic/") for name in state)
    assert any(name.startswith("critic_optimizer/") for name in state)
    assert not any("critic" in name for name in model)
    row = read_metrics(tmp_path / "m")[-1]
    assert {"critic", "discriminator"} <= set(row["train"])
