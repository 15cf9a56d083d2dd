"""Adam and AdamW in their fastest form, and their moments by the names of the parameters."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.optim import Adam, AdamW, Optimizer

from latentia.train.plan import Plan

_FUSED_DEVICES = ("cpu", "cuda", "mps", "xpu")
_MOMENTS = ("step", "exp_avg", "exp_avg_sq")


def build(plan: Plan, parameters: Mapping[str, nn.Parameter]) -> Optimizer:
    """The plan's optimiser: one fused kernel a step where the device has it, one kernel an operation elsewhere.

    Args:
        plan: Gives the family and the weight decay; the learning rate is set at every step.
        parameters: What is trained, by name.

    Returns:
        An optimiser of one parameter group, its parameters in the mapping's order.
    """
    trained = list(parameters.values())
    family = AdamW if plan.optimizer == "adamw" else Adam
    fused = all(p.device.type in _FUSED_DEVICES and torch.is_floating_point(p) for p in trained)
    return family(trained, lr=plan.learning_rate, weight_decay=plan.weight_decay, fused=fused, foreach=not fused)


def moments(
    optimizer: Optimizer, parameters: Mapping[str, nn.Parameter], prefix: str = "optimizer"
) -> dict[str, Tensor]:
    """Step counts and moments, named `<prefix>/<parameter>/<moment>`; parameters never updated have none."""
    return {
        f"{prefix}/{name}/{moment}": optimizer.state[parameter][moment]
        for name, parameter in parameters.items()
        if parameter in optimizer.state
        for moment in _MOMENTS
    }


def restore(
    optimizer: Optimizer,
    parameters: Mapping[str, nn.Parameter],
    saved: Mapping[str, Tensor],
    prefix: str = "optimizer",
) -> None:
    """Puts saved step counts and moments back, through the optimiser's own loader, which knows where each belongs."""
    state = {
        index: {moment: saved[f"{prefix}/{name}/{moment}"].clone() for moment in _MOMENTS}
        for index, name in enumerate(parameters)
        if f"{prefix}/{name}/step" in saved
    }
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
