r"""Evidence bounds: pure functions of a trace, one number for each x, in nats.

Each is a lower bound of log p(x) in expectation, unless it says otherwise. beta, free bits and annealing belong to
objectives and give no bounds.
"""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from latentia.bounds.elbo import divergence, elbo, reconstruction
from latentia.bounds.importance import ciwae, iwae, miwae, renyi
from latentia.bounds.log_weights import in_groups, power_mean
from latentia.bounds.units import bits_per_dim
from latentia.latents import Trace

Bound = Callable[[Trace], Tensor]

__all__ = [
    "Bound",
    "bits_per_dim",
    "ciwae",
    "divergence",
    "elbo",
    "in_groups",
    "iwae",
    "miwae",
    "power_mean",
    "reconstruction",
    "renyi",
]
