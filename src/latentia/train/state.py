"""Everything that a run changes: gathered to be saved, and put back so that going on equals never having stopped."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields

import torch
from torch import Tensor, nn

from latentia.data_model import DataModel
from latentia.errors import CheckpointError
from latentia.train import generators, optimizer
from latentia.train.average import Average
from latentia.train.critic import Critic
from latentia.train.meter import Meter
from latentia.train.plan import Plan
from latentia.train.tensors import require_finite, require_same_layout


@dataclass(slots=True)
class Progress:
    """Where a run stands, always between two optimiser steps.

    Attributes:
        step: Optimiser steps done.
        epoch: Epochs closed: trained, validated and reported.
        step_in_epoch: Optimiser steps done in the open epoch; all of them, where it waits to be closed.
        elapsed: Seconds of training, over all sessions of the run.
        reported: The step of the last row of metrics; -1 before the first.
        best: The best validation bound so far, in nats.
        best_epoch: The epoch it was reached in.
        validation: The last validation's figures.
        best_validation: Those of the best epoch.
    """

    step: int = 0
    epoch: int = 0
    step_in_epoch: int = 0
    elapsed: float = 0.0
    reported: int = -1
    best: float | None = None
    best_epoch: int = 0
    validation: dict[str, float] = field(default_factory=dict)
    best_validation: dict[str, float] = field(default_factory=dict)


@dataclass(slots=True)
class Snapshot:
    """A state held in memory."""

    tensors: dict[str, Tensor]
    progress: Progress
    names: tuple[str, ...]
    count: int


class State:
    """A model in training with all that belongs to it.

    Args:
        model: The model, on its device.
        plan: The training plan.
        device: Where the model is.
        critic: The objective's second player, on the same device, or None.
    """

    def __init__(self, model: DataModel, plan: Plan, device: torch.device, critic: nn.Module | None = None) -> None:
        self.model, self.device = model, device
        self.critic = Critic(critic, plan) if critic is not None else None
        self.parameters = {name: p for name, p in model.named_parameters() if p.requires_grad}
        self.optimizer = optimizer.build(plan, self.parameters)
        self.average = Average(plan.ema, self.parameters) if plan.ema is not None else None
        self.meter = Meter(device)
        self.progress = Progress()
        self.best: dict[str, Tensor] | None = None

    def weights(self) -> dict[str, Tensor]:
        """The model's parameters and buffers as they are, by name."""
        return {name: tensor.detach() for name, tensor in self.model.state_dict().items()}

    def averaged(self) -> dict[str, Tensor]:
        """The weights to validate: the moving average where there is one, else the parameters; buffers as they are."""
        return {**self.weights(), **(self.average.values if self.average else {})}

    def deliverable(self) -> tuple[dict[str, Tensor], str]:
        """The weights to keep, and which they are: `best`, `average` or `last`."""
        if self.best is not None:
            return self.best, "best"
        return self.averaged(), "average" if self.average else "last"

    @contextmanager
    def validating(self) -> Iterator[None]:
        """A scope in which the model has the weights to validate."""
        if self.average is None:
            yield
            return
        live = {name: p.detach().clone() for name, p in self.parameters.items()}
        self._assign(self.average.values)
        try:
            yield
        finally:
            self._assign(live)

    @torch.no_grad()
    def _assign(self, values: Mapping[str, Tensor]) -> None:
        for name, parameter in self.parameters.items():
            parameter.copy_(values[name])

    def load_weights(self, weights: Mapping[str, Tensor]) -> None:
        """Puts weights into the model, in place."""
        with torch.no_grad():
            for name, tensor in self.model.state_dict().items():
                tensor.copy_(weights[name])

    def keep_best(self) -> None:
        """Keeps a copy of the validated weights as the best so far."""
        self.best = {name: tensor.clone() for name, tensor in self.averaged().items()}

    def tensors(self) -> dict[str, Tensor]:
        """Everything that is a tensor, by name; the tensors in use, not copies."""
        named = {f"model/{name}": tensor for name, tensor in self.weights().items()}
        named |= optimizer.moments(self.optimizer, self.parameters)
        if self.average is not None:
            named |= {f"average/{name}": tensor for name, tensor in self.average.values.items()}
        if self.best is not None:
            named |= {f"best/{name}": tensor for name, tensor in self.best.items()}
        if self.critic is not None:
            named |= self.critic.tensors()
        named |= {"meter/loss": self.meter.loss, "meter/terms": self.meter.terms}
        return named | generators.states(self.device)

    def snapshot(self, into: Snapshot | None = None) -> Snapshot:
        """A copy of everything, on the device; `into` is an earlier one whose memory may be used again."""
        present = self.tensors()
        old = into.tensors if into is not None else {}
        copies: dict[str, Tensor] = {}
        for name, tensor in present.items():
            if name.startswith("best/"):  # replaced as a whole, never changed in place
                copies[name] = tensor
            elif name in old and old[name].shape == tensor.shape:
                copies[name] = old[name].copy_(tensor)
            else:
                copies[name] = tensor.clone()
        return Snapshot(copies, copy.deepcopy(self.progress), self.meter.names, self.meter.count)

    def rewind(self, snapshot: Snapshot) -> None:
        """Goes back to a snapshot."""
        elapsed = self.progress.elapsed
        self._restore(snapshot.tensors, copy.deepcopy(snapshot.progress), snapshot.names, snapshot.count)
        self.progress.elapsed = elapsed

    def metadata(self) -> dict[str, str]:
        """Everything that is not a tensor."""
        meter = {"names": list(self.meter.names), "count": self.meter.count}
        return {"progress": json.dumps(asdict(self.progress)), "meter": json.dumps(meter)}

    def resume(self, tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> None:
        """Goes on from what `tensors` and `metadata` gave when it was saved.

        Raises:
            CheckpointError: It was saved from another model, or is not finite: lists the tensors.
        """
        parts = ("model", "average") if self.average is not None else ("model",)
        for part in parts:
            saved = {name: tensor for name, tensor in tensors.items() if name.startswith(f"{part}/")}
            expected = self.weights() if part == "model" else self.average.values if self.average else {}
            require_same_layout(saved, {f"{part}/{name}": t for name, t in expected.items()}, "the saved state")
        if self.critic is not None:
            self.critic.require_layout(tensors)
        require_finite(
            {name: tensor for name, tensor in tensors.items() if not name.startswith("meter/")}, "the saved state"
        )
        try:
            progress = json.loads(metadata["progress"])
            meter = json.loads(metadata["meter"])
            position = Progress(**{item.name: progress[item.name] for item in fields(Progress)})
            self._restore(tensors, position, meter["names"], meter["count"])
        except (KeyError, ValueError, TypeError) as error:
            raise CheckpointError(f"the saved state lacks what resuming needs: {error!r}") from error

    def _restore(
        self, tensors: Mapping[str, Tensor], progress: Progress, names: list[str] | tuple[str, ...], count: int
    ) -> None:
        self.load_weights({name: tensors[f"model/{name}"] for name in self.weights()})
        optimizer.restore(self.optimizer, self.parameters, tensors)
        if self.average is not None:
            for name, value in self.average.values.items():
                value.copy_(tensors[f"average/{name}"])
        if self.critic is not None:
            self.critic.restore(tensors)
        best = {
            name.removeprefix("best/"): t.to(self.device) for name, t in tensors.items() if name.startswith("best/")
        }
        self.best = best or None
        self.meter.restore(names, tensors["meter/loss"], tensors["meter/terms"], count)
        generators.restore(tensors, self.device)
        self.progress = progress
