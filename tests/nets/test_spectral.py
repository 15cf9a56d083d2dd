"""Spectral normalisation: largest singular values are one, states move, and a stopped run ends in the same bits."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from latentia.data_model import evaluating
from latentia.nets import MLP, ConvDecoder, spectrally_normalised
from latentia.objectives.penalties.jacobian import squared_jacobian
from latentia.train import Interrupted, Plan, train, weight_hash
from tests.exact.mutants import killed
from tests.train.small import build, grey_data, signalled, state_hash

Normalise = Callable[[nn.Module], nn.Module]


def largest_singular_values_are_one(normalise: Normalise) -> None:
    torch.manual_seed(0)
    for net in (MLP((5,), (9,), (12, 7)), ConvDecoder(3, (2, 1, 9, 6), width=4)):
        for layer in normalise(net).modules():
            if isinstance(layer, nn.Linear | nn.Conv2d):
                value = torch.linalg.matrix_norm(layer.weight.detach().flatten(1), 2)
                assert abs(float(value) - 1) < 1e-4, layer


def test_every_matrix_and_kernel_is_normalised_even_one_that_starts_at_zero() -> None:
    largest_singular_values_are_one(spectrally_normalised)


def test_mutants() -> None:
    def frobenius(net: nn.Module) -> nn.Module:
        with torch.no_grad():
            for layer in net.modules():
                if isinstance(layer, nn.Linear | nn.Conv2d):
                    layer.weight.div_(layer.weight.norm().clamp_min(1e-9))
        return net

    for mutant in (lambda net: net, frobenius):
        with killed():
            largest_singular_values_are_one(mutant)


def test_a_decoder_of_such_layers_stretches_nothing() -> None:
    torch.manual_seed(0)
    net = spectrally_normalised(MLP((4,), (6,), (8, 8), nonlinearity="relu"))
    z = torch.randn(50, 2, 4)
    out = net(z)
    assert ((out[:, 0] - out[:, 1]).norm(dim=1) <= (z[:, 0] - z[:, 1]).norm(dim=1) * (1 + 1e-4)).all()
    assert (squared_jacobian(net, z[:, 0]) <= 4 * (1 + 1e-3)).all(), "four singular values of at most one"


def buffers(net: nn.Module) -> list[Tensor]:
    return [buffer.clone() for buffer in net.buffers()]


def test_singular_vectors_follow_the_weights_in_training_and_stand_still_in_evaluation() -> None:
    torch.manual_seed(0)
    net = spectrally_normalised(MLP((5,), (4,)))
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.add_(torch.randn_like(parameter))
    before = buffers(net)
    with evaluating(net):
        net(torch.zeros(1, 5))
    assert all(torch.equal(a, b) for a, b in zip(before, buffers(net), strict=True))
    for _ in range(200):
        net(torch.zeros(1, 5))
    (layer,) = (module for module in net.modules() if isinstance(module, nn.Linear))
    assert float(torch.linalg.matrix_norm(layer.weight.detach(), 2)) == pytest.approx(1.0, abs=1e-4)


PLAN = Plan(epochs=2, batch_size=10, ema=0.9, patience=5, checkpoint_seconds=1e9)


def run(folder: Path, recipe: str, *, at: int | None = None, resume: bool = False) -> str:
    model, objective = build(grey_data(), recipe)
    used = signalled(objective, at) if at is not None else objective
    train(model, used, grey_data(), PLAN, folder=folder, validate=_validate, resume=resume)
    return weight_hash(model.state_dict())


def _validate(model: object) -> dict[str, float]:
    return {"reconstruction": float(model.trace(grey_data().validation.x).log_px.mean().detach())}  # type: ignore[attr-defined] # a DataModel


@pytest.mark.parametrize("recipe", ["rae_sn", "denoising", "rae_gp"])
@pytest.mark.parametrize("step", [1, 4, 7])
def test_resumed_at_any_step_it_ends_in_the_same_bits(recipe: str, step: int, tmp_path: Path) -> None:
    whole = run(tmp_path / "whole", recipe)
    with pytest.raises(Interrupted):
        run(tmp_path / "parts", recipe, at=step)
    assert run(tmp_path / "parts", recipe, resume=True) == whole
    assert state_hash(tmp_path / "parts") == state_hash(tmp_path / "whole")


def test_singular_vectors_that_are_not_restored_are_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from latentia.train.state import State

    whole = run(tmp_path / "whole", "rae_sn")
    with pytest.raises(Interrupted):
        run(tmp_path / "parts", "rae_sn", at=4)
    original = State.load_weights
    loads = iter(range(100))

    def without_buffers(self: State, weights: dict[str, Tensor]) -> None:
        if next(loads) == 0:  # the load of the resumed state
            weights = {**weights, **{k: v for k, v in self.weights().items() if k.endswith(("._u", "._v"))}}
        original(self, weights)

    monkeypatch.setattr(State, "load_weights", without_buffers)
    assert run(tmp_path / "parts", "rae_sn", resume=True) != whole
