"""A value that is not finite stops the run, is named, and never reaches what is saved."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from latentia.conditionals import Need
from latentia.data.dataset import Dataset
from latentia.data.source import permutation
from latentia.errors import NonFiniteError
from latentia.model import VAE
from latentia.objectives import Loss, Objective, Step
from latentia.train import Plan, guard, load_checkpoint, loop, train, weight_hash
from tests.train.small import ROWS, Record, build, real_data, state_hash

PLAN = Plan(epochs=2, batch_size=10, checkpoint_seconds=1e9)
Watch = pytest.MonkeyPatch


@pytest.fixture(params=["every step", "now and then"], autouse=True)
def glance(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The CPU's way of watching a run, and that of accelerators."""
    if request.param == "now and then":
        monkeypatch.setattr(loop, "Guard", functools.partial(guard.Guard, glance=False))
        monkeypatch.setattr(guard, "EVERY", 4)
    return str(request.param)


class Spoilt:
    """An objective whose loss is spoilt at one step, at every try."""

    def __init__(self, inner: Objective, step: int, spoil: Callable[[VAE, Tensor], Tensor]) -> None:
        self.inner, self.step, self.spoil = inner, step, spoil

    @property
    def requires(self) -> frozenset[Need]:
        return self.inner.requires

    @property
    def critic(self) -> nn.Module | None:
        return self.inner.critic

    def __call__(self, model: VAE, x: Tensor, step: Step, player: int = 0) -> Loss:
        result = self.inner(model, x, step, player)
        if step.index == self.step - 1:
            return Loss(self.spoil(model, result.loss), result.terms)
        return result


def after(steps: int, folder: Path) -> str:
    """The state of an undisturbed run after some steps; its last row of metrics is not its concern."""
    data = real_data()
    model, objective = build(data)
    train(model, objective, data, Plan(steps=steps, batch_size=10), folder=folder)
    return state_hash(folder)


def spoilt_row(data: Dataset, value: float, batch: int) -> int:
    """Spoils a row that comes in that batch of the first epoch; returns its number."""
    row = int(permutation(ROWS, 0, 0)[batch * 10 + 3])
    data.train.x[row, 2] = value
    return row


@pytest.mark.parametrize(("value", "word"), [(float("nan"), "nan"), (float("inf"), "inf")])
@pytest.mark.parametrize("batch", [0, 2, 4])
def test_bad_data_name_batch_and_row(value: float, word: str, batch: int, tmp_path: Path) -> None:
    data = real_data()
    row = spoilt_row(data, value, batch)
    model, objective = build(data)
    with pytest.raises(NonFiniteError) as caught:
        train(model, objective, data, PLAN, folder=tmp_path / "bad")
    message = str(caught.value)
    assert f"at batch {batch} of epoch 1 (counted from 0; optimiser step {batch + 1})" in message
    assert f"the data: row 3 of the batch (row {row} of the training data, counted from 0) holds {word}" in message
    assert f"the state after step {batch} is kept" in message
    assert caught.value.status == 1
    if batch:  # the run before it was like any other, down to the generators
        assert state_hash(tmp_path / "bad") == after(batch, tmp_path / "good")
    assert weight_hash(model.state_dict()) == weight_hash(load_checkpoint(tmp_path / "bad")[0])


def test_a_bad_weight_is_named() -> None:
    data = real_data()
    model, objective = build(data)
    name, parameter = list(model.named_parameters())[1]
    with torch.no_grad():
        parameter[0] = float("nan")
    with pytest.raises(NonFiniteError, match=f"the parameter {name} holds nan"):
        train(model, objective, data, PLAN)


class Broken(nn.Module):
    """An encoder that fails for the rows of one sign."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: Tensor) -> Tensor:
        evidence: Tensor = self.inner(x)
        return torch.where(x[:, :1] > 2.0, evidence.new_tensor(float("inf")), evidence)


def test_bad_evidence_is_named_with_its_rows() -> None:
    data = real_data()
    model, objective = build(data)
    model.vae.encoder = Broken(model.vae.encoder)
    with pytest.raises(
        NonFiniteError, match=r"the evidence \(what the encoder made of the data\): row \d+ of the batch"
    ):
        train(model, objective, data, PLAN)


def test_a_bad_gradient_of_a_good_loss_is_found_before_the_update(tmp_path: Path) -> None:
    data = real_data()
    model, objective = build(data)
    name, _ = next(iter(model.vae.encoder.named_parameters()))

    def spoil(vae: VAE, loss: Tensor) -> Tensor:
        zero = next(vae.encoder.parameters()).sum() * 0.0
        return loss + zero.sqrt()  # 0, with an infinite slope times 0

    with pytest.raises(NonFiniteError, match=f"at batch 3 of epoch 1.*the gradient of vae.encoder.{name} holds nan"):
        train(model, Spoilt(objective, 4, spoil), data, PLAN, folder=tmp_path / "bad")
    assert state_hash(tmp_path / "bad") == after(3, tmp_path / "good")


def test_a_bad_loss_of_good_tensors_is_named_as_such(tmp_path: Path) -> None:
    data = real_data()
    model, objective = build(data)
    with pytest.raises(NonFiniteError, match=r"step 7.*the loss itself; every tensor before it is finite"):
        train(model, Spoilt(objective, 7, lambda vae, loss: loss * float("inf")), data, PLAN, folder=tmp_path / "bad")
    assert load_checkpoint(tmp_path / "bad")[1]["step"] == "6"


def test_an_update_that_overflows_is_undone(tmp_path: Path) -> None:
    data, record = real_data(), Record()
    model, objective = build(data)
    before = weight_hash(model.state_dict())
    with pytest.raises(NonFiniteError, match="the update of optimiser step 1 overflowed: the parameter"):
        train(model, objective, data, Plan(epochs=2, learning_rate=1e39), folder=tmp_path, reporters=[record])
    assert weight_hash(model.state_dict()) == before == weight_hash(load_checkpoint(tmp_path)[0])
    assert [end.reason for end in record.ends] == ["failed"]


def test_moments_that_overflow_are_not_saved(tmp_path: Path) -> None:
    data = real_data()
    model, objective = build(data)
    spoil = Spoilt(objective, 2, lambda vae, loss: loss * 1e25)
    with pytest.raises(NonFiniteError, match=r"the update of optimiser step 2 overflowed: optimizer/.*/exp_avg_sq"):
        train(model, spoil, data, PLAN, folder=tmp_path / "bad")
    assert state_hash(tmp_path / "bad") == after(1, tmp_path / "good")


def test_with_accumulation_the_batch_within_the_step_is_named() -> None:
    data = real_data()
    row = spoilt_row(data, float("nan"), 3)
    model, objective = build(data)
    with pytest.raises(NonFiniteError, match=rf"batch 3 of epoch 1 .*optimiser step 2.*row {row} of the training data"):
        train(model, objective, data, Plan(epochs=1, batch_size=10, accumulate=2))


def test_a_fault_that_does_not_come_back_is_passed(glance: str) -> None:
    data, record = real_data(), Record()
    model, objective = build(data)
    left = [1]

    def once(vae: VAE, loss: Tensor) -> Tensor:
        return loss * float("nan") if left and left.pop() else loss

    outcome = train(model, Spoilt(objective, 7, once), data, PLAN, reporters=[record])
    assert outcome.steps == 10
    assert [row.step for row in record.rows] == [5, 10]
    clean, _ = build(data)
    train(clean, objective, data, PLAN)
    assert weight_hash(model.state_dict()) == weight_hash(clean.state_dict())
