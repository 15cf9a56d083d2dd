"""A mutant is a deliberately wrong variant that an oracle must reject; otherwise the oracle asserts nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest


@contextmanager
def killed() -> Iterator[None]:
    """The body is an oracle run on a mutant: it must fail."""
    with pytest.raises(AssertionError):
        yield


def z_score(estimates: object, truth: float) -> float:
    """How many standard errors the mean of `estimates` (a 1-D tensor) lies from the truth."""
    import torch

    values = torch.as_tensor(estimates, dtype=torch.float64)
    return float((values.mean() - truth) / (values.std() / len(values) ** 0.5))


Oracle = Callable[..., None]
