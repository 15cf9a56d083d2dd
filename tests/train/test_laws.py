"""What must hold of the loop whatever the model: accumulation, averages, precision, and a world left as it was."""

from __future__ import annotations

import functools
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from latentia.errors import CompatibilityError, ConfigurationError
from latentia.train import Plan, memory, train, weight_hash
from latentia.train.average import Average
from latentia.train.meter import Meter
from tests.train.small import Hooked, Record, build, fitted, grey_data, real_data, validate


class Double(nn.Module):
    """Data in float64, as they are."""

    log_scale = 0.0

    def forward(self, raw: Tensor) -> Tensor:
        return raw.double()


def double_run(plan: Plan) -> dict[str, Tensor]:
    data = real_data(torch.float64)
    model, objective = build(data, "autoencoder", likelihood="gaussian")
    model.double()
    model.preparation = Double()  # type: ignore[assignment] # stands in, for exactness
    train(model, objective, data, plan)
    return model.state_dict()


def test_accumulated_gradients_are_those_of_one_larger_batch() -> None:
    # 45 rows: steps of 20, 20 and 5 rows, as batches of 10 or of 5
    whole = double_run(Plan(epochs=3, batch_size=20))
    for size, times in ((10, 2), (5, 4)):
        parts = double_run(Plan(epochs=3, batch_size=size, accumulate=times))
        assert max(float((parts[name] - whole[name]).abs().max()) for name in whole) < 1e-12
    other = double_run(Plan(epochs=3, batch_size=10))
    assert max(float((other[name] - whole[name]).abs().max()) for name in whole) > 1e-3


def test_the_average_is_the_weighted_sum_of_the_weights() -> None:
    parameter = nn.Parameter(torch.tensor([1.0, -2.0], dtype=torch.float64))
    average = Average(0.5, {"w": parameter})
    values = [torch.tensor([1.0, -2.0], dtype=torch.float64)]
    expected = values[0]
    for step in range(1, 20):
        with torch.no_grad():
            parameter.add_(step)
        average.update(step)
        decay = min(0.5, (1 + step) / (10 + step))
        expected = decay * expected + (1 - decay) * parameter.detach()
    torch.testing.assert_close(average.values["w"], expected, rtol=1e-14, atol=0)


def test_the_average_is_validated_and_kept_and_training_goes_on_without_it() -> None:
    data = grey_data()
    seen: list[str] = []

    def look(model: Any) -> dict[str, float]:
        seen.append(weight_hash(model.state_dict()))
        return {"elbo": 0.0}

    weights: list[Tensor] = []
    model, objective = build(data)
    first = next(model.parameters())
    name = next(name for name, _ in model.named_parameters())
    hooked = Hooked(objective, lambda index: weights.append(first.detach().clone()))
    outcome = train(model, hooked, data, Plan(epochs=2, batch_size=10, ema=0.3), validate=look)
    assert outcome.weights == "average"
    assert weight_hash(model.state_dict()) == seen[-1] != seen[0]
    # the weights before each step but the first are those after the step before it
    expected = weights[0]
    for step, value in enumerate(weights[1:], start=1):
        decay = min(0.3, (1 + step) / (10 + step))
        expected = decay * expected + (1 - decay) * value
    last, objective = build(data)
    train(last, objective, data, Plan(epochs=2, batch_size=10))
    decay = min(0.3, 11 / 20)
    expected = decay * expected + (1 - decay) * last.state_dict()[name]
    torch.testing.assert_close(model.state_dict()[name], expected)


def test_narrow_arithmetic_trains_wide_weights() -> None:
    data, record = grey_data(), Record()
    model, objective = build(data)
    train(
        model,
        objective,
        data,
        Plan(epochs=40, batch_size=10, learning_rate=0.02, precision="bfloat16"),
        reporters=[record],
    )
    assert record.rows[-1].train["loss"] < record.rows[0].train["loss"] - 0.2
    assert all(p.dtype == torch.float32 for p in model.parameters())
    assert fitted(Plan(epochs=1, batch_size=10, precision="bfloat16"))[0] != fitted(Plan(epochs=1, batch_size=10))[0]


def test_torch_is_left_as_it_was() -> None:
    torch.manual_seed(42)
    expected = torch.rand(3)
    torch.manual_seed(42)
    threads, validation = torch.get_num_threads(), torch.distributions.Distribution._validate_args
    with torch.no_grad():
        fitted(Plan(epochs=1, batch_size=10, threads=threads + 1))
        assert not torch.is_grad_enabled()
    assert torch.equal(torch.rand(3), expected)
    assert torch.get_num_threads() == threads
    assert torch.distributions.Distribution._validate_args == validation


