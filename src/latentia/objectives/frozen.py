"""A computation in which a module's parameters are held fixed, so that gradients pass its inputs alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

from torch import Tensor, nn
from torch.func import functional_call

Result = TypeVar("Result")


class _Call(nn.Module):
    """A function that uses a module, as a module itself: torch's functional call needs one."""

    def __init__(self, module: nn.Module, function: Callable[..., object]) -> None:
        super().__init__()
        self.module, self.function = module, function

    def forward(self, *inputs: Tensor) -> object:
        return self.function(*inputs)


def frozen(module: nn.Module, function: Callable[..., Result], *inputs: Tensor) -> Result:
    """Call a function while the parameters of a module that it uses stand as constants.

    Nothing is switched on the parameters themselves, so graphs built before and after are untouched, and the call works
    within `torch.func` and `torch.compile`. What the function returns must be computed to the end within it: a
    distribution that reads parameters only when it is asked for a density would read them thawed.

    Args:
        module: What is held fixed, its parts included.
        function: Computes with the module.
        *inputs: Handed on; gradients pass through them.

    Returns:
        The function's result.

    >>> import torch
    >>> line = nn.Linear(1, 1)
    >>> x = torch.ones(1, requires_grad=True)
    >>> frozen(line, line, x).backward()
    >>> line.weight.grad is None, bool(x.grad == line.weight)
    (True, True)
    """
    held = {f"module.{name}": parameter.detach() for name, parameter in module.named_parameters()}
    return cast(Result, functional_call(_Call(module, function), held, inputs))
