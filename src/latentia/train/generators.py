"""torch's global generators: seeded for a run, saved with it, and given back as they were.

Distributions draw from the global generators and take no other, so a run borrows them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor


def states(device: torch.device) -> dict[str, Tensor]:
    """The states of the generators that a run on this device draws from, each a uint8 tensor on the CPU."""
    found = {"rng/cpu": torch.get_rng_state()}
    if device.type == "cuda":
        found["rng/cuda"] = torch.cuda.get_rng_state(device)
    elif device.type == "mps":
        found["rng/mps"] = torch.mps.get_rng_state()
    return found


def restore(found: Mapping[str, Tensor], device: torch.device) -> None:
    """Puts the generators into saved states; states of devices that are not in use are left out."""
    torch.set_rng_state(found["rng/cpu"])
    if device.type == "cuda" and "rng/cuda" in found:
        torch.cuda.set_rng_state(found["rng/cuda"], device)
    elif device.type == "mps" and "rng/mps" in found:
        torch.mps.set_rng_state(found["rng/mps"])


def seed(value: int, device: torch.device) -> None:
    """Seeds the generators of the CPU and of this device alone: `torch.manual_seed` would reach every device."""
    torch.default_generator.manual_seed(value)
    if device.type == "cuda":
        with torch.cuda.device(device):
            torch.cuda.manual_seed(value)
    elif device.type == "mps":
        torch.mps.manual_seed(value)


@contextmanager
def borrowed(device: torch.device) -> Iterator[None]:
    """A scope after which the generators stand where they stood before it, whatever was drawn."""
    before = states(device)
    try:
        yield
    finally:
        restore(before, device)
