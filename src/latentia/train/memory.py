"""Running out of memory, told as what to do about it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from latentia.errors import ConfigurationError
from latentia.train.plan import Plan

_PHRASES = ("can't allocate memory", "not enough memory", "out of memory")


@contextmanager
def explained(plan: Plan) -> Iterator[None]:
    """A scope in which running out of memory, on any device, becomes an error that names a batch size that may fit.

    Raises:
        ConfigurationError: Memory ran out.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        # torch has an error of its own for accelerators (a RuntimeError) and a phrase for the CPU.
        short = isinstance(error, MemoryError | torch.OutOfMemoryError)
        if not short and not any(phrase in str(error).lower() for phrase in _PHRASES):
            raise
        raise ConfigurationError(_advice(plan)) from error


def _advice(plan: Plan) -> str:
    if plan.batch_size == 1:
        return "out of memory with batch_size=1: choose a smaller model, or a device with more memory"
    return (
        f"out of memory with batch_size={plan.batch_size}: try batch_size={plan.batch_size // 2} with "
        f"accumulate={plan.accumulate * 2}, whose optimiser steps see as many examples, or a smaller model"
    )