def test_what_was_drawn_before_does_not_matter_but_the_seed_does() -> None:
    plan = Plan(epochs=1, batch_size=10)
    first = fitted(plan)[0]
    torch.rand(7)
    assert fitted(plan)[0] == first
    assert fitted(Plan(epochs=1, batch_size=10, seed=1))[0] != first


def test_neither_watching_nor_saving_nor_validating_changes_the_end(tmp_path: Any) -> None:
    plan = Plan(epochs=2, batch_size=10)
    data = grey_data()
    model, objective = build(data)
    train(model, objective, data, plan)
    often = Plan(epochs=2, batch_size=10, checkpoint_seconds=0, validate_every=2)
    assert fitted(often, tmp_path, reporters=[Record()])[0] == weight_hash(model.state_dict())


def test_the_model_keeps_its_mode_and_trains_in_training_mode() -> None:
    data = grey_data()
    model, objective = build(data)
    model.eval()
    modes: list[bool] = []
    train(model, Hooked(objective, lambda index: modes.append(model.training)), data, Plan(steps=1))
    assert modes == [True]
    assert not model.training


def test_the_meter_averages_over_examples() -> None:
    meter = Meter(torch.device("cpu"))
    meter.add(torch.tensor(2.0), {"elbo": torch.tensor([1.0, 3.0])}, 2)
    meter.add(torch.tensor(5.0), {"elbo": torch.tensor([8.0])}, 1)
    assert meter.means() == {"loss": 3.0, "elbo": 4.0}
    meter.reset()
    assert meter.means() == {}


def test_rows_tell_rates_and_weights_of_the_last_step() -> None:
    record = Record()
    fitted(Plan(epochs=2, batch_size=10, schedule="linear", learning_rate=1.0, kl_warmup=4), reporters=[record])
    assert [row.learning_rate for row in record.rows] == pytest.approx([0.6, 0.1])
    assert [row.kl_weight for row in record.rows] == pytest.approx([0.2, 0.45])


def test_parts_that_do_not_fit_are_refused() -> None:
    data = grey_data()
    model, _ = build(data, "autoencoder")
    _, objective = build(data, "vae")
    with pytest.raises(CompatibilityError):
        train(model, objective, data, Plan(epochs=1))
    with pytest.raises(ConfigurationError, match="'cuda:99' cannot be used here"):
        fitted(Plan(epochs=1, device="cuda:99"))


@pytest.mark.parametrize(
    "error", [MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried")]
)
def test_out_of_memory_suggests_a_batch_that_fits(error: Exception) -> None:
    with pytest.raises(ConfigurationError, match="try batch_size=64 with accumulate=2"), memory.explained(Plan()):
        raise error
    with pytest.raises(RuntimeError, match="another"), memory.explained(Plan()):
        raise RuntimeError("another")


def test_compiling_that_fails_is_one_line_and_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(function: Any) -> Any:
        def fail(*arguments: Any) -> Any:
            torch.rand(1)
            raise RuntimeError("no compiler\nat all")

        return fail

    monkeypatch.setattr(torch, "compile", broken)
    record = Record()
    assert (
        fitted(Plan(epochs=1, batch_size=10, compile="on"), reporters=[record])[0]
        == fitted(Plan(epochs=1, batch_size=10))[0]
    )
    assert record.messages == ["torch.compile failed (RuntimeError: no compiler): going on without it"]


def test_compiling_keeps_the_weight_of_the_kl_a_tensor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "compile", functools.partial(functools.partial))
    data = grey_data()
    weights: dict[int, Any] = {}
    model, objective = build(data)

    class Seen(Hooked):
        def __call__(self, model: Any, x: Tensor, step: Any, player: int = 0) -> Any:
            weights[step.index] = step.kl_weight
            return self.inner(model, x, step, player)

    train(model, Seen(objective, lambda index: None), data, Plan(epochs=2, batch_size=10, kl_warmup=1, compile="on"))
    assert [float(weight) for weight in weights.values()] == pytest.approx([0.0, 0.2, 0.4, 0.6, 0.8] + [1.0] * 5)
    assert all(isinstance(weight, Tensor) for weight in weights.values())
    assert validate(model)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # the compiler's own
def test_compiled_training_gives_the_same_model() -> None:
    plan, record = Plan(epochs=4, batch_size=10, kl_warmup=2), Record()
    data = real_data()
    models = []  # of a recipe without noise, which compilers draw otherwise
    for how in ("off", "on"):
        model, objective = build(data, "autoencoder", likelihood="gaussian")
        train(model, objective, data, replace(plan, compile=how), reporters=[record])
        models.append(model.state_dict())
    for name, value in models[0].items():
        torch.testing.assert_close(models[1][name], value, rtol=1e-3, atol=1e-4)
