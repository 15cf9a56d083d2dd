"""The second player of a training: an objective's own network with an optimiser of its own."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from latentia.train import optimizer
from latentia.train.plan import Plan
from latentia.train.tensors import require_same_layout

_WEIGHTS, _MOMENTS = "critic", "critic_optimizer"


class Critic:
    """A critic in training: saved and resumed with the run, but no part of the model that is kept.

    Args:
        module: The network, on the model's device.
        plan: Gives the optimiser and its rate, which are the model's.
    """

    def __init__(self, module: nn.Module, plan: Plan) -> None:
        self.module = module
        self.parameters = dict(module.named_parameters())
        self.optimizer = optimizer.build(plan, self.parameters)

    def set_rate(self, rate: float) -> None:
        """Sets the learning rate of the coming step."""
        self.optimizer.param_groups[0]["lr"] = rate

    def tensors(self) -> dict[str, Tensor]:
        """Weights, buffers and moments by name; the tensors in use, not copies."""
        weights = {f"{_WEIGHTS}/{name}": tensor.detach() for name, tensor in self.module.state_dict().items()}
        return weights | optimizer.moments(self.optimizer, self.parameters, _MOMENTS)

    def require_layout(self, tensors: Mapping[str, Tensor]) -> None:
        """Refuse what was saved from another critic.

        Args:
            tensors: Of a saved state.

        Raises:
            CheckpointError: Lists what is missing or misshapen.
        """
        saved = {name: tensor for name, tensor in tensors.items() if name.startswith(f"{_WEIGHTS}/")}
        here = {f"{_WEIGHTS}/{name}": tensor for name, tensor in self.module.state_dict().items()}
        require_same_layout(saved, here, "the saved state")

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """Puts saved weights and moments back, in place."""
        with torch.no_grad():
            for name, tensor in self.module.state_dict().items():
                tensor.copy_(tensors[f"{_WEIGHTS}/{name}"])
        optimizer.restore(self.optimizer, self.parameters, tensors, _MOMENTS)
