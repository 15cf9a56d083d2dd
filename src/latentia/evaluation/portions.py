"""How much of an evaluation is in memory at a time."""

from __future__ import annotations

import math
from dataclasses import dataclass

from latentia.data_model import DataModel
from latentia.errors import ConfigurationError
from latentia.evaluation.blocks import READ

ROWS = 2048
"""Decoded rows in memory at a time, at most."""
NUMBERS = 2**25
"""Numbers that the decoder gives for them, at most: a categorical likelihood has 256 for each pixel."""
SAMPLES = 512
"""Importance samples in memory at a time for each row."""


@dataclass(frozen=True, slots=True)
class Portions:
    """What is in memory at once.

    Attributes:
        rows: Rows of x whose noise is drawn together; the caller's batch size has no part in it.
        samples: Importance samples of each at a time.
        decoded: Rows of x that are decoded together, with all those samples; at most `rows`.
    """

    rows: int
    samples: int
    decoded: int


def portions(model: DataModel, num_samples: int, batch_size: int | None = None) -> Portions:
    """Divide an evaluation so that its memory does not grow with K.

    Args:
        model: The model.
        num_samples: K.
        batch_size: Rows decoded at a time, at most, where they are to be fewer.

    Returns:
        Rows and samples at a time.

    Raises:
        ConfigurationError: K or the batch size below one.
    """
    if num_samples < 1:
        raise ConfigurationError(f"num_samples is {num_samples}; the importance estimate needs at least 1")
    if batch_size is not None and batch_size < 1:
        raise ConfigurationError(f"batch_size is {batch_size}; it must be at least 1")
    head = getattr(model.vae.likelihood, "head", None)
    numbers = math.prod(getattr(head, "parameter_shape", model.spec.shape))
    decoded = max(1, min(ROWS, NUMBERS // numbers))
    samples = min(num_samples, SAMPLES, decoded)
    rows = min(decoded // samples, READ)
    return Portions(rows, samples, min(rows, batch_size or rows))
