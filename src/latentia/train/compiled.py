"""The loss of a raw batch as one function: prepared, in the plan's precision, compiled where asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor
from torch.distributions import Distribution

from latentia.data_model import DataModel
from latentia.objectives import Loss, Objective, Step
from latentia.train import generators
from latentia.train.plan import Plan

LossFunction = Callable[[Tensor, Step, int], Loss]
"""The loss of a raw batch for a player (0: the model, 1: the objective's critic)."""


def loss_function(
    model: DataModel, objective: Objective, plan: Plan, device: torch.device, say: Callable[[str], None]
) -> LossFunction:
    """The function that training differentiates.

    Args:
        model: Prepares the batch and walks it.
        objective: What is minimised.
        plan: Gives precision and compilation.
        device: Where the model is.
        say: Takes one line, if compiling fails.

    Returns:
        A function of a raw batch on the device, of where training stands and of whose turn it is.
    """

    def plain(raw: Tensor, step: Step, player: int) -> Loss:
        return objective(model.vae, model.preparation(raw), step, player)

    def mixed(raw: Tensor, step: Step, player: int) -> Loss:
        # The heads and densities compute in float32 by themselves; the networks are what autocast narrows.
        x = model.preparation(raw)
        with torch.autocast(device.type, dtype=torch.bfloat16):
            return objective(model.vae, x, step, player)

    function = mixed if plan.precision == "bfloat16" else plain
    if plan.compile == "on" or (plan.compile == "auto" and device.type == "cuda"):
        return _Compiled(function, model, device, say)
    return function


class _Compiled:
    """A compiled function that falls back to the plain one if the compiler fails; the critic's turn stays plain.

    Compilers fail at the first call with a shape, forwards or backwards: that call is tried out before it counts.
    """

    def __init__(
        self, function: LossFunction, model: DataModel, device: torch.device, say: Callable[[str], None]
    ) -> None:
        self._plain, self._model, self._device, self._say = function, model, device, say
        self._call: LossFunction | None = None
        self._proven: set[torch.Size] = set()
        self._weight = torch.ones((), device=device)
        self._filled = 1.0
        self._failed = False

    def __call__(self, raw: Tensor, step: Step, player: int) -> Loss:
        if player == 0 and not self._failed and raw.shape not in self._proven:
            self._try_out(raw, self._as_tensor(step))
        if player != 0 or self._failed or self._call is None:
            return self._plain(raw, step, player)
        return self._call(raw, self._as_tensor(step), player)

    def _try_out(self, raw: Tensor, step: Step) -> None:
        before, buffers = generators.states(self._device), [buffer.clone() for buffer in self._model.buffers()]
        parameters = [p for p in self._model.parameters() if p.requires_grad]
        try:
            self._call = self._call or torch.compile(self._plain)
            torch.autograd.grad(self._call(raw, step, 0).loss, parameters, allow_unused=True)
        except Exception as error:  # noqa: BLE001 # compilers raise errors of every kind; a fault of ours shows again
            lines = str(error).strip().splitlines()
            reason = f"{type(error).__name__}{': ' + lines[0][:160] if lines else ''}"
            self._say(f"torch.compile failed ({reason}): going on without it")
            self._failed = True
        self._proven.add(raw.shape)
        generators.restore(before, self._device)
        for buffer, kept in zip(self._model.buffers(), buffers, strict=True):
            buffer.copy_(kept)

    def _as_tensor(self, step: Step) -> Step:
        """The step with its numbers as tensors: compiled code is made anew for every other number."""
        weight = float(step.kl_weight)
        if weight != self._filled:
            self._weight = torch.full((), weight, device=self._device)
            self._filled = weight
        fraction = torch.full((), float(step.fraction), device=self._device)
        return Step(step.index, self._weight, fraction)


@contextmanager
def distributions_untouched() -> Iterator[None]:
    """A scope after which torch.distributions validates as before: compiling switches that off process-wide."""
    before: bool = Distribution._validate_args
    try:
        yield
    finally:
        Distribution.set_default_validate_args(before)
